//! The stable codes of everything this crate can refuse, each with the reason it is governed.
//!
//! The reason is written once here and not at every place that refuses, so that a diagnostic, a page of documentation
//! and a log agree. A code never changes its meaning and is never used again for another.

use std::fmt;

/// One thing that is governed.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The stable identifier, `NHI-…`.
    pub id: &'static str,
    /// What is wrong when it appears, as a short phrase.
    pub title: &'static str,
    /// Why it is governed: one or two sentences for the reader of a diagnostic.
    pub why: &'static str,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id)
    }
}

/// A value that is refused: what was seen and what to write instead. It knows no place; a [`crate::Violation`] does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// What kind of problem it is.
    pub code: &'static Code,
    /// What is wrong: a lower-case phrase without a full stop, user input in backticks.
    pub message: String,
    /// What to do about it: one or more full sentences.
    pub help: String,
}

impl Problem {
    /// A value that is refused.
    #[cold]
    pub fn new(code: &'static Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            help: help.into(),
        }
    }
}

/// Declares the codes of a crate, one static for each, and `CODES`, which lists them; to be sorted by id.
#[macro_export]
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $title:literal, $why:literal;)*) => {
        $($(#[$doc])* pub(crate) static $name: $crate::Code = $crate::Code { id: $id, title: $title, why: $why };)*
        /// Every code of this crate, sorted by id.
        pub static CODES: &[&$crate::Code] = &[$(&$name),*];
    };
}

codes! {
    APPROVAL = "NHI-APPROVAL", "approvals are missing",
        "Nobody grants access to themselves: the riskier an identity, the more persons have to agree.";
    ATTESTATION = "NHI-ATTESTATION", "the attestation is not usable",
        "Attestation says how the identity proves that it is itself; a subject that more than one workload can present proves nothing.";
    BREAK_GLASS = "NHI-BREAK-GLASS", "break-glass access is not usable",
        "What opens everything in an emergency is short, held by several, tested, and looked at afterwards.";
    CLASSIFICATION = "NHI-CLASSIFICATION", "the data classification is not known",
        "The class of the data that an identity can reach decides its risk tier.";
    CONTRACT = "NHI-CONTRACT", "the vendor's contract is not usable",
        "Access of a vendor ends with its contract, by itself, and somebody knows how.";
    ENDED = "NHI-ENDED", "the record has ended",
        "What has ended stays as a tombstone, and its id is never used again.";
    ENFORCEMENT = "NHI-ENFORCEMENT", "missing approvals are not waived here",
        "A word in the configuration that asks for access must not be enough to get it: where approvals may be waived is the policy's to say.";
    ENVIRONMENT = "NHI-ENVIRONMENT", "the environment is not usable",
        "The environment is part of the identity's key and of its SPIFFE id, and production raises its risk.";
    ENVIRONMENT_UNLISTED = "NHI-ENVIRONMENT-UNLISTED", "the environment is not one of the organisation's",
        "An environment that the policy does not list has no rules of its own, so nothing may live there unnoticed.";
    EXCEPTION = "NHI-EXCEPTION", "the exception is not usable",
        "A control is waived for one value at one place, for a while, by somebody who answers for it.";
    EXISTS = "NHI-EXISTS", "there is such a record already",
        "One thing has one record, so that a change of it happens in one place.";
    EXPIRED = "NHI-EXPIRED", "the identity has expired",
        "An apply never silently extends a life: whoever wants an expired identity back asks for it.";
    EXTERNAL = "NHI-EXTERNAL", "an external id is not usable",
        "An external id ties this record to an identity that another provider creates; it has to name exactly one.";
    FIXED = "NHI-FIXED", "an attribute cannot change in place",
        "Name and environment are the key under which grants, logs and the SPIFFE id know the identity.";
    GENERATION = "NHI-GENERATION", "the generation is not usable",
        "A bump of the generation asks for renewal, so it can only rise.";
    GRANT = "NHI-GRANT", "the grant is not usable",
        "A grant says on what it is good for what, why, and until when; it lives no longer than its identity.";
    GRANT_SCOPE = "NHI-GRANT-SCOPE", "the grant exceeds the scope of its identity",
        "The scope was agreed to; a grant spends it and never widens it.";
    KIND = "NHI-KIND", "the kind is not known",
        "The kind says what holds the identity, and that decides its risk and what may revoke it.";
    MIN_TIER = "NHI-MIN-TIER", "the lowest tier is not known",
        "A tier may be raised above the one that the score gives, never lowered.";
    NAME = "NHI-NAME", "the name is not usable",
        "The name is part of the identity's key, of its SPIFFE id and of every log line about it.";
    NAME_PATTERN = "NHI-NAME-PATTERN", "the name does not keep to the organisation's pattern",
        "Names that follow a pattern let logs, alerts and other systems' rules tell what an identity is.";
    ORGANISATION = "NHI-ORGANISATION", "the organisation is not usable",
        "Requests and approvals are bound to the organisation, so its name has one spelling.";
    OWNER = "NHI-OWNER", "an owner is not usable",
        "Somebody has to answer when the identity misbehaves or is found orphaned.";
    OWNER_SAME = "NHI-OWNER-SAME", "technical owner and policy owner are the same",
        "Who runs an identity must not also be the one who answers for the rules it lives under.";
    PATTERN = "NHI-PATTERN", "a pattern is not usable",
        "A pattern decides what a policy covers, so it has one reading.";
    POLICY = "NHI-POLICY", "the policy contradicts itself",
        "A policy that a reader could understand in two ways protects in neither.";
    POLICY_LOOSER = "NHI-POLICY-LOOSER", "the policy is looser than the one in force",
        "Whoever asks for access must not first make the rules that decide it easier: that takes the people of tier critical.";
    PURPOSE = "NHI-PURPOSE", "the purpose says too little",
        "The purpose is what a reviewer later compares the access with; without a task nobody can say that it is no longer needed.";
    QUARANTINE = "NHI-QUARANTINE", "the quarantine is not usable",
        "An identity that was found outside of governance has a short time to be brought under it or to go.";
    REQUIRED = "NHI-REQUIRED", "a required attribute is missing",
        "An identity is governed only when its owners, purpose, scope and end are all on record.";
    RESUME = "NHI-RESUME", "the identity cannot be resumed",
        "Whoever contains an identity does not undo that alone, and what was contained for long is asked for anew.";
    REVIEW = "NHI-REVIEW", "the review is not usable",
        "A review is worth something only where it is answered in time, by somebody who did not ask for the access.";
    REVOKED = "NHI-REVOKED", "the identity is revoked",
        "Revocation is final: the record stays as a tombstone and its id is never used again.";
    REVOKED_BY = "NHI-REVOKED-BY", "nothing but a person would end the identity",
        "People forget: at least one thing that happens by itself has to end the identity.";
    ROTATION = "NHI-ROTATION", "the identity cannot be rotated",
        "A rotation replaces the credentials of something that is in use; one that was missed is a suspension.";
    SCOPE = "NHI-SCOPE", "the scope is not usable",
        "The scope is the ceiling of what the identity may ever be granted.";
    SCOPE_FORBIDDEN = "NHI-SCOPE-FORBIDDEN", "the policy forbids the scope",
        "What the organisation's policy forbids is out of reach of every identity it governs.";
    SCOPE_OUTSIDE = "NHI-SCOPE-OUTSIDE", "the scope lies outside of what the policy allows",
        "The organisation's policy lists what identities may be granted; the rest needs a change of the policy first.";
    SCOPE_PATTERN = "NHI-SCOPE-PATTERN", "the policy allows no pattern here",
        "A pattern covers what will exist tomorrow, which nobody has looked at yet.";
    SCOPE_WILDCARD = "NHI-SCOPE-WILDCARD", "the scope is a bare wildcard",
        "A scope that covers everything is no ceiling.";
    STATE = "NHI-STATE", "the wanted state is not known",
        "An identity is wanted active or suspended; everything else follows from time and from what happens.";
    STATIC_SECRET = "NHI-STATIC-SECRET", "the tier allows no static secret",
        "A secret that does not change by itself outlives everybody who knows it.";
    SUSPENDED = "NHI-SUSPENDED", "the identity is suspended",
        "An apply never undoes a containment in passing.";
    TEAM = "NHI-TEAM", "a contact is not usable",
        "Whoever answers for an identity has to be reached when it misbehaves.";
    TTL = "NHI-TTL", "the time to live is not usable",
        "Every identity has an end; a life without one cannot be expressed.";
    TTL_CEILING = "NHI-TTL-CEILING", "the time to live is above the ceiling of its tier",
        "The riskier an identity, the sooner somebody has to ask for it again.";
    USE = "NHI-USE", "a use cannot be noted",
        "A use that is still to come would make an identity that nobody uses look busy.";
    VENDOR = "NHI-VENDOR", "the vendor id is not usable",
        "The vendor's record holds the end of the contract that has to end the access.";
}

#[cfg(test)]
mod tests {
    use super::CODES;

    #[test]
    fn codes_are_sorted_unique_and_explained() {
        let ids: Vec<_> = CODES.iter().map(|code| code.id).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(ids, sorted);
        for code in CODES {
            assert!(
                code.id.starts_with("NHI-") && code.why.ends_with('.') && !code.title.ends_with('.'),
                "{code:?}"
            );
        }
    }
}
