//! `nhi_exceptions`: which controls are waived where, by whom, and until when.

use nhi_governance::{Exception, Record as _, Registered, RiskTier, Timestamp};
use nhi_registry::{RecordFilter, RecordsExt as _};
use tfplugin::diagnostic::Diagnostics;
use tfplugin::schema::{Attribute, Nesting, Schema};
use tfplugin::server::DataAnswer;
use tfplugin::value::{AttributePath, Type, Value};

use super::Source;
use super::selection::{at, moment, nothing_on_record};
use crate::governed::Governed;
use crate::report;
use crate::values::texts;

pub(super) static SOURCE: Source = Source {
    type_name: "nhi_exceptions",
    schema,
    check,
    answer,
};

fn schema() -> Schema {
    Schema::new(
        "The exceptions on record: every control that is waived, for which value and until when. The answer changes when \
         an exception does or ends, not with every reading.",
    )
    .attribute(Attribute::optional("control", Type::String).describe(
        "Only exceptions from this control, for example `NHI012`. Default: from all.",
    ))
    .attribute(Attribute::optional("address", Type::String).describe(
        "Only exceptions at this address, exactly. Default: at all.",
    ))
    .attribute(Attribute::optional("with_ended", Type::Bool).describe(
        "Whether exceptions that have expired or ended are in the answer. Default: they are not.",
    ))
    .attribute(moment())
    .attribute(
        Attribute::computed("exceptions", (Nesting::List, attributes()))
            .describe("The exceptions, in the order of control, address, attribute and id."),
    )
}

fn attributes() -> Vec<Attribute> {
    let text = |name, description: &str| Attribute::computed(name, Type::String).describe(description);
    vec![
        text("id", "Id of the exception, a ULID."),
        text("control", "Code of the rule or requirement that is waived."),
        text("address", "Address of the resource."),
        text("attribute", "Path of the attribute in it."),
        text(
            "value_digest",
            "SHA-256 of the value's canonical JSON: another value is not waived.",
        ),
        text("reason", "Why the control cannot be kept now."),
        text("compensating_control", "What is done instead."),
        text("risk_acceptor", "Person who answers for what may come of it."),
        text("risk_tier", "Tier of what is waived."),
        text("expires_at", "When it ends (RFC 3339)."),
        Attribute::computed("renewals", Type::Number).describe("How often its end was moved."),
        text("status", "What it is worth: `active`, `expired` or `ended`."),
        Attribute::computed("approved_by", Type::set(Type::String)).describe("Who approved it."),
        Attribute::computed("revision", Type::Number).describe("How often the record was changed."),
    ]
}

fn check(config: &Value) -> Diagnostics {
    let mut diagnostics: Diagnostics = at(config).err().into_iter().collect();
    for name in ["control", "address"] {
        if config.get(name).as_str().is_some_and(|text| text.trim().is_empty()) {
            let fix = "Write what an exception names, or leave it out for all of them.";
            let summary = format!("`{name}` is empty");
            diagnostics.push(report::question(summary, fix, AttributePath::of(name)));
        }
    }
    diagnostics
}

fn answer(governed: &Governed, mut config: Value) -> Result<DataAnswer, Diagnostics> {
    let with_ended = config.get("with_ended").as_bool().unwrap_or(false);
    let moment = at(&config)?;
    let filter = RecordFilter {
        with_ended,
        ..RecordFilter::default()
    };
    let asked = governed.ask(|registry| {
        registry.reading(|view| {
            let now = moment.map_or_else(|| view.now(), Ok)?;
            Ok((view.list::<Registered<Exception>>(&filter)?, now))
        })
    })?;
    let mut diagnostics = Diagnostics::new();
    let (mut found, now) = asked.unwrap_or_else(|| {
        diagnostics.push(nothing_on_record(governed));
        // INVARIANT: nothing is judged by it.
        (Vec::new(), Timestamp::MIN)
    });
    let is = |name: &str, text: &str| config.get(name).as_str().is_none_or(|wanted| wanted == text);
    found.retain(|record| {
        let exception = record.declaration();
        is("control", &exception.control)
            && is("address", &exception.subject.address)
            && (with_ended || record.standing(now).is_good)
    });
    let place = |record: &Registered<Exception>| {
        let exception = record.declaration();
        let subject = &exception.subject;
        (
            exception.control.clone(),
            subject.address.clone(),
            subject.attribute.clone(),
            record.id(),
        )
    };
    found.sort_by_key(place);
    let values = found.iter().map(|record| value(record, now)).collect();
    config.insert("exceptions", Value::List(values));
    Ok(DataAnswer {
        value: config,
        diagnostics,
    })
}

fn value(record: &Registered<Exception>, now: Timestamp) -> Value {
    let exception = record.declaration();
    let subject = &exception.subject;
    Value::object([
        ("id", Value::from(record.id().to_string())),
        ("control", exception.control.as_str().into()),
        ("address", subject.address.as_str().into()),
        ("attribute", subject.attribute.as_str().into()),
        ("value_digest", subject.value_digest.to_string().into()),
        ("reason", exception.reason.as_str().into()),
        ("compensating_control", exception.compensating_control.as_str().into()),
        ("risk_acceptor", exception.risk_acceptor.as_str().into()),
        (
            "risk_tier",
            exception.risk_tier.unwrap_or(RiskTier::Critical).as_str().into(),
        ),
        ("expires_at", exception.expires_at.to_string().into()),
        ("renewals", u64::from(record.state().renewals).into()),
        ("status", record.standing(now).status.into()),
        ("approved_by", texts(&record.evidence().approved_by)),
        ("revision", record.revision().into()),
    ])
}
