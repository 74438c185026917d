//! From what a rule says to findings: a text, or an object with `msg`, as conftest takes them.

use nhi_policy_sdk::{Finding, Findings, Severity};
use regorus::Value;

use crate::bundle::string;
use crate::policy::Unit;

/// Bytes of one text; the host refuses a module whose texts are longer than 4 KiB.
const TEXT_BYTES_MAX: usize = 4_000;

/// Makes findings of a rule's answer. `address` is that of the block, where the rule saw one alone.
pub(crate) fn read(unit: &Unit, answer: &Value, address: Option<&str>, findings: &mut Findings) -> Result<(), String> {
    match answer {
        Value::Set(items) => items.iter().try_for_each(|item| one(unit, item, address, findings)),
        Value::Array(items) => items.iter().try_for_each(|item| one(unit, item, address, findings)),
        Value::Undefined => Ok(()),
        _ => Err(format!("`{}` is not a set of messages", unit.path)),
    }
}

fn one(unit: &Unit, item: &Value, address: Option<&str>, findings: &mut Findings) -> Result<(), String> {
    let message = item
        .as_string()
        .ok()
        .map(ToString::to_string)
        .or_else(|| string(item, "msg"));
    let message = message.ok_or_else(|| {
        format!(
            "`{}` says something that is neither a text nor an object with the text `msg`",
            unit.path
        )
    })?;
    let metadata = item
        .as_object()
        .ok()
        .and_then(|object| object.get(&Value::from("metadata")));
    let said = |name: &str| string(item, name).or_else(|| metadata.and_then(|metadata| string(metadata, name)));
    let own = said("address").or_else(|| said("resource_address"));
    let at = own.as_deref().or(address).unwrap_or_default();
    let mut finding = Finding::new(unit.rule.code.as_str(), cut(at))
        .message(cut(&message))
        .at(said("path").map_or(String::new(), |path| cut(&path)))
        .remediation(cut(&said("remediation").unwrap_or_else(|| unit.remediation.clone())));
    finding.severity = said("severity").and_then(|word| word.to_lowercase().parse::<Severity>().ok());
    if said("outcome").as_deref() == Some("unverified") {
        finding = finding.unverified();
    }
    findings.push(finding);
    Ok(())
}

fn cut(text: &str) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    format!("{}…", text.get(..end).unwrap_or_default())
}
