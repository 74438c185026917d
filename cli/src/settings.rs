//! Settings of modules from the command line: `NAME=JSON`, or a file with one object per module.
//!
//! The text of each value is handed on as it stands, so that numbers keep their spelling.

use std::collections::BTreeMap;
use std::path::Path;

use nhi_plan::json::{self, Kind};

use crate::builtin;
use crate::exit::Failure;

/// Bytes of a settings file.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What a module gets when nobody said anything.
const NONE: &str = "{}";

/// JSON text per module name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Reads the values of `--module-settings`; the same module twice is an error, not a question of order.
    pub(crate) fn parse(values: &[String]) -> Result<Self, Failure> {
        let mut settings = Self::default();
        for value in values {
            match value.split_once('=') {
                Some((name, text)) if is_name(name) => settings.add(name, text)?,
                _ => settings.add_file(Path::new(value))?,
            }
        }
        Ok(settings)
    }

    /// Whether the built-in analyzer's settings say yes to the identity graph.
    pub(crate) fn asks_for_graph(&self) -> bool {
        let document = json::parse(self.of(builtin::NAME));
        document.is_ok_and(|document| document.root().get("graph").is_some_and(|graph| graph.raw() == "true"))
    }

    /// Asks the built-in analyzer for the identity graph, whatever else its settings say.
    pub(crate) fn ask_for_graph(&mut self) -> Result<(), Failure> {
        const GRAPH: &str = r#""graph": true"#;
        let text = self.of(builtin::NAME);
        let document = json::parse(text).map_err(|error| Failure::usage(error.to_string()))?;
        if document.root().get("graph").is_some() {
            return Ok(());
        }
        let rest = text.trim_start().strip_prefix('{').unwrap_or(text).trim_start();
        let comma = if rest.starts_with('}') { "" } else { ", " };
        let text = format!("{{{GRAPH}{comma}{rest}");
        self.0.insert(builtin::NAME.to_owned(), text);
        Ok(())
    }

    /// The settings of a module, as JSON text.
    pub(crate) fn of(&self, module: &str) -> &str {
        self.0.get(module).map_or(NONE, String::as_str)
    }

    /// Names that no module answers to.
    pub(crate) fn unknown(&self, known: impl Fn(&str) -> bool) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(move |name| !known(name))
    }

    fn add(&mut self, name: &str, text: &str) -> Result<(), Failure> {
        let document = json::parse(text).map_err(|error| {
            Failure::usage(format!("the settings of `{name}` are not JSON: {error}"))
                .help("write an object, for example `--module-settings 'team={\"tags\": [\"owner\"]}'`")
        })?;
        if document.root().kind() != Kind::Object {
            return Err(Failure::usage(format!(
                "the settings of `{name}` are not a JSON object"
            )));
        }
        let earlier = self.0.insert(name.to_owned(), text.to_owned());
        earlier.map_or(Ok(()), |_| {
            Err(Failure::usage(format!("the settings of `{name}` are given twice")))
        })
    }

    fn add_file(&mut self, path: &Path) -> Result<(), Failure> {
        let shown = path.display();
        let unreadable = |error: std::io::Error| {
            Failure::usage(format!("the settings file `{shown}` cannot be read: {error}"))
                .help("write `--module-settings FILE` or `--module-settings 'NAME={…}'`")
        };
        if path.metadata().map_err(unreadable)?.len() > FILE_BYTES_MAX {
            return Err(Failure::usage(format!(
                "the settings file `{shown}` has more than {FILE_BYTES_MAX} bytes"
            )));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let document = json::parse(&text)
            .map_err(|error| Failure::usage(format!("the settings file `{shown}` is not JSON: {error}")))?;
        if document.root().kind() != Kind::Object {
            return Err(
                Failure::usage(format!("the settings file `{shown}` is not a JSON object"))
                    .help("write one member per module: `{\"team\": {…}}`"),
            );
        }
        document
            .root()
            .members()
            .try_for_each(|(name, value)| self.add(&name, value.raw()))
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(values: &[&str]) -> Result<Settings, String> {
        let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        Settings::parse(&values).map_err(|failure| failure.message)
    }

    #[test]
    fn values_and_files() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), r#"{"team": {"limit": 1e400}, "other": {}}"#).unwrap();
        let path = file.path().to_str().unwrap();
        let settings = parse(&["third={\"a\":1}", path]).unwrap();
        assert_eq!(settings.of("team"), r#"{"limit": 1e400}"#);
        assert_eq!(settings.of("third"), r#"{"a":1}"#);
        assert_eq!(settings.of("nobody"), "{}");
        assert_eq!(
            settings.unknown(|name| name == "team").collect::<Vec<_>>(),
            ["other", "third"]
        );
    }

    #[test]
    fn the_graph_is_asked_for_beside_other_settings() {
        for (given, wanted) in [
            (None, r#"{"graph": true}"#),
            (Some(r#"{"a":1}"#), r#"{"graph": true, "a":1}"#),
            (Some(r#"{"graph":false}"#), r#"{"graph":false}"#),
        ] {
            let values: Vec<String> = given
                .map(|text| format!("{}={text}", builtin::NAME))
                .into_iter()
                .collect();
            let mut settings = Settings::parse(&values).unwrap();
            settings.ask_for_graph().unwrap();
            assert_eq!(settings.of(builtin::NAME), wanted);
        }
    }

    #[test]
    fn mistakes_are_usage_errors() {
        let cases: &[(&[&str], &str)] = &[
            (&["team=[1]"], "the settings of `team` are not a JSON object"),
            (&["team={\"a\":1,\"a\":2}"], "the settings of `team` are not JSON"),
            (&["team={}", "team={}"], "the settings of `team` are given twice"),
            (
                &["no/such/file.json"],
                "the settings file `no/such/file.json` cannot be read",
            ),
            (&["team="], "the settings of `team` are not JSON"),
        ];
        for (values, message) in cases {
            let error = parse(values).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
