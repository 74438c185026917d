//! The rounds of a review: opened by its cadence, answered by its reviewers, closed when they are due.

use std::collections::BTreeMap;

use serde_json::json;

use super::{AccessReview, AccessReviewState, Decision, Item, OnNoResponse};
use crate::canonical::{Digest, canonical_json};
use crate::code::{Problem, REVIEW};
use crate::id::RecordId;
use crate::identity::Identity;
use crate::record::{Act, Record as _, Transition, may_be, same_person};
use crate::registered::{KindStanding, Registered};
use crate::text::quote;
use crate::tier::RiskTier;
use crate::time::Timestamp;

/// The most identities of a review; a wider one is split by its selector.
const ITEMS_MAX: usize = 10_000;

/// What a round that was closed asks to be done, in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Closing {
    /// To be noted as reviewed.
    pub kept: Vec<RecordId>,
    /// To be suspended.
    pub suspended: Vec<RecordId>,
    /// To be revoked.
    pub revoked: Vec<RecordId>,
}

impl Registered<AccessReview> {
    /// A new review; its first round is due at once.
    pub fn create(id: RecordId, review: AccessReview, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        Self::declare(id, review, AccessReviewState::default(), act)
    }

    /// Changes what is declared; a round that is open goes on as it was opened.
    pub fn update(&self, review: AccessReview, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        self.change(review, self.state().clone(), act)
    }

    /// When the next round has to be opened; none while one is open.
    pub fn opens_at(&self) -> Option<Timestamp> {
        if self.state().due_at.is_some() {
            return None;
        }
        let last = self.state().opened_at;
        Some(last.map_or(self.created_at(), |last| last.plus(&self.declaration().cadence)))
    }

    /// Opens a round over these identities, each with its tier; the selector picks.
    pub fn open<'a>(
        &self,
        identities: impl IntoIterator<Item = (&'a Identity, RiskTier)>,
        act: &Act<'_>,
    ) -> Result<Transition<Self>, Problem> {
        if self.opens_at().is_none_or(|opens_at| opens_at > act.now) {
            return Ok(Transition::unchanged(self));
        }
        let selector = &self.declaration().selector;
        let selected = identities
            .into_iter()
            .filter(|(identity, tier)| selector.selects(identity, *tier));
        let items: BTreeMap<_, _> = selected
            .map(|(identity, _)| {
                let item = Item {
                    requested_by: identity.requested_by().map(str::to_owned),
                    ..Item::default()
                };
                (identity.id(), item)
            })
            .collect();
        if items.len() > ITEMS_MAX {
            let message = format!("the review would have {} identities", items.len());
            return Err(Problem::new(
                &REVIEW,
                message,
                format!("Narrow its selector to {ITEMS_MAX}."),
            ));
        }
        let told = json!({ "items": items.keys().collect::<Vec<_>>() });
        let state = AccessReviewState {
            opened_at: Some(act.now),
            due_at: Some(act.now.plus(&self.declaration().due_in)),
            items,
            evidence_digest: self.state().evidence_digest,
        };
        self.happened(state, "opened", told)
    }

    /// A reviewer says of one identity that it is needed or not.
    pub fn decide(&self, identity: RecordId, keep: bool, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        self.decide_all(&BTreeMap::from([(identity, keep)]), act)
    }

    /// A reviewer says of some identities that they are needed or not: of all of them, or none is answered for. Until
    /// the round is closed they may say otherwise.
    pub fn decide_all(&self, answers: &BTreeMap<RecordId, bool>, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        let refuse = |message: String, help: &str| Err(Problem::new(&REVIEW, message, help));
        let reviewers = &self.declaration().reviewers;
        if !reviewers.iter().any(|reviewer| same_person(reviewer.as_str(), act.by)) {
            let message = format!("{} is no reviewer of `{}`", quote(act.by), self.key());
            return refuse(message, "Have one of its reviewers answer.");
        }
        let is_open = self.state().due_at.is_some_and(|due| due > act.now);
        let mut state = self.state().clone();
        let signed = act
            .evidence
            .approved_by
            .iter()
            .any(|person| same_person(person, act.by));
        let mut told = BTreeMap::new();
        for (identity, keep) in answers {
            let Some(item) = state.items.get_mut(identity).filter(|_| is_open) else {
                let message = format!("identity `{identity}` is not under review in `{}` now", self.key());
                return refuse(message, "Answer for what the open round lists, before it is due.");
            };
            if item.requested_by.as_deref().is_some_and(|by| may_be(by, act.by)) {
                let message = format!("{} asked for identity `{identity}`", quote(act.by));
                return refuse(message, "Have another reviewer answer for it.");
            }
            let decision = if *keep { Decision::Keep } else { Decision::Revoke };
            let is_said = item.decision == Some(decision)
                && item.by.as_deref().is_some_and(|by| same_person(by, act.by))
                && (item.signed || !signed);
            if is_said {
                continue;
            }
            *item = Item {
                decision: Some(decision),
                by: Some(act.by.to_owned()),
                at: Some(act.now),
                requested_by: item.requested_by.clone(),
                signed,
            };
            told.insert(identity.to_string(), decision);
        }
        if told.is_empty() {
            return Ok(Transition::unchanged(self));
        }
        let told = json!({ "answers": told, "by": act.by, "signed": signed });
        self.happened(state, "decided", told)
    }

    /// Closes a round that is due, or that has all its answers, and says what has to be done; none where neither is so.
    pub fn close(&self, now: Timestamp) -> Result<Option<(Transition<Self>, Closing)>, Problem> {
        let Some(due) = self.state().due_at else {
            return Ok(None);
        };
        let is_answered = self.state().items.values().all(|item| item.decision.is_some());
        if due > now && !is_answered {
            return Ok(None);
        }
        let mut state = self.state().clone();
        let mut closing = Closing::default();
        for (id, item) in &mut state.items {
            let decision = *item.decision.get_or_insert(Decision::NoResponse);
            let list = match (decision, self.declaration().on_no_response) {
                (Decision::Keep, _) => &mut closing.kept,
                (Decision::Revoke, _) | (Decision::NoResponse, Some(OnNoResponse::Revoke)) => &mut closing.revoked,
                (Decision::NoResponse, _) => &mut closing.suspended,
            };
            list.push(*id);
        }
        let answers = serde_json::to_value(&state.items).unwrap_or_default();
        let digest = Digest::of(canonical_json(&answers).as_bytes());
        state.due_at = None;
        state.evidence_digest = Some(digest);
        let told = json!({
            "kept": closing.kept,
            "suspended": closing.suspended,
            "revoked": closing.revoked,
            "evidence": digest,
        });
        Ok(Some((self.happened(state, "closed", told)?, closing)))
    }

    /// How the review stands: good while nothing is overdue.
    pub fn standing(&self, now: Timestamp) -> KindStanding {
        if let Some(standing) = self.ended_standing() {
            return standing;
        }
        match (self.state().due_at, self.opens_at()) {
            (Some(due), _) if due <= now => KindStanding::bad("overdue", format!("answers were due at {due}")),
            (Some(due), _) => KindStanding::good("open", format!("answers are due at {due}")),
            (None, Some(opens)) if opens <= now => {
                KindStanding::good("due", format!("its round is to be opened since {opens}"))
            }
            (None, opens) => {
                let opens = opens.unwrap_or(Timestamp::MAX);
                KindStanding::good("closed", format!("its next round opens at {opens}"))
            }
        }
    }
}
