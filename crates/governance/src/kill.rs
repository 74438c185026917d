//! The kill switch: a throw of it is a record of its own, so that it holds for whatever it selects, also for what is
//! written at the same time, or comes back from a backup.
//!
//! Every throw has a number, its epoch. An identity keeps the number up to which throws no longer count against it:
//! those before its creation or its last resumption. What is selected by a later one is suspended, whether or not
//! anybody got round to writing that into its record.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access_review::Selector;
use crate::declaration::Declaration;
use crate::id::RecordId;
use crate::lifecycle::printable;
use crate::pattern::Pattern;
use crate::policy::Policy;
use crate::record::{Act, Record, RecordKind, Transition};
use crate::tier::RiskTier;
use crate::time::Timestamp;

/// Which identities: those of which everything that is said here is true.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KillSelector {
    /// Their environment, kind, owner and lowest tier.
    #[serde(default)]
    pub terms: Selector,
    /// What their names look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Pattern>,
    /// Everything that their vendor goes by in a declaration: its name, and the ids of its records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vendors: Vec<String>,
}

impl KillSelector {
    /// Whether it selects an identity that is declared like this and of this tier.
    pub fn selects(&self, declaration: &Declaration, tier: RiskTier) -> bool {
        let is_named = |name: &Pattern| name.covers(declaration.name().as_str());
        let is_vendors = || {
            let id = declaration.vendor_id();
            id.is_some_and(|id| self.vendors.iter().any(|vendor| vendor == id))
        };
        self.terms.selects_declared(declaration, tier)
            && self.name.as_ref().is_none_or(is_named)
            && (self.vendors.is_empty() || is_vendors())
    }
}

/// The words of a selector in one order, so that one selection has one text.
impl fmt::Display for KillSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terms = &self.terms;
        let words = [
            ("environment", terms.environment.as_ref().map(ToString::to_string)),
            ("kind", terms.kind.map(|kind| kind.as_str().to_owned())),
            ("name", self.name.as_ref().map(|name| name.as_str().to_owned())),
            ("owner", terms.owner.as_ref().map(ToString::to_string)),
            ("tier", terms.risk_tier.map(|tier| tier.as_str().to_owned())),
            ("vendor", self.vendors.first().cloned()),
        ];
        let said = words
            .into_iter()
            .filter_map(|(key, value)| Some(format!("{key}={}", value?)));
        f.write_str(&said.collect::<Vec<_>>().join(","))
    }
}

/// A throw of the kill switch, the last one of its selector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kill {
    id: RecordId,
    revision: u64,
    selector: KillSelector,
    epoch: u64,
    at: Timestamp,
    by: String,
    reason: String,
    /// Where a tier is selected, by which policy: whoever reads it later, under whatever policy, selects the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy: Option<Policy>,
}

impl Kill {
    /// Throws the switch. `live` is the record of the same selector, `epoch` a number higher than every one before.
    pub fn throw(
        id: RecordId,
        live: Option<&Self>,
        selector: KillSelector,
        epoch: u64,
        reason: &str,
        act: &Act<'_>,
    ) -> Transition<Self> {
        let thrown = Self {
            id: live.map_or(id, |live| live.id),
            revision: live.map_or(1, |live| live.revision.saturating_add(1)),
            policy: selector.terms.risk_tier.map(|_| act.policy.clone()),
            selector,
            epoch,
            at: act.now,
            by: printable(act.by),
            reason: printable(reason),
        };
        let told = json!({
            "by": thrown.by,
            "epoch": thrown.epoch,
            "reason": thrown.reason,
            "selector": thrown.selector,
        });
        Transition::to(thrown, "thrown", told)
    }

    /// Which identities it selects.
    pub fn selector(&self) -> &KillSelector {
        &self.selector
    }

    /// Its number.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// When it was thrown.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// By whom.
    pub fn by(&self) -> &str {
        &self.by
    }

    /// Why.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether it selects an identity that is declared like this.
    pub fn selects(&self, declaration: &Declaration) -> bool {
        let tier = self.policy.as_ref().map(|policy| declaration.assess(policy).tier);
        self.selector.selects(declaration, tier.unwrap_or(RiskTier::Low))
    }
}

impl Record for Kill {
    const KIND: RecordKind = RecordKind::Kill;

    fn id(&self) -> RecordId {
        self.id
    }

    fn environment(&self) -> &'static str {
        ""
    }

    fn key(&self) -> String {
        self.selector.to_string()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn ended_at(&self) -> Option<Timestamp> {
        None
    }
}
