//! End-to-end tests, one binary: HCL in, state out; plan in, findings out.
#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value yields null, never a panic"
)]

mod adopt;
mod approvals;
mod attributes;
mod check;
mod crash;
mod cut_off;
mod docs;
mod emergency;
mod evaluate;
mod fix;
mod fixtures;
mod hostile;
mod imported;
mod kinds;
mod lifecycle;
mod modules;
mod moved;
mod no_ops;
mod offers;
mod offers_by_wire;
mod pinned;
mod plans;
mod policy_in_force;
mod publish;
mod publish_hostile;
mod records;
mod registries;
mod rules;
mod scripts;
mod secrets;
mod suites;
mod validation;
mod walk;
mod written;
