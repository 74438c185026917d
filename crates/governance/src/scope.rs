//! The scope: the ceiling of what an identity may ever be granted.
//!
//! A pattern that covers everything is no ceiling and is refused, in whatever spelling: `*`, `*:*`, `**`, `arn:aws:*`.
//! Partial wildcards are allowed and raise the score.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::code::{Problem, SCOPE, SCOPE_WILDCARD};
use crate::text::{is_slug, is_token, quote};

/// The most entries of a scope.
pub(crate) const ENTRIES_MAX: usize = 100;
/// The most actions of an entry.
const ACTIONS_MAX: usize = 200;
const BACKEND_BYTES_MAX: usize = 63;
const RESOURCE_BYTES_MAX: usize = 2048;
const ACTION_BYTES_MAX: usize = 256;

/// Some actions on some resource of some backend. The order of the actions is the declared one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeEntry {
    backend: String,
    resource: String,
    actions: Vec<String>,
}

impl ScopeEntry {
    pub(crate) fn new(backend: String, resource: String, actions: Vec<String>) -> Self {
        Self {
            backend,
            resource,
            actions,
        }
    }

    /// The service that holds the resource, for example `aws`.
    pub fn backend(&self) -> &str {
        &self.backend
    }

    /// What may be acted on.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// What may be done.
    pub fn actions(&self) -> &[String] {
        &self.actions
    }

    /// The most that any of the actions does, and which.
    pub fn access(&self) -> Option<(Access, &str)> {
        let judged = self
            .actions
            .iter()
            .map(|action| (Access::of(&self.resource, action), action.as_str()));
        // The first of equals, so that an explanation names the action that a reader sees first.
        judged.reduce(|most, next| if next.0 > most.0 { next } else { most })
    }

    /// Whether the resource is a pattern.
    pub fn has_wildcard_resource(&self) -> bool {
        self.resource.contains(['*', '?'])
    }

    pub(crate) fn parse_backend(text: &str) -> Result<String, Problem> {
        if text.len() > BACKEND_BYTES_MAX || !is_slug(text) {
            let message = format!("{} is not a backend", quote(text));
            return Err(Problem::new(
                &SCOPE,
                message,
                "Write the name of a service in lower case, for example `aws`, `kubernetes` or `postgresql`.",
            ));
        }
        Ok(text.to_owned())
    }

    pub(crate) fn parse_resource(text: &str) -> Result<String, Problem> {
        if !is_token(text, RESOURCE_BYTES_MAX) {
            let message = format!("{} is not a resource", quote(text));
            return Err(Problem::new(
                &SCOPE,
                message,
                "Write the resource as its backend names it, for example an ARN, in printable ASCII without spaces.",
            ));
        }
        if is_bare_wildcard(text) {
            let message = format!("{} covers every resource", quote(text));
            return Err(Problem::new(
                &SCOPE_WILDCARD,
                message,
                "Name the resource, or a pattern under it, for example `arn:aws:s3:::reports/*`.",
            ));
        }
        Ok(text.to_owned())
    }

    pub(crate) fn parse_action(text: &str) -> Result<String, Problem> {
        if !is_token(text, ACTION_BYTES_MAX) {
            let message = format!("{} is not an action", quote(text));
            return Err(Problem::new(
                &SCOPE,
                message,
                "Write the action as its backend names it, for example `s3:GetObject`, in printable ASCII without spaces.",
            ));
        }
        if is_bare_wildcard(text) {
            let message = format!("{} covers every action", quote(text));
            return Err(Problem::new(
                &SCOPE_WILDCARD,
                message,
                "List the actions that the task needs, for example `s3:GetObject`.",
            ));
        }
        Ok(text.to_owned())
    }

    /// Refuses an empty, overlong or repeating list of actions.
    pub(crate) fn check_actions(actions: &[String]) -> Result<(), Problem> {
        if actions.is_empty() {
            return Err(Problem::new(
                &SCOPE,
                "no action is listed",
                "List the actions that the task needs, for example `actions = [\"s3:GetObject\"]`.",
            ));
        }
        if actions.len() > ACTIONS_MAX {
            let message = format!("{} actions are listed", actions.len());
            return Err(Problem::new(
                &SCOPE,
                message,
                format!("List at most {ACTIONS_MAX} actions; split the identity by task."),
            ));
        }
        let mut seen = BTreeSet::new();
        match actions.iter().find(|action| !seen.insert(action.as_str())) {
            Some(action) => Err(Problem::new(
                &SCOPE,
                format!("the action {} is listed twice", quote(action)),
                "List each action once.",
            )),
            None => Ok(()),
        }
    }
}

/// Whether nothing is left of the pattern but wildcards and separators, leaving aside the head of an ARN or URN.
fn is_bare_wildcard(text: &str) -> bool {
    let mut parts = text.splitn(3, ':');
    let names_arn = parts
        .next()
        .is_some_and(|head| head.eq_ignore_ascii_case("arn") || head.eq_ignore_ascii_case("urn"));
    // `arn:*` has a partition only, which names nothing yet.
    let named = if names_arn {
        parts.nth(1).unwrap_or_default()
    } else {
        text
    };
    let is_open = |part: &str| !part.contains(|c: char| c.is_ascii_alphanumeric());
    // `arn:aws:*:eu-west-1:111122223333:*` has a region and an account, and covers everything in them.
    let mut fields = named.splitn(4, ':');
    let covers_account = names_arn && fields.next().is_some_and(is_open) && fields.nth(2).is_some_and(is_open);
    is_open(named) || covers_account
}

#[cfg(test)]
mod tests {
    use super::{ScopeEntry, is_bare_wildcard};

    #[test]
    fn bare_wildcards() {
        for bare in [
            "*",
            "*:*",
            "**",
            "*/*",
            "?*",
            "::",
            ".*",
            "arn:aws:*",
            "arn:*",
            "arn:aws:*:*:*:*",
            "arn:aws:*:eu-west-1:111122223333:*",
            "arn:aws:*:*:111122223333:*/*",
            "ARN:aws-cn:*:*:*:*/*",
            "%",
            "^.*$",
            "urn:x:*",
        ] {
            assert!(is_bare_wildcard(bare), "{bare}");
            assert_eq!(
                ScopeEntry::parse_resource(bare).unwrap_err().code.id,
                "NHI-SCOPE-WILDCARD",
                "{bare}"
            );
            assert_eq!(
                ScopeEntry::parse_action(bare).unwrap_err().code.id,
                "NHI-SCOPE-WILDCARD",
                "{bare}"
            );
        }
        for partial in [
            "s3:*",
            "*:Get*",
            "arn:aws:s3:::*",
            "arn:aws:s3:::reports/*",
            "arn:aws:*:*:111122223333:role/app",
            "arn:aws:sqs:eu-west-1:111122223333:*",
            "projects/*",
            "a*",
            "*a",
        ] {
            assert!(!is_bare_wildcard(partial), "{partial}");
        }
    }

    #[test]
    fn odd_text_is_refused() {
        for bad in ["", " ", "a b", "\u{ff0a}", "a\u{200b}", "s3:Get\nObject", "ünïcode"] {
            assert_eq!(
                ScopeEntry::parse_action(bad).unwrap_err().code.id,
                "NHI-SCOPE",
                "{bad:?}"
            );
            assert_eq!(
                ScopeEntry::parse_resource(bad).unwrap_err().code.id,
                "NHI-SCOPE",
                "{bad:?}"
            );
        }
        for bad in ["", "AWS", "a b", "*"] {
            assert!(ScopeEntry::parse_backend(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn lists_of_actions() {
        let list =
            |actions: &[&str]| ScopeEntry::check_actions(&actions.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert!(list(&["a", "b"]).is_ok());
        assert!(list(&[]).is_err());
        assert!(list(&["a", "b", "a"]).is_err());
        assert!(list(&["a"; 201]).is_err());
    }
}
