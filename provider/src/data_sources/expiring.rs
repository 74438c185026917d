//! `nhi_expiring`: the identities that end soon.

use std::collections::BTreeMap;

use nhi_governance::Ttl;
use nhi_governance::measure::ending;
use tfplugin::diagnostic::Diagnostics;
use tfplugin::schema::{Attribute, Schema};
use tfplugin::server::DataAnswer;
use tfplugin::value::{AttributePath, Type, Value};

use super::{Selector, Source, entry};
use crate::governed::{Found, Governed};
use crate::report;

/// Two weeks: as early as an identity ever counts as expiring.
const WITHIN_DEFAULT: &str = "336h";

pub(super) static SOURCE: Source = Source {
    type_name: "nhi_expiring",
    schema,
    check,
    answer,
};

fn schema() -> Schema {
    Selector::arguments(Schema::new(
        "The identities that end soon or have ended and are not revoked: what to renew or to remove. The answer changes \
         when an identity comes into the window, not with every reading.",
    ))
    .attribute(Attribute::optional("within", Type::String).describe(format!(
        "How soon, as a duration such as `72h`. Default: `{WITHIN_DEFAULT}`."
    )))
    .attribute(
        Attribute::optional("with_expired", Type::Bool)
            .describe("Whether identities that have ended already are in the answer. Default: they are."),
    )
    .attribute(entry::identities("The identities, those that end first in front."))
}

fn check(config: &Value) -> Diagnostics {
    let mut diagnostics = Selector::parse(config).1;
    if let Some(Err(problem)) = config.get("within").as_str().map(Ttl::parse) {
        diagnostics.push(report::problem(problem, AttributePath::of("within")));
    }
    diagnostics
}

fn answer(governed: &Governed, mut config: Value) -> Result<DataAnswer, Diagnostics> {
    let within = Ttl::parse(config.get("within").as_str().unwrap_or(WITHIN_DEFAULT))
        .map_err(|problem| report::problem(problem, AttributePath::of("within")))?;
    let with_expired = config.get("with_expired").as_bool().unwrap_or(true);
    let mut selection = Selector::parse(&config).0.select(governed, false)?;
    let measured = selection.identities.iter().map(Found::measured);
    let ending = ending(measured, selection.now, &within, with_expired);
    let rank: BTreeMap<_, _> = ending
        .iter()
        .zip(0_usize..)
        .map(|(one, rank)| (one.identity.id(), rank))
        .collect();
    selection
        .identities
        .retain(|found| rank.contains_key(&found.identity.id()));
    selection
        .identities
        .sort_by_key(|found| rank.get(&found.identity.id()).copied());
    config.insert("identities", entry::values(governed, &selection.identities));
    Ok(DataAnswer {
        value: config,
        diagnostics: selection.diagnostics,
    })
}
