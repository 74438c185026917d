//! `nhi_compliance_score`: how many of the controls that records can show hold.

use nhi_governance::measure::{ControlScore, FRAMEWORKS, Framework, Judgement, Surroundings};
use nhi_governance::{Exception, Registered};
use nhi_registry::{RecordFilter, RecordsExt as _};
use tfplugin::diagnostic::Diagnostics;
use tfplugin::schema::{Attribute, Nesting, Schema};
use tfplugin::server::DataAnswer;
use tfplugin::value::{AttributePath, Type, Value};

use super::metrics::share;
use super::{Selector, Source};
use crate::governed::{Found, Governed};
use crate::report;

pub(super) static SOURCE: Source = Source {
    type_name: "nhi_compliance_score",
    schema,
    check,
    answer,
};

fn schema() -> Schema {
    let number = |name, description: &str| Attribute::computed(name, Type::Number).describe(description);
    let text = |name, description: &str| Attribute::computed(name, Type::String).describe(description);
    let control = vec![
        text("control", "Which control, for example `NHI4:2025`."),
        text("title", "What it asks for."),
        number(
            "applicable",
            "Identities that it applies to: passed, excepted and failed together.",
        ),
        number("passed", "Identities that meet it."),
        number(
            "excepted",
            "Identities that do not, and are excepted (`nhi_exception`).",
        ),
        Attribute::computed("failed_ids", Type::list(Type::String))
            .describe("Ids of those that do not and are not excepted, sorted."),
    ];
    Selector::arguments(Schema::new(
        "How many of the controls of a framework hold, of those that records can show: passed of applicable. What only a \
         backend, a plan or a person can tell is not in it. What an exception waives has not passed; it is counted apart.",
    ))
    .attribute(Attribute::optional("framework", Type::String).describe(format!(
        "Which framework: {}. Default: the first.",
        names()
    )))
    .attribute(number(
        "score",
        "Passed of applicable over all controls, from 0 to 1 in steps of 0.0001; null where nothing is applicable.",
    ))
    .attribute(number("applicable", "Sum over the controls."))
    .attribute(number("passed", "Sum over the controls."))
    .attribute(number("excepted", "Sum over the controls; none of them is among those that passed."))
    .attribute(Attribute::computed("controls", (Nesting::List, control)).describe("The controls, sorted."))
}

fn names() -> String {
    FRAMEWORKS
        .iter()
        .map(|framework| format!("`{}`", framework.id))
        .collect::<Vec<_>>()
        .join(", ")
}

fn check(config: &Value) -> Diagnostics {
    let mut diagnostics = Selector::parse(config).1;
    let asked = config.get("framework").as_str();
    if let Some(unknown) = asked.filter(|id| Framework::find(id).is_none()) {
        let at = AttributePath::of("framework");
        let fix = format!("Write one of {}, or leave it out.", names());
        diagnostics.push(report::question(
            format!("`{unknown}` is no framework that is known"),
            &fix,
            at,
        ));
    }
    diagnostics
}

fn answer(governed: &Governed, mut config: Value) -> Result<DataAnswer, Diagnostics> {
    let selection = Selector::parse(&config).0.select(governed, false)?;
    // Whom an external identity is shared with is looked for everywhere, whatever is selected.
    let everyone = Selector::default().select(governed, false)?;
    let filter = RecordFilter::default();
    let exceptions = governed.ask(|registry| registry.list_records::<Registered<Exception>>(&filter))?;
    let exceptions = exceptions.unwrap_or_default();
    // INVARIANT: whoever selected identities knew the policy.
    let policy = governed.policy().cloned().unwrap_or_default();
    let identities = everyone.identities.iter().map(|found| &found.identity);
    let around = Surroundings::of(identities, &exceptions, &policy, selection.now);
    let judgement = Judgement::of(selection.identities.iter().map(Found::measured), &around);
    let [default, ..] = &FRAMEWORKS;
    let asked = config.get("framework").as_str().and_then(Framework::find);
    let score = asked.unwrap_or(default).score(&judgement);
    config.insert("score", share(score.score));
    config.insert("applicable", (score.applicable as u64).into());
    config.insert("passed", (score.passed as u64).into());
    config.insert("excepted", (score.excepted as u64).into());
    config.insert(
        "controls",
        Value::List(score.controls.into_iter().map(control).collect()),
    );
    Ok(DataAnswer {
        value: config,
        diagnostics: selection.diagnostics,
    })
}

fn control(score: ControlScore) -> Value {
    let failed = score.failed_ids.into_iter().map(|id| Value::from(id.to_string()));
    Value::object([
        ("control", Value::from(score.control)),
        ("title", score.title.into()),
        ("applicable", (score.applicable as u64).into()),
        ("passed", (score.passed as u64).into()),
        ("excepted", (score.excepted as u64).into()),
        ("failed_ids", Value::List(failed.collect())),
    ])
}
