//! `nhi_inventory`: the identities on record.

use nhi_governance::Status;
use tfplugin::diagnostic::Diagnostics;
use tfplugin::schema::{Attribute, Schema};
use tfplugin::server::DataAnswer;
use tfplugin::value::{AttributePath, Type, Value};

use super::selection::statuses;
use super::{Selector, Source, entry};
use crate::governed::Governed;
use crate::report;

/// The statuses of records that are listed only where they are asked for.
const ENDED: [Status; 2] = [Status::Revoked, Status::Offboarded];

pub(super) static SOURCE: Source = Source {
    type_name: "nhi_inventory",
    schema,
    check,
    answer,
};

fn schema() -> Schema {
    Selector::arguments(Schema::new(
        "The identities on record, with who answers for each, when it ends and how risky it is.",
    ))
    .attribute(
        Attribute::optional("statuses", Type::set(Type::String)).describe(format!(
            "Only identities of these statuses: {}. Default: all but `revoked` and `offboarded`.",
            statuses()
        )),
    )
    .attribute(entry::identities(
        "The identities, in the order of environment, name and id.",
    ))
}

fn check(config: &Value) -> Diagnostics {
    let mut diagnostics = Selector::parse(config).1;
    for status in config.get("statuses").elements().unwrap_or_default() {
        let known = |text: &str| Status::ALL.into_iter().any(|known| known.as_str() == text);
        if let Some(text) = status.as_str().filter(|text| !known(text)) {
            let fix = format!("Write one or more of {}.", statuses());
            let at = AttributePath::of("statuses");
            let shown: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
            diagnostics.push(report::question(format!("`{shown}` is not a status"), &fix, at));
        }
    }
    diagnostics
}

fn answer(governed: &Governed, mut config: Value) -> Result<DataAnswer, Diagnostics> {
    let wanted: Option<Vec<String>> = config
        .get("statuses")
        .elements()
        .map(|statuses| statuses.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    let with_revoked = wanted.as_ref().is_some_and(|wanted| {
        wanted
            .iter()
            .any(|status| ENDED.iter().any(|ended| status == ended.as_str()))
    });
    let mut selection = Selector::parse(&config).0.select(governed, with_revoked)?;
    if let Some(wanted) = &wanted {
        selection
            .identities
            .retain(|found| wanted.iter().any(|status| status == found.status().as_str()));
    }
    config.insert("identities", entry::values(governed, &selection.identities));
    Ok(DataAnswer {
        value: config,
        diagnostics: selection.diagnostics,
    })
}
