//! What the provider block says of approvals.

use std::path::PathBuf;

use nhi_governance::Problem;
use nhi_governance::{Digest, Name};
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::value::{AttributePath, Value};

use super::APPROVALS_DEFAULT;
use crate::governed::Approving;

/// The attributes; nothing is said while one of them is unknown.
const ATTRIBUTES: [&str; 5] = [
    "approvals",
    "approvers",
    "approvers_digest",
    "enforcement",
    "organisation",
];

/// Reads the attributes. `None`: not known before apply.
pub(super) fn settings(config: &Value, diagnostics: &mut Diagnostics) -> Option<Approving> {
    if ATTRIBUTES
        .into_iter()
        .any(|name| matches!(config.get(name), Value::Unknown(_)))
    {
        return None;
    }
    let text = |name: &str| config.get(name).as_str();
    let mut refuse = |name: &'static str, summary: String, detail: &str| {
        diagnostics.push(Diagnostic::error(summary, detail).at(AttributePath::of(name)));
    };
    let enforces = match text("enforcement") {
        None | Some("enforce") => true,
        Some("warn") => false,
        Some(other) => {
            let detail = "A change that lacks approvals is refused, or let through by an explicit act. Write `enforce` or \
                          `warn`. (NHI-APPROVAL-MISSING)";
            refuse("enforcement", format!("`{other}` is no enforcement"), detail);
            true
        }
    };
    let organisation = text("organisation")
        .map(Name::parse)
        .transpose()
        .unwrap_or_else(|problem| {
            let detail =
                "Approvals are bound to an organisation. Write a lower-case name such as `example`. (NHI-APPROVERS)";
            refuse("organisation", problem.message, detail);
            None
        });
    let digest = text("approvers_digest")
        .map(Digest::parse)
        .transpose()
        .unwrap_or_else(|error| {
            let detail = "The digest pins who may approve. Write what `nhi approvers show` tells. (NHI-APPROVERS-PIN)";
            refuse("approvers_digest", format!("the pinned digest is {error}"), detail);
            None
        });
    let approvers = match (text("approvers"), digest) {
        (Some(path), Some(digest)) => Some((PathBuf::from(path), digest)),
        (None, None) => None,
        (Some(_), None) => {
            let detail = "A trust root that anybody can replace is none. Write its digest, which `nhi approvers show` \
                          tells, into `approvers_digest`. (NHI-APPROVERS-PIN)";
            if text("approvers_digest").is_none() {
                refuse("approvers", "the trust root is not pinned".to_owned(), detail);
            }
            None
        }
        (None, Some(_)) => {
            let detail = "The digest says which trust root counts. Write its path into `approvers`. (NHI-APPROVERS)";
            refuse("approvers_digest", "there is no trust root to pin".to_owned(), detail);
            None
        }
    };
    Some(Approving {
        organisation,
        approvers,
        directory: text("approvals")
            .filter(|path| !path.is_empty())
            .unwrap_or(APPROVALS_DEFAULT)
            .into(),
        enforces,
    })
}

/// A trust root that does not count is found at plan, before anybody approves by it.
pub(super) fn untrusted(approving: Option<&Approving>) -> Option<Diagnostic> {
    let Problem { code, message, help } = approving?.trust().err()?;
    let detail = format!("{} {help} ({})", code.why, code.id);
    Some(Diagnostic::error(message, detail).at(AttributePath::of("approvers")))
}
