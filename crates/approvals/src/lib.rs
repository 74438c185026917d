//! Approvals without a server: who has said yes to exactly what, shown by signatures that anybody can check offline.
//!
//! A [`Request`] says what somebody wants; its digest covers every word of it. A person approves by signing an
//! [`Approval`] of that digest with an SSH key, in a DSSE envelope. Whose keys count stands in the [`TrustRoot`], a
//! file that each version of signs the next. [`judge`] puts the three together and says who has approved, which
//! envelopes do not count and why, and what is missing. It does no IO and reads no clock; only [`disk`] touches files
//! and only [`agent`] a socket.
//!
//! ```
//! use nhi_approvals::{Requirement, dsse};
//! use nhi_governance::{Policy, RiskTier};
//!
//! // What is signed names its own type and length, so that one kind of document cannot pass for another.
//! assert_eq!(dsse::pae("text/plain", b"hello"), b"DSSEv1 10 text/plain 5 hello");
//! assert_eq!(Requirement::of(&Policy::default(), RiskTier::High).to_string(), "2 approvals, one of them by the policy owner");
//! ```

pub mod agent;
mod approval;
mod code;
mod deed;
mod difference;
pub mod disk;
pub mod dsse;
mod hearing;
mod judge;
mod key;
mod person;
mod request;
mod requirement;
mod root;
mod sign;
mod strict;
mod succession;

pub use approval::{APPROVAL_TYPE, Approval, Decision, LIFE_DAYS_MAX, Signed};
pub use code::{CODES, key_problem};
pub use deed::{Deed, Order};
pub use difference::{Changed, Difference, Privilege};
pub use hearing::{Hearing, REQUESTER_VARIABLE, requesters};
pub use judge::{Accepted, Question, Reason, Refused, UNUSED_HOURS_MAX, Verdict, judge};
pub use key::{NAMESPACE, PublicKey};
pub use person::Person;
pub use request::{Kind, Request, RequestContext, Terms};
pub use requirement::Requirement;
pub use root::{ROLE_POLICY_OWNER, ROLE_SECURITY, TrustRoot};
pub use sign::{FileKey, KEY_FILE_BYTES_MAX, Signer, read_armoured};
pub use succession::{SUCCESSION_TYPE, Step, Succession, Trust, trust};
