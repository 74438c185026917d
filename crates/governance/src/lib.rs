//! The domain model of governed non-human identities: what may be declared, how risky it is, how long it lives.
//!
//! The crate is pure: it does no IO, reads no clock and draws no random number, so that a plan and the apply after
//! it judge alike and every rule can be tested with a table. `now` is always a parameter. Text is parsed once, at the
//! edge, into types that cannot hold a bad value; what could not be parsed comes back as [`Violation`]s, all of them
//! together, each with the path of its attribute and a fix.
//!
//! ```
//! use nhi_governance::{Draft, Given, Policy, PurposeDraft, RiskTier, ScopeDraft};
//!
//! let draft = Draft {
//!     name: "deployer".into(),
//!     kind: "ci_pipeline".into(),
//!     technical_owner: "team:payments".into(),
//!     policy_owner: "team:iam".into(),
//!     purpose: Given::Known(PurposeDraft {
//!         summary: "Deploys the payments service".into(),
//!         task: "Release pipeline, job deploy".into(),
//!         ticket: Given::Absent,
//!     }),
//!     environment: "staging".into(),
//!     ttl: "720h".into(),
//!     scope: Given::Known(vec![Given::Known(ScopeDraft {
//!         backend: "aws".into(),
//!         resource: "arn:aws:ecs:eu-west-1:111122223333:service/payments/api".into(),
//!         actions: Given::Known(vec!["ecs:UpdateService".into()]),
//!     })]),
//!     revoked_by: Given::Known(vec!["ttl".into()]),
//!     ..Draft::default()
//! };
//! let checked = draft.check(&Policy::default());
//! assert_eq!(checked.violations, []);
//! assert_eq!(checked.assessment.tier, RiskTier::Moderate);
//!
//! // The policy owner answers for the rules the technical owner lives under: one person cannot be both.
//! let draft = Draft { policy_owner: "TEAM:Payments".into(), ..draft };
//! let violations = draft.check(&Policy::default()).violations;
//! assert_eq!(violations[0].code.id, "NHI-OWNER-SAME");
//! assert_eq!(violations[0].path.to_string(), "policy_owner");
//! ```

mod access;
mod access_review;
mod attestation;
mod break_glass;
mod canonical;
mod check;
mod checker;
mod code;
mod cover;
mod declaration;
mod draft;
mod exception;
mod grant;
mod id;
mod identity;
mod kill;
mod kind;
mod lifecycle;
pub mod measure;
mod owner;
mod path;
mod pattern;
mod policy;
mod purpose;
mod record;
mod registered;
mod revocation;
mod scope;
mod score;
mod spiffe;
mod standing;
mod static_secret;
mod team;
mod text;
mod tier;
mod time;
mod ttl;
mod vendor;

pub use access::Access;
pub use access_review::{
    AccessReview, AccessReviewDraft, AccessReviewState, Closing, Decision, Item, OnNoResponse, Selector, SelectorDraft,
};
pub use attestation::Attestation;
pub use break_glass::{BreakGlass, BreakGlassDraft, BreakGlassState};
pub use canonical::{Digest, canonical_json, pae};
pub use check::Checked;
pub use checker::Violation;
pub use code::{CODES, Code, Problem};
pub use declaration::{Classification, Declaration, DesiredState};
pub use draft::{AttestationDraft, Draft, Given, PurposeDraft, ScopeDraft};
pub use exception::{Exception, ExceptionDraft, ExceptionState, Subject, SubjectDraft, value_digest};
pub use grant::{Activation, Grant, GrantDraft, GrantState};
pub use id::RecordId;
pub use identity::Identity;
pub use kill::{Kill, KillSelector};
pub use kind::Kind;
pub use lifecycle::{
    QUARANTINE_DAYS_MAX, RESUME_DAYS_MAX, adopt, confirm, contain, create, disown, note_use, offboard, quarantine,
    requarantine, resume, reviewed, revoke, rotate, suspend, sweep, tier_of_change, transfer, update,
};
pub use owner::Owner;
pub use path::{Path, Step};
pub use pattern::Pattern;
pub use policy::{
    Approvals, BreakGlassTerms, Contradiction, EnvironmentTerms, ExceptionTerms, Loosening, ModuleLevel, ModuleRule,
    ModuleRules, NamingRule, Policy, PolicyChange, PolicyInForce, ScopeRule, SignerRule, StaticSecret,
    StaticSecretRule, Terms, TierTerms, Tiers, TrustRule, WildcardRule, Wildcards,
};
pub use purpose::Purpose;
pub use record::{Act, Containment, Event, Evidence, Record, RecordKind, Transition};
pub use registered::{Declared, Judged, KindStanding, Registered};
pub use revocation::{RevokedBy, RevokedBySet};
pub use scope::ScopeEntry;
pub use score::{Assessment, ScoreItem, Weights};
pub use spiffe::{SpiffeId, TrustDomain};
pub use standing::{Cause, Context, Standing, Status, Suspension};
pub use static_secret::Excepted;
pub use team::{Team, TeamDraft};
pub use text::{Environment, Name, Organisation};
pub use tier::RiskTier;
pub use time::Timestamp;
pub use ttl::Ttl;
pub use vendor::{Vendor, VendorDraft};
