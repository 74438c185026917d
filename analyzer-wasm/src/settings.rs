//! What an operator may set.
//!
//! An unknown key is refused: a setting that is silently ignored is a rule that silently does not run.

use nhi_plan::json::{self, Kind};

/// The settings of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Settings {
    /// Tell who can become whom, edge by edge.
    pub(crate) graph: bool,
}

/// JSON Schema of the settings.
pub(crate) const SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "graph": {
      "type": "boolean",
      "default": false,
      "description": "tell who can become whom, as one identity-edge finding for each edge"
    }
  }
}"#;

impl Settings {
    /// Reads JSON text; empty text is no settings. The errors are messages for the operator.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut settings = Self::default();
        if text.trim().is_empty() {
            return Ok(settings);
        }
        let document = json::parse(text).map_err(|error| vec![format!("the settings are not JSON: {error}")])?;
        let root = document.root();
        if root.kind() != Kind::Object {
            return Err(vec![String::from("the settings are not an object")]);
        }
        let mut errors = Vec::new();
        for (key, value) in root.members() {
            match (key.as_ref(), value.as_bool()) {
                ("graph", Some(graph)) => settings.graph = graph,
                ("graph", None) => errors.push(String::from("`graph` is `true` or `false`")),
                (other, _) => errors.push(format!("`{other}` is not a setting: there is only `graph`")),
            }
        }
        if errors.is_empty() { Ok(settings) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_and_what_is_refused() {
        let graph = |graph| Ok(Settings { graph });
        assert_eq!(Settings::parse(""), graph(false));
        assert_eq!(Settings::parse("{}"), graph(false));
        assert_eq!(Settings::parse(r#"{"graph": true}"#), graph(true));
        for text in [
            "[]",
            "{",
            r#"{"graph": 1}"#,
            r#"{"graf": true}"#,
            r#"{"graph": true, "more": 1}"#,
        ] {
            assert!(Settings::parse(text).is_err(), "{text}");
        }
        let schema = json::parse(SCHEMA).expect("the schema is JSON");
        assert!(
            schema
                .root()
                .get("properties")
                .and_then(|all| all.get("graph"))
                .is_some()
        );
    }
}
