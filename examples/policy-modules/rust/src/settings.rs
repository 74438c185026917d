//! What the operator may set: `{"required_tags": ["cost-center"]}`.
//!
//! A setting that is misspelt must not pass as one that was left out, so what is not known is refused.

use std::borrow::Cow;

use nhi_policy_sdk::json::{self, Kind, Value};

/// JSON Schema of the settings.
pub(crate) const SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "required_tags": {
      "description": "Tags that every covered resource must carry with a value. Default: data-classification.",
      "type": "array",
      "minItems": 1,
      "items": { "type": "string", "minLength": 1 }
    }
  }
}"#;

/// Required where the operator names none.
const DEFAULT_TAG: &str = "data-classification";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) required_tags: Vec<String>,
}

impl Settings {
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<String>> {
        let document = json::parse(text).map_err(|error| vec![format!("the settings are not JSON: {error}")])?;
        let root = document.root();
        if root.kind() != Kind::Object {
            return Err(vec![String::from("the settings must be an object")]);
        }
        let mut errors: Vec<String> = root
            .members()
            .filter(|(key, _)| key != "required_tags")
            .map(|(key, _)| format!("`{key}` is not a setting: only `required_tags` is"))
            .collect();
        let required_tags = match root.get("required_tags") {
            Some(list) => tags(list, &mut errors),
            None => vec![DEFAULT_TAG.to_owned()],
        };
        if errors.is_empty() {
            Ok(Self { required_tags })
        } else {
            Err(errors)
        }
    }
}

fn tags(list: Value<'_>, errors: &mut Vec<String>) -> Vec<String> {
    let tags: Vec<String> = list
        .elements()
        .filter_map(|value| value.as_str().filter(|tag| !tag.is_empty()))
        .map(Cow::into_owned)
        .collect();
    if list.kind() != Kind::Array || list.is_empty() || tags.len() != list.len() {
        errors.push(String::from("`required_tags` must be a list of at least one tag name"));
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_are_accepted() {
        let cases: [(&str, &[&str]); 3] = [
            ("{}", &["data-classification"]),
            (r#"{"required_tags":["cost-center"]}"#, &["cost-center"]),
            (r#"{"required_tags":["a","b"]}"#, &["a", "b"]),
        ];
        for (text, tags) in cases {
            assert_eq!(Settings::parse(text).unwrap().required_tags, tags, "`{text}`");
        }
    }

    #[test]
    fn settings_that_are_refused() {
        let cases = [
            ("", "not JSON"),
            ("[]", "must be an object"),
            (r#"{"require_tags":["a"]}"#, "`require_tags` is not a setting"),
            (r#"{"required_tags":[]}"#, "at least one"),
            (r#"{"required_tags":"a"}"#, "at least one"),
            (r#"{"required_tags":["a",1]}"#, "at least one"),
            (r#"{"required_tags":[""]}"#, "at least one"),
        ];
        for (text, wanted) in cases {
            let errors = Settings::parse(text).unwrap_err();
            assert!(
                errors.iter().any(|error| error.contains(wanted)),
                "`{text}`: {errors:?}"
            );
        }
    }

    #[test]
    fn the_schema_is_json() {
        assert!(json::parse(SCHEMA).is_ok());
    }
}
