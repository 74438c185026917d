//! `nhi_orphans`: the identities that nobody answers for any more.

use nhi_governance::measure::KnownOwners;
use nhi_governance::{Owner, Registered, Team};
use nhi_registry::{RecordFilter, RecordsExt as _};
use tfplugin::diagnostic::Diagnostics;
use tfplugin::schema::{Attribute, Schema};
use tfplugin::server::DataAnswer;
use tfplugin::value::{AttributePath, Type, Value};

use super::{Selector, Source, entry};
use crate::governed::Governed;
use crate::report;

pub(super) static SOURCE: Source = Source {
    type_name: "nhi_orphans",
    schema,
    check,
    answer,
};

fn schema() -> Schema {
    Selector::arguments(Schema::new(
        "The identities whose technical or policy owner is not among those who still exist, by the teams on record or, \
         for example, by the groups of an identity provider.",
    ))
    .attribute(Attribute::optional("known_owners", Type::set(Type::String)).describe(
        "Every owner that exists, in the form of `technical_owner`. An empty set is refused: a list that could not be \
         read would make every identity an orphan. Default: the teams on record that have not ended; owners that are \
         no team are then taken to exist, because no record says who has left.",
    ))
    .attribute(entry::identities(
        "The identities, in the order of environment, name and id.",
    ))
}

fn check(config: &Value) -> Diagnostics {
    let mut diagnostics = Selector::parse(config).1;
    let owners = config.get("known_owners");
    if owners.elements().is_some_and(<[Value]>::is_empty) {
        let fix = "Write every owner that exists.";
        let at = AttributePath::of("known_owners");
        diagnostics.push(report::question("no owner is known", fix, at));
    }
    for problem in parsed(owners).filter_map(Result::err) {
        diagnostics.push(report::problem(problem, AttributePath::of("known_owners")));
    }
    diagnostics
}

fn parsed(owners: &Value) -> impl Iterator<Item = Result<Owner, nhi_governance::Problem>> {
    let texts = owners.elements().unwrap_or_default().iter().filter_map(Value::as_str);
    texts.map(Owner::parse)
}

fn answer(governed: &Governed, mut config: Value) -> Result<DataAnswer, Diagnostics> {
    let by_record = config.get("known_owners").is_null();
    let known = if by_record {
        teams(governed)?
    } else {
        KnownOwners::listed(parsed(config.get("known_owners")).filter_map(Result::ok))
    };
    let mut selection = Selector::parse(&config).0.select(governed, false)?;
    if by_record && known.is_empty() && !selection.identities.is_empty() {
        let fix = "Put the teams on record (`nhi_team`), or write every owner that exists.";
        let at = AttributePath::of("known_owners");
        return Err(report::question("no team is on record", fix, at).into());
    }
    selection
        .identities
        .retain(|found| known.missing(found.identity.declaration()).is_some());
    config.insert("identities", entry::values(governed, &selection.identities));
    Ok(DataAnswer {
        value: config,
        diagnostics: selection.diagnostics,
    })
}

/// The owners that exist by the teams on record.
fn teams(governed: &Governed) -> Result<KnownOwners, Diagnostics> {
    let teams = governed.ask(|registry| registry.list_records::<Registered<Team>>(&RecordFilter::default()))?;
    KnownOwners::of_teams(&teams.unwrap_or_default())
        .map_err(|problem| report::problem(problem, AttributePath::of("known_owners")).into())
}
