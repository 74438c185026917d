//! An identity as it is shown: computed at the moment of the question.

use anstyle::Style;
use nhi_governance::{
    Context, Declaration, Identity, Policy, RecordId, RiskTier, ScoreItem, SpiffeId, Standing, Status, Timestamp,
};
use serde::Serialize;

use crate::output::{GREEN, PLAIN, RED, YELLOW};

/// What programs get. Members are only ever added.
#[derive(Debug, Serialize)]
pub(super) struct View<'a> {
    id: RecordId,
    spiffe_id: &'a SpiffeId,
    status: Status,
    status_reason: String,
    risk_tier: RiskTier,
    risk_score: u32,
    risk_items: Vec<ScoreItem>,
    approvals: String,
    #[serde(flatten)]
    declaration: &'a Declaration,
    created_at: Timestamp,
    issued_at: Timestamp,
    expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
    review_due_at: Option<Timestamp>,
    rotated_at: Option<Timestamp>,
    rotation_due_at: Option<Timestamp>,
    rotations: u32,
    last_used_at: Option<Timestamp>,
    revision: u64,
    confirmed: bool,
}

/// An identity on record with all that it is judged by.
#[derive(Debug)]
pub(super) struct OnRecord {
    pub(super) identity: Identity,
    pub(super) context: Context,
    pub(super) now: Timestamp,
}

impl OnRecord {
    pub(super) fn standing(&self) -> Standing {
        self.identity.standing(self.now, &self.context)
    }

    pub(super) fn status(&self) -> Status {
        self.identity.status(self.now, &self.context)
    }
}

impl<'a> View<'a> {
    pub(super) fn of(policy: &Policy, on_record: &'a OnRecord) -> Self {
        let identity = &on_record.identity;
        let standing = on_record.standing();
        let assessment = identity.assess(policy);
        Self {
            id: identity.id(),
            spiffe_id: identity.spiffe_id(),
            status: standing.status,
            status_reason: standing.reason,
            risk_tier: assessment.tier,
            risk_score: assessment.score,
            risk_items: assessment.items,
            approvals: policy.approvals(assessment.tier).to_string(),
            declaration: identity.declaration(),
            created_at: identity.created_at(),
            issued_at: identity.issued_at(),
            expires_at: identity.expires_at(),
            revoked_at: identity.revoked_at(),
            review_due_at: identity.review_due_at(),
            rotated_at: identity.rotated_at(),
            rotation_due_at: identity.rotation_due_at(),
            rotations: identity.rotations(),
            last_used_at: identity.last_used_at(),
            revision: identity.revision(),
            confirmed: identity.is_confirmed(),
        }
    }
}

/// The colour of a status.
pub(super) fn style(status: Status) -> Style {
    match status {
        Status::Active => GREEN,
        Status::Expiring => YELLOW,
        Status::Expired | Status::Suspended | Status::Unmanaged | Status::Quarantined => RED,
        Status::Revoked | Status::Offboarded => PLAIN,
    }
}

/// How long it is good for: `29d 23h`; `-` when it is over.
pub(super) fn expires_in(on_record: &OnRecord) -> String {
    if !on_record.status().is_usable() {
        return "-".to_owned();
    }
    span(on_record.identity.expires_at().seconds_since(on_record.now))
}

/// A span in its two largest units.
fn span(seconds: i64) -> String {
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let largest = parts
        .iter()
        .position(|(count, _)| *count > 0)
        .unwrap_or(parts.len() - 1);
    let shown: Vec<_> = parts
        .iter()
        .skip(largest)
        .take(2)
        .enumerate()
        .filter(|(position, (count, _))| *position == 0 || *count > 0)
        .map(|(_, (count, unit))| format!("{count}{unit}"))
        .collect();
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans() {
        let cases = [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (61, "1m 1s"),
            (3600, "1h"),
            (3601, "1h"),
            (5400, "1h 30m"),
            (86_399, "23h 59m"),
            (86_400, "1d"),
            (2_591_999, "29d 23h"),
            (90_000, "1d 1h"),
        ];
        for (seconds, text) in cases {
            assert_eq!(span(seconds), text, "{seconds}");
        }
    }
}
