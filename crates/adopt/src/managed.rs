//! Which identities on record a state manages: the ids of every `nhi_identity` in it.

use std::collections::BTreeSet;

use nhi_plan::error::code;
use nhi_plan::{Limits, ReadError, json};

use crate::source::{self, Form};

/// The resource type that governs an identity.
const TYPE: &str = "nhi_identity";

/// Finds the ids of the identities that a state manages, as [`nhi_plan::decode`] hands out its text.
///
/// A plan is refused, because it says what there will be. So is a state with an identity whose id it does not tell: what
/// is not in the answer counts as managed by nobody.
pub fn managed(text: &str, limits: &Limits) -> Result<BTreeSet<String>, ReadError> {
    let source = source::read(text, limits, &|name| name == TYPE)?;
    if source.form == Form::Plan {
        let help = "pass a state: what `tofu state pull` or `terraform state pull` writes";
        return Err(refused("this is a plan, and no state".to_owned(), help));
    }
    let mut ids = BTreeSet::new();
    for resource in &source.resources {
        let document = json::parse(resource.values).ok();
        let id = document
            .as_ref()
            .and_then(|document| document.root().get("id")?.as_str().map(std::borrow::Cow::into_owned));
        let Some(id) = id.filter(|id| !id.is_empty()) else {
            let message = format!("the state does not tell the id of `{}`", resource.address);
            return Err(refused(message, "apply or refresh it first"));
        };
        ids.insert(id);
    }
    Ok(ids)
}

#[cold]
fn refused(message: String, help: &'static str) -> ReadError {
    ReadError {
        code: code::FORMAT,
        offset: 0,
        message: message.into(),
        help: help.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::managed;

    fn ids(text: &str) -> Result<Vec<String>, String> {
        managed(text, &nhi_plan::Limits::default())
            .map(|ids| ids.into_iter().collect())
            .map_err(|error| error.message.into_owned())
    }

    #[test]
    fn states() {
        let file = |resources: &str| format!(r#"{{"version":4,"resources":[{resources}]}}"#);
        let identity = |mode: &str, instances: &str| {
            format!(r#"{{"mode":"{mode}","type":"nhi_identity","name":"a","instances":[{instances}]}}"#)
        };
        let one = r#"{"attributes":{"id":"01A","name":"x"}}"#;
        for (text, expected) in [
            (file(""), vec![]),
            (file(&identity("managed", one)), vec!["01A"]),
            (file(&identity("data", one)), vec![]),
            (
                file(&identity(
                    "managed",
                    r#"{"index_key":"b","attributes":{"id":"01B"}},{"index_key":"a","attributes":{"id":"01A"}}"#,
                )),
                vec!["01A", "01B"],
            ),
            (
                file(r#"{"mode":"managed","type":"nhi_team","name":"a","instances":[{"attributes":{"id":"01T"}}]}"#),
                vec![],
            ),
            (
                r#"{"format_version":"1.0","values":{"root_module":{"child_modules":[{"resources":[{"address":"module.m.nhi_identity.a",
                   "mode":"managed","type":"nhi_identity","name":"a","values":{"id":"01C"}}]}]}}}"#
                    .to_owned(),
                vec!["01C"],
            ),
        ] {
            assert_eq!(ids(&text), Ok(expected.into_iter().map(str::to_owned).collect()), "{text}");
        }
    }

    #[test]
    fn what_does_not_tell_is_refused() {
        for (text, said) in [
            ("", "empty"),
            ("[]", ""),
            (r#"{"version":4}"#, "no `resources`"),
            (
                r#"{"format_version":"1.2","planned_values":{"root_module":{}}}"#,
                "a plan",
            ),
            (
                r#"{"version":4,"resources":[{"mode":"managed","type":"nhi_identity","name":"a","instances":[{"attributes":{}}]}]}"#,
                "the id of `nhi_identity.a`",
            ),
            (
                r#"{"version":4,"resources":[{"mode":"managed","type":"nhi_identity","name":"a","instances":[{"attributes":null}]}]}"#,
                "the id of",
            ),
        ] {
            let refused = ids(text).unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
