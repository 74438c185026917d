//! The purpose: the task that justifies the access.

use serde::{Deserialize, Serialize};

use crate::code::{PURPOSE, Problem};
use crate::text::{is_token, quote, unprintable};

/// The longest summary or task, in characters.
const PROSE_CHARS_MAX: usize = 300;
/// The shortest summary or task that can say anything, in characters.
const PROSE_CHARS_MIN: usize = 8;
/// The longest ticket, in bytes.
const TICKET_BYTES_MAX: usize = 300;
/// What people write when they have nothing to say.
const PLACEHOLDERS: [&str; 12] = [
    "todo",
    "tbd",
    "fixme",
    "n/a",
    "none",
    "unknown",
    "test",
    "temp",
    "temporary",
    "placeholder",
    "changeme",
    "lorem ipsum",
];

/// Why an identity exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    summary: String,
    task: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
}

impl Purpose {
    pub(crate) fn new(summary: String, task: String, ticket: Option<String>) -> Self {
        Self { summary, task, ticket }
    }

    /// What the identity is for, in a sentence.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// The task that needs the access.
    pub fn task(&self) -> &str {
        &self.task
    }

    /// Where the task is tracked.
    pub fn ticket(&self) -> Option<&str> {
        self.ticket.as_deref()
    }

    /// Refuses a summary or task that is too short, too long, a placeholder, or not printable.
    pub(crate) fn prose(text: &str) -> Result<String, Problem> {
        let refuse = |message: String| {
            let help = format!(
                "Write a sentence of {PROSE_CHARS_MIN} to {PROSE_CHARS_MAX} characters that a reviewer can compare the access with, for example \"Deploys the payments service\"."
            );
            Err(Problem::new(&PURPOSE, message, help))
        };
        if let Some(c) = unprintable(text) {
            return refuse(format!(
                "{} holds the unprintable character U+{:04X}",
                quote(text),
                u32::from(c)
            ));
        }
        let words = text.trim().to_lowercase();
        let words = words.trim_end_matches(['.', '!', '?', '…', ' ', '-']);
        let letters = words.chars().filter(|c| c.is_alphanumeric()).count();
        if PLACEHOLDERS.contains(&words) || letters < PROSE_CHARS_MIN {
            return refuse(format!("{} says too little", quote(text)));
        }
        if text.chars().count() > PROSE_CHARS_MAX {
            return refuse(format!("{} is longer than {PROSE_CHARS_MAX} characters", quote(text)));
        }
        Ok(text.to_owned())
    }

    /// Refuses a ticket that is not a key or an address.
    pub(crate) fn parse_ticket(text: &str) -> Result<String, Problem> {
        if !is_token(text, TICKET_BYTES_MAX) {
            let message = format!("{} is not a ticket", quote(text));
            return Err(Problem::new(
                &PURPOSE,
                message,
                "Write a ticket's key or address without spaces, for example `OPS-123`, or leave the attribute out.",
            ));
        }
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Purpose;

    #[test]
    fn prose() {
        for good in [
            "Deploys the payments service",
            "Rotates keys",
            "Größenprüfung im Lager",
            "デプロイ用のパイプライン",
        ] {
            assert_eq!(Purpose::prose(good).unwrap(), good);
        }
        for bad in [
            "",
            " ",
            "TODO",
            "tbd.",
            "n/a",
            "x",
            "--------------",
            "temporary",
            "Deploys\nthe service",
            "Deploys \u{202e} the service",
        ] {
            assert_eq!(Purpose::prose(bad).unwrap_err().code.id, "NHI-PURPOSE", "{bad:?}");
        }
        assert!(Purpose::prose(&"word ".repeat(80)).is_err());
    }
}
