//! `nhi_metrics`: numbers about the identities on record and about what the audit log tells.

use std::collections::BTreeMap;

use nhi_governance::{Identity, Kind, Status, Timestamp};
use tfplugin::diagnostic::Diagnostics;
use tfplugin::schema::{Attribute, Schema};
use tfplugin::server::DataAnswer;
use tfplugin::value::{Number, Type, Value};

use super::{Selector, Source};
use crate::governed::{Found, Governed};

/// Rows of the log read at a time.
const ROWS_AT_ONCE: u32 = 1000;
const DAY_SECONDS: i64 = 86_400;
/// The age buckets, each with its last day.
const AGES: [(&str, i64); 4] = [("0-30", 30), ("31-60", 60), ("61-90", 90), ("91+", i64::MAX)];

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

type Counts = BTreeMap<String, u64>;

fn answer(governed: &Governed, mut config: Value) -> Result<DataAnswer, Diagnostics> {
    let selection = Selector::parse(&config).0.select(governed, true)?;
    let now = selection.now;
    let revoked = |found: &&Found| matches!(found.status(), Status::Revoked | Status::Offboarded);
    let live: Vec<&Identity> = selection
        .identities
        .iter()
        .filter(|found| !revoked(found))
        .map(|found| &found.identity)
        .collect();
    let mut set = |name: &str, value: Value| config.insert(name, value);
    set("live", Value::from(live.len() as u64));
    set(
        "by_status",
        tally(&selection.identities, |found| found.status().as_str()),
    );
    // INVARIANT: whoever selected identities knew the policy.
    let policy = governed.policy().cloned().unwrap_or_default();
    let by = |word: fn(&Identity) -> &str| tally(live.iter().copied(), word);
    set("by_kind", by(|identity| identity.declaration().kind().as_str()));
    set(
        "by_risk_tier",
        tally(live.iter().copied(), |identity| identity.assess(&policy).tier.as_str()),
    );
    set(
        "by_environment",
        by(|identity| identity.declaration().environment().as_str()),
    );
    set(
        "by_owner",
        by(|identity| identity.declaration().technical_owner().as_str()),
    );
    set(
        "by_age_days",
        tally(live.iter().copied(), |identity| age(identity, now)),
    );
    let attested = |identity: &&&Identity| identity.declaration().attestation().is_some();
    set(
        "attestation_coverage",
        share(live.iter().filter(attested).count(), live.len()),
    );
    let is_static = |identity: &&&Identity| identity.declaration().kind() == Kind::LegacyShared;
    set(
        "static_credential_share",
        share(live.iter().filter(is_static).count(), live.len()),
    );
    set("events", numbers(events(governed)?));
    Ok(DataAnswer {
        value: config,
        diagnostics: selection.diagnostics,
    })
}

fn tally<'a, T: 'a>(counted: impl IntoIterator<Item = &'a T>, word: impl Fn(&'a T) -> &'a str) -> Value {
    let mut counts = Counts::new();
    for one in counted {
        *counts.entry(word(one).to_owned()).or_default() += 1;
    }
    numbers(counts)
}

fn numbers(counts: Counts) -> Value {
    Value::Map(counts.into_iter().map(|(word, count)| (word, count.into())).collect())
}

fn age(identity: &Identity, now: Timestamp) -> &'static str {
    let days = now.seconds_since(identity.issued_at()).max(0) / DAY_SECONDS;
    AGES.iter()
        .find(|(_, last)| days <= *last)
        .map_or("91+", |(bucket, _)| bucket)
}

/// In whole ten-thousandths, so that it is one number on every machine.
pub(super) fn share(part: usize, whole: usize) -> Value {
    let Some(parts) = part.saturating_mul(10_000).checked_div(whole) else {
        return Value::Null;
    };
    let text = format!("{}.{:04}", parts / 10_000, parts % 10_000);
    text.parse::<Number>().map_or(Value::Null, Value::Number)
}

fn events(governed: &Governed) -> Result<Counts, Diagnostics> {
    let asked = governed.ask(|registry| {
        let mut counts = Counts::new();
        let mut from = 1;
        loop {
            let rows = registry.audit(from, ROWS_AT_ONCE)?;
            for row in &rows {
                *counts.entry(row.action.clone()).or_default() += 1;
            }
            match rows.last() {
                Some(last) => from = last.seq.saturating_add(1),
                None => return Ok(counts),
            }
        }
    })?;
    Ok(asked.unwrap_or_default())
}
