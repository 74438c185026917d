//! What the operator may set: `{"required_tags": ["cost-center"]}`.

use nhi_policy_sdk::settings::NonEmpty;

nhi_policy_sdk::settings! {
    /// What the operator may set.
    pub(crate) struct Settings {
        /// Tags that every covered resource must carry with a value.
        pub(crate) required_tags: NonEmpty<Vec<NonEmpty<String>>> =
            NonEmpty(vec![NonEmpty("data-classification".into())]),
    }
}

#[cfg(test)]
mod tests {
    use nhi_policy_sdk::settings::read;

    use super::*;

    #[test]
    fn settings_that_are_accepted() {
        let cases: [(&str, &[&str]); 3] = [
            ("{}", &["data-classification"]),
            (r#"{"required_tags":["cost-center"]}"#, &["cost-center"]),
            (r#"{"required_tags":["a","b"]}"#, &["a", "b"]),
        ];
        for (text, wanted) in cases {
            let read = read::<Settings>(text).unwrap();
            let tags: Vec<&str> = read.required_tags.iter().map(|tag| tag.as_str()).collect();
            assert_eq!(tags, wanted, "`{text}`");
        }
    }

    #[test]
    fn settings_that_are_refused() {
        let cases = [
            ("", "not JSON"),
            ("[]", "write an object"),
            (r#"{"require_tags":["a"]}"#, "did you mean `required_tags`?"),
            (r#"{"required_tags":[]}"#, "at least one"),
            (r#"{"required_tags":"a"}"#, "`required_tags` is a text: write a list"),
            (r#"{"required_tags":["a",1]}"#, "`required_tags[1]` is a number"),
            (r#"{"required_tags":[""]}"#, "`required_tags[0]` is empty"),
        ];
        for (text, wanted) in cases {
            let errors = read::<Settings>(text).unwrap_err();
            assert!(
                errors.iter().any(|error| error.contains(wanted)),
                "`{text}`: {errors:?}"
            );
        }
    }
}
