//! `nhi_orphans`: the identities that nobody answers for any more.

use nhi_governance::Owner;
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
        "The identities whose technical or policy owner is not among those who still exist, for example by the groups \
         of an identity provider. The registry does not know who has left; this compares it with what does.",
    ))
    .attribute(Attribute::required("known_owners", Type::set(Type::String)).describe(
        "Every owner that exists, in the form of `technical_owner`. An empty set is refused: a list that could not be \
         read would make every identity an orphan.",
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
    let known: Vec<Owner> = parsed(config.get("known_owners")).filter_map(Result::ok).collect();
    let mut selection = Selector::parse(&config).0.select(governed, false)?;
    selection.identities.retain(|identity| {
        let declaration = identity.declaration();
        !known.contains(declaration.technical_owner()) || !known.contains(declaration.policy_owner())
    });
    config.insert(
        "identities",
        entry::values(governed, &selection.identities, selection.now),
    );
    Ok(DataAnswer {
        value: config,
        diagnostics: selection.diagnostics,
    })
}
