//! Who may do what: principals with everything that reaches them, and the question of a permission.
//!
//! A plan cannot show the guardrails of an account: service control policies, resource control policies, session
//! policies and the permissions that resource policies give. Every answer assumes that the guardrails take nothing
//! away and that resource policies add nothing. A symbol stands for text without wildcards; a policy that cannot be
//! read is assumed to deny nothing and is named among the doubts.

mod answer;
mod evaluate;
mod kinds;
mod matching;
mod principal;
#[cfg(test)]
mod properties;
mod request;
#[cfg(test)]
mod tables;
mod tests_of_keys;
mod witness;

pub(crate) use answer::{Answer, Bound, Doubt, StatementRef, Verdict};
pub(crate) use kinds::ResourceKind;
pub(crate) use matching::{OWN, covers, fields, without_keys};
pub(crate) use principal::{Alternative, Boundary, Grant, Place, Policy, Principal, PrincipalKind, Unread};
pub(crate) use request::{Request, Resource};
