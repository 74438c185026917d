//! What lasts too long, and what nothing rotates.

use std::collections::BTreeSet;

use nhi_plan::Severity;
use nhi_plan::json::Value;

use super::lifetime::{self, End};
use crate::facts::Block;

/// Entries of each kind that are kept; more of them say nothing new.
const ENTRIES_MAX: usize = 5_000;

/// A credential whose end is too far away.
#[derive(Debug)]
pub(crate) struct Lasting {
    pub(crate) address: String,
    pub(crate) path: &'static str,
    pub(crate) noun: &'static str,
    pub(crate) end: End,
    pub(crate) days_max: i64,
    pub(crate) severity: Severity,
}

/// A secret that something should rotate.
#[derive(Debug)]
pub(crate) struct Still {
    pub(crate) address: String,
    config_address: String,
    /// Its id, where that is known.
    id: Option<String>,
    pub(crate) noun: &'static str,
    pub(crate) severity: Severity,
    pub(crate) instead: &'static str,
}

/// Ends and rotations of one plan.
#[derive(Debug, Default)]
pub(crate) struct Rotation {
    pub(crate) lasting: Vec<Lasting>,
    still: Vec<Still>,
    /// Configuration addresses and ids of what is rotated.
    rotated: BTreeSet<String>,
}

impl Rotation {
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        if self.still.len() + self.lasting.len() >= ENTRIES_MAX {
            return;
        }
        self.last(block);
        if block.is_managed("aws_secretsmanager_secret_rotation") {
            self.rotated.extend(block.references("secret_id"));
            self.rotated.extend(block.string("secret_id"));
        } else if block.is_managed("aws_secretsmanager_secret") {
            self.stand(
                block,
                "secret",
                Severity::Info,
                "rotate it with an `aws_secretsmanager_secret_rotation`",
            );
        } else if block.is_managed("google_secret_manager_secret") {
            if !["rotation", "ttl", "expire_time"]
                .iter()
                .any(|name| is_set(block, name))
            {
                self.stand(
                    block,
                    "secret",
                    Severity::Info,
                    "add a `rotation` block and rotate it when it says so",
                );
            }
        } else if block.is_managed("google_service_account_key") && !is_set(block, "keepers") {
            let instead =
                "let a `time_rotating` resource among its `keepers` replace it, or use workload identity federation";
            self.stand(block, "service account key", Severity::Medium, instead);
        }
    }

    fn last(&mut self, block: &Block<'_>) {
        let Some(credential) = lifetime::credential(block).filter(|credential| credential.can_end()) else {
            return;
        };
        let end = credential.end(block);
        let Some(days_max) = credential
            .days_max
            .filter(|_| credential.is_too_long(end) || end == End::Unknown)
        else {
            return;
        };
        let severity = if credential.severity == Some(Severity::High) {
            Severity::Medium
        } else {
            Severity::Low
        };
        self.lasting.push(Lasting {
            address: block.change.address.to_string(),
            path: credential.attribute(),
            noun: credential.noun,
            end,
            days_max,
            severity,
        });
    }

    fn stand(&mut self, block: &Block<'_>, noun: &'static str, severity: Severity, instead: &'static str) {
        self.still.push(Still {
            address: block.change.address.to_string(),
            config_address: block.change.config_address.to_string(),
            id: block.string("id"),
            noun,
            severity,
            instead,
        });
    }

    /// What nothing rotates.
    pub(crate) fn unrotated(&self) -> impl Iterator<Item = &Still> {
        self.still.iter().filter(|still| {
            let by_id = still.id.as_ref().is_some_and(|id| self.rotated.contains(id));
            !by_id && !self.rotated.contains(&still.config_address)
        })
    }
}

/// Whether an attribute or block says something, now or after the apply.
fn is_set(block: &Block<'_>, name: &str) -> bool {
    let planned = block.after().and_then(|after| after.get(name));
    let says = |value: Value<'_>| {
        value
            .as_str()
            .map_or_else(|| !value.is_empty(), |text| !text.is_empty())
    };
    planned.is_some_and(says)
        || block.change.unknown_paths.iter().any(|path| {
            path.strip_prefix(name).is_some_and(|rest| {
                rest.starts_with(['.', '[']) || rest.is_empty() && !block.references(name).is_empty()
            })
        })
}
