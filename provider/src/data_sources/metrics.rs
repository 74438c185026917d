//! `nhi_metrics`: numbers about the identities on record and about what the audit log tells.

use std::collections::BTreeMap;

use nhi_governance::measure::{Population, Share};
use nhi_registry::RecordsExt as _;
use tfplugin::diagnostic::Diagnostics;
use tfplugin::schema::{Attribute, Schema};
use tfplugin::server::DataAnswer;
use tfplugin::value::{Number, Type, Value};

use super::{Selector, Source};
use crate::governed::{Found, Governed};

pub(super) static SOURCE: Source = Source {
    type_name: "nhi_metrics",
    schema,
    check,
    answer,
};

fn schema() -> Schema {
    let counts = |name, description: &str| Attribute::computed(name, Type::map(Type::Number)).describe(description);
    let number = |name, description: &str| Attribute::computed(name, Type::Number).describe(description);
    Selector::arguments(Schema::new(
        "Numbers about the identities on record. A number changes when a record changes or an identity passes a moment \
         that matters, such as its end.",
    ))
    .attribute(number("live", "Identities that are not revoked."))
    .attribute(counts("by_status", "Identities by status; revoked ones are counted here only."))
    .attribute(counts("by_kind", "Live identities by kind."))
    .attribute(counts("by_risk_tier", "Live identities by risk tier."))
    .attribute(counts("by_environment", "Live identities by environment."))
    .attribute(counts("by_owner", "Live identities by technical owner."))
    .attribute(counts(
        "by_age_days",
        "Live identities by days since they were issued or renewed: `0-30`, `31-60`, `61-90`, `91+`.",
    ))
    .attribute(number(
        "attestation_coverage",
        "Share of live identities that declare an attestation, from 0 to 1 in steps of 0.0001; null without any identity.",
    ))
    .attribute(number(
        "static_credential_share",
        "Share of live identities that rest on a shared static credential, likewise.",
    ))
    .attribute(counts(
        "events",
        "Rows of the audit log by action, of all identities whatever is selected.",
    ))
}

fn check(config: &Value) -> Diagnostics {
    Selector::parse(config).1
}

fn answer(governed: &Governed, mut config: Value) -> Result<DataAnswer, Diagnostics> {
    let selection = Selector::parse(&config).0.select(governed, true)?;
    // INVARIANT: whoever selected identities knew the policy.
    let policy = governed.policy().cloned().unwrap_or_default();
    let measured = selection.identities.iter().map(Found::measured);
    let counts = Population::of(measured, &policy, selection.now);
    let history = governed.ask(|registry| registry.history())?;
    let mut set = |name: &str, value: Value| config.insert(name, value);
    set("attestation_coverage", share(counts.attestation_coverage()));
    set("static_credential_share", share(counts.static_credential_share()));
    set("live", Value::from(counts.live as u64));
    set("by_status", numbers(counts.by_status));
    set("by_kind", numbers(counts.by_kind));
    set("by_risk_tier", numbers(counts.by_risk_tier));
    set("by_environment", numbers(counts.by_environment));
    set("by_owner", numbers(counts.by_owner));
    set("by_age_days", numbers(counts.by_age_days));
    set("events", numbers(history.unwrap_or_default().events().clone()));
    Ok(DataAnswer {
        value: config,
        diagnostics: selection.diagnostics,
    })
}

fn numbers<W: Into<String>, N: TryInto<u64>>(counts: BTreeMap<W, N>) -> Value {
    let number = |count: N| Value::from(count.try_into().unwrap_or(u64::MAX));
    let counts = counts.into_iter().map(|(word, count)| (word.into(), number(count)));
    Value::Map(counts.collect())
}

/// A share as a number; null where there is none.
pub(super) fn share(share: Option<Share>) -> Value {
    let number = share.and_then(|share| share.to_string().parse::<Number>().ok());
    number.map_or(Value::Null, Value::Number)
}
