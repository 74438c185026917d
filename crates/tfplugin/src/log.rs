//! Log lines in the form that the core reads from a provider's stderr.
//!
//! It is hclog's JSON. The form is strict for a reason: a line whose `@message` or `@level` is not a string makes the
//! core panic, a timestamp with another number of digits makes it log the raw line, and a line over 64 KiB is split.
//! Never log a value that may be a secret, at any level: the core writes these lines to files.

use std::io::Write as _;
use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The longest line, below the 64 KiB at which the core splits one.
const LINE_BYTES_MAX: usize = 60 * 1024;
/// The longest message in a line that was too long.
const MESSAGE_CHARS_MAX: usize = 4 * 1024;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Every step.
    Trace,
    /// What a developer looks for.
    Debug,
    /// What an operator may want to know.
    Info,
    /// Something is not as it should be and work goes on.
    Warn,
    /// Something failed.
    Error,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Logs a failure.
pub fn error(message: &str, fields: &[(&str, Value)]) {
    write(Level::Error, message, fields);
}

/// Logs something that is not as it should be.
pub fn warn(message: &str, fields: &[(&str, Value)]) {
    write(Level::Warn, message, fields);
}

/// Logs something that an operator may want to know.
pub fn info(message: &str, fields: &[(&str, Value)]) {
    write(Level::Info, message, fields);
}

/// Logs something that a developer looks for.
pub fn debug(message: &str, fields: &[(&str, Value)]) {
    write(Level::Debug, message, fields);
}

/// Logs a step.
pub fn trace(message: &str, fields: &[(&str, Value)]) {
    write(Level::Trace, message, fields);
}

/// Writes a line if the user asked for lines of this level.
pub fn write(level: Level, message: &str, fields: &[(&str, Value)]) {
    let logger = LOGGER.get_or_init(|| Logger::new("provider"));
    if logger.threshold.is_some_and(|threshold| level >= threshold) {
        let line = line(level, &logger.module, message, fields, Timestamp::now());
        // A core that is gone reads nothing; that must not end an apply.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }
}

/// Names the module in every line and reads the level from the environment. Later calls change nothing.
pub(crate) fn init(module: &str) {
    LOGGER.get_or_init(|| Logger::new(module));
}

static LOGGER: OnceLock<Logger> = OnceLock::new();

struct Logger {
    module: String,
    /// `None` is silence.
    threshold: Option<Level>,
}

impl Logger {
    fn new(module: &str) -> Self {
        let threshold = threshold(module, |key| std::env::var(key).ok());
        Self {
            module: module.to_owned(),
            threshold,
        }
    }
}

/// The lowest level that is written: the most specific variable decides.
fn threshold(module: &str, variable: impl Fn(&str) -> Option<String>) -> Option<Level> {
    let specific = format!("TF_LOG_PROVIDER_{}", module.to_uppercase().replace('-', "_"));
    let wanted = [specific.as_str(), "TF_LOG_PROVIDER", "TF_LOG"]
        .into_iter()
        .filter_map(variable)
        .find(|value| !value.is_empty());
    match wanted.unwrap_or_default().to_uppercase().as_str() {
        "OFF" => None,
        "" | "ERROR" => Some(Level::Error),
        "WARN" => Some(Level::Warn),
        "INFO" => Some(Level::Info),
        "DEBUG" => Some(Level::Debug),
        // `TRACE`, `JSON`, and whatever the core takes for `TRACE` too.
        _ => Some(Level::Trace),
    }
}

fn line(level: Level, module: &str, message: &str, fields: &[(&str, Value)], now: Timestamp) -> String {
    let mut entry = Map::new();
    // Fields first: none of them can replace what the core relies on.
    for (key, value) in fields {
        entry.insert((*key).to_owned(), value.clone());
    }
    entry.insert("@level".to_owned(), level.name().into());
    entry.insert("@message".to_owned(), message.into());
    entry.insert("@module".to_owned(), module.into());
    entry.insert("@timestamp".to_owned(), format!("{now:.6}").into());
    let text = Value::Object(entry).to_string();
    if text.len() < LINE_BYTES_MAX {
        return text + "\n";
    }
    let short: String = message.chars().take(MESSAGE_CHARS_MAX).collect();
    line(level, module, &short, &[("truncated_bytes", text.len().into())], now)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(message: &str, fields: &[(&str, Value)]) -> Value {
        let now: Timestamp = "2026-01-02T15:04:05Z".parse().unwrap();
        let line = line(Level::Warn, "nhi", message, fields, now);
        assert!(line.ends_with('\n') && line.matches('\n').count() == 1 && line.len() < 64 * 1024);
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn a_line_is_what_the_core_parses() {
        let line = parsed(
            "two\nlines and \"quotes\"",
            &[("count", json!(3)), ("@level", json!(7)), ("@message", json!({}))],
        );
        assert_eq!(
            line,
            json!({
                "@level": "warn",
                "@message": "two\nlines and \"quotes\"",
                "@module": "nhi",
                "@timestamp": "2026-01-02T15:04:05.000000Z",
                "count": 3,
            })
        );
    }

    #[test]
    fn a_long_line_is_cut() {
        for message in ["x".repeat(1 << 20), "\u{1}".repeat(1 << 20), "😀".repeat(1 << 18)] {
            let line = parsed(&message, &[]);
            assert!(message.starts_with(line["@message"].as_str().unwrap()));
            assert!(line["truncated_bytes"].as_u64().unwrap() > 1 << 20);
        }
        let line = parsed("short", &[("field", "y".repeat(1 << 20).into())]);
        assert_eq!((&line["@message"], &line["field"]), (&json!("short"), &Value::Null));
    }

    #[test]
    fn the_most_specific_variable_decides() {
        type Variables = [(&'static str, &'static str)];
        let cases: [(&Variables, Option<Level>); 9] = [
            (&[], Some(Level::Error)),
            (&[("TF_LOG", "")], Some(Level::Error)),
            (&[("TF_LOG", "debug")], Some(Level::Debug)),
            (&[("TF_LOG", "JSON")], Some(Level::Trace)),
            (&[("TF_LOG", "nonsense")], Some(Level::Trace)),
            (&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "OFF")], None),
            (&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "")], Some(Level::Trace)),
            (
                &[("TF_LOG_PROVIDER", "ERROR"), ("TF_LOG_PROVIDER_MY_NAME", "INFO")],
                Some(Level::Info),
            ),
            (&[("TF_LOG_PROVIDER_OTHER", "INFO")], Some(Level::Error)),
        ];
        for (variables, level) in cases {
            let found = threshold("my-name", |key| {
                variables
                    .iter()
                    .find(|(name, _)| *name == key)
                    .map(|(_, value)| (*value).to_owned())
            });
            assert_eq!(found, level, "{variables:?}");
        }
    }
}
