//! `nhi_audit`: a range of the audit log, with what it takes to check it elsewhere.

use nhi_registry::{AuditRow, RegistryError, Tampering, Verification};
use tfplugin::diagnostic::Diagnostics;
use tfplugin::schema::{Attribute, Nesting, Schema};
use tfplugin::server::DataAnswer;
use tfplugin::value::{AttributePath, Type, Value};

use super::Source;
use super::selection::nothing_on_record;
use crate::governed::Governed;
use crate::report;

const LIMIT_DEFAULT: i64 = 100;
/// More rows than anybody reads in a state.
const LIMIT_MAX: i64 = 1000;

pub(super) static SOURCE: Source = Source {
    type_name: "nhi_audit",
    schema,
    check,
    answer,
};

fn schema() -> Schema {
    let known = vec![
        Attribute::required("seq", Type::Number).describe("Number of the row."),
        Attribute::required("hash", Type::String).describe("Hash that the row had, as 64 hexadecimal digits."),
    ];
    Schema::new(
        "A range of the audit log, after the whole log and every record were checked; a log that was tampered with is \
         an error. Keep `head_seq` and `head` elsewhere and give them back as `known_row`, and a registry that was \
         replaced by an older copy is found too.",
    )
    .attribute(Attribute::optional("from_seq", Type::Number).describe("Number of the first row. Default: 1."))
    .attribute(Attribute::optional("limit", Type::Number).describe(format!(
        "How many rows at most, up to {LIMIT_MAX}. Default: {LIMIT_DEFAULT}."
    )))
    .attribute(
        Attribute::optional("known_row", (Nesting::Single, known))
            .describe("A row that was seen before: if the log no longer has it, that is an error."),
    )
    .attribute(
        Attribute::computed("registry_id", Type::String).describe("Id of the registry; null where there is none yet."),
    )
    .attribute(Attribute::computed("head_seq", Type::Number).describe("Number of the last row; 0 for an empty log."))
    .attribute(
        Attribute::computed("head", Type::String)
            .describe("Hash of the last row, which stands for the whole log. Every change of the registry moves it."),
    )
    .attribute(Attribute::computed("rows", (Nesting::List, row_attributes())).describe(
        "The rows. Each hash is the SHA-256 of the row and of the hash before it, so the range proves itself from its \
         first `previous` to its last `hash`.",
    ))
}

fn row_attributes() -> Vec<Attribute> {
    let text = |name, description: &str| Attribute::computed(name, Type::String).describe(description);
    vec![
        Attribute::computed("seq", Type::Number).describe("Number of the row; the first is 1."),
        text("time", "When (RFC 3339)."),
        text("actor", "Who, as the process that did it said."),
        text("action", "What, for example `identity.created`."),
        text("subject", "To whom: an id."),
        text("payload", "The particulars, canonical JSON."),
        text("previous", "Hash of the row before."),
        text("hash", "Hash of this row."),
    ]
}

fn check(config: &Value) -> Diagnostics {
    let range = |name: &'static str, value: &Value, path: AttributePath, least: i64, most: i64| {
        let number = value.as_number()?;
        if number.as_i64().is_some_and(|number| (least..=most).contains(&number)) {
            return None;
        }
        let fix = if most == i64::MAX {
            format!("Write a whole number, {least} or more.")
        } else {
            format!("Write a whole number from {least} to {most}.")
        };
        Some(report::question(format!("`{name}` is out of range"), &fix, path))
    };
    let top = |name: &'static str, most| range(name, config.get(name), AttributePath::of(name), 1, most);
    let known = config.get("known_row");
    let inside = AttributePath::of("known_row").attribute("seq");
    [
        top("from_seq", i64::MAX),
        top("limit", LIMIT_MAX),
        range("seq", known.get("seq"), inside, 1, i64::MAX),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A number that the check has let through.
fn number(value: &Value, default: i64) -> u64 {
    u64::try_from(value.as_i64().unwrap_or(default)).unwrap_or_default()
}

fn answer(governed: &Governed, mut config: Value) -> Result<DataAnswer, Diagnostics> {
    let from = number(config.get("from_seq"), 1);
    let limit = u32::try_from(number(config.get("limit"), LIMIT_DEFAULT)).unwrap_or_default();
    let known = config.get("known_row").clone();
    let asked = governed.ask(|registry| {
        let verification = registry.verify()?;
        if let Some(tampering) = verification.tampering {
            return Err(RegistryError::Tampered(tampering));
        }
        if !known.is_null() {
            let seq = number(known.get("seq"), 0);
            let row = registry.audit(seq, 1)?.into_iter().find(|row| row.seq == seq);
            compare(row.as_ref(), seq, known.get("hash").as_str().unwrap_or_default())?;
        }
        Ok((verification, registry.audit(from, limit)?))
    })?;
    let mut diagnostics = Diagnostics::new();
    match asked {
        Some((verification, rows)) => fill(&mut config, &verification, &rows),
        None if !known.is_null() => {
            // A row was seen, so there was a registry.
            let place = governed.location().map(ToString::to_string).unwrap_or_default();
            return Err(crate::governed::Trouble::from(RegistryError::Missing(place)).into());
        }
        None => {
            config.insert("rows", Value::List(Vec::new()));
            config.insert("head_seq", 0_u64.into());
            diagnostics.push(nothing_on_record(governed));
        }
    }
    Ok(DataAnswer {
        value: config,
        diagnostics,
    })
}

fn compare(row: Option<&AuditRow>, seq: u64, hash: &str) -> Result<(), RegistryError> {
    let reason = match row {
        Some(row) if row.hash.to_string() == hash => return Ok(()),
        Some(_) => "it is another row than the one that was seen before",
        None => "it was seen before and is missing: the registry was replaced by an older copy",
    };
    Err(RegistryError::Tampered(Tampering {
        seq: Some(seq),
        subject: None,
        reason: reason.to_owned(),
    }))
}

fn fill(config: &mut Value, verification: &Verification, rows: &[AuditRow]) {
    config.insert("registry_id", verification.registry_id.as_str().into());
    config.insert("head_seq", verification.rows.into());
    config.insert("head", verification.head.to_string().into());
    config.insert("rows", Value::List(rows.iter().map(row).collect()));
}

fn row(row: &AuditRow) -> Value {
    Value::object([
        ("seq", Value::from(row.seq)),
        ("time", row.time.as_str().into()),
        ("actor", row.actor.as_str().into()),
        ("action", row.action.as_str().into()),
        ("subject", row.subject.as_str().into()),
        ("payload", row.payload.as_str().into()),
        ("previous", row.previous.to_string().into()),
        ("hash", row.hash.to_string().into()),
    ])
}
