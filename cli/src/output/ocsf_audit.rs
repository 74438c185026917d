//! OCSF API Activity (class 6003): an event for each row of the audit log.

use nhi_registry::AuditRow;
use serde_json::{Value, json};

use super::ocsf::SCHEMA_VERSION;

const CLASS: u32 = 6003;
const CATEGORY: u32 = 6;
/// An activity that the class does not name.
const OTHER: u32 = 99;

/// What an audit row tells, the same bytes for the same row.
pub(crate) fn event(registry_id: &str, row: &AuditRow) -> Value {
    let (kind, verb) = row.action.split_once('.').unwrap_or(("registry", &row.action));
    let (activity_id, activity) = activity(verb);
    // Of what OCSF has no word for, the name is the source's own.
    let name_of_activity = if activity_id == OTHER { verb } else { activity };
    let payload: Value = serde_json::from_str(&row.payload).unwrap_or_else(|_| Value::String(row.payload.clone()));
    let name = payload.get("name").and_then(Value::as_str).unwrap_or(&row.subject);
    // An actor is `user@host` where it could be told; the host is where the call came from.
    let host = row.actor.rsplit_once('@').map_or("unknown", |(_, host)| host);
    let time = row.time.parse::<jiff::Timestamp>();
    json!({
        "activity_id": activity_id,
        "activity_name": name_of_activity,
        "category_uid": CATEGORY,
        "category_name": "Application Activity",
        "class_uid": CLASS,
        "class_name": "API Activity",
        "type_uid": CLASS * 100 + activity_id,
        "type_name": format!("API Activity: {activity}"),
        "time": time.map_or(0, jiff::Timestamp::as_millisecond),
        "severity_id": 1,
        "severity": "Informational",
        "status_id": 1,
        "status": "Success",
        "message": format!("{}: {name}", row.action),
        "metadata": {
            "version": SCHEMA_VERSION,
            "product": { "name": "nhi", "vendor_name": "terraform-provider-nhi", "version": env!("CARGO_PKG_VERSION") },
            "uid": row.hash.to_string(),
            "sequence": row.seq,
            "original_time": row.time,
            "log_name": format!("nhi/{registry_id}"),
        },
        "actor": { "user": { "name": row.actor } },
        "api": { "operation": row.action, "service": { "name": "nhi registry" } },
        "src_endpoint": { "name": host },
        "resources": [{ "uid": row.subject, "name": name, "type": kind }],
        "unmapped": { "payload": payload, "previous": row.previous.to_string() },
    })
}

/// OCSF knows creating, reading, updating and deleting.
fn activity(verb: &str) -> (u32, &'static str) {
    match verb {
        "created" => (1, "Create"),
        "revoked" | "ended" | "offboarded" => (4, "Delete"),
        "accepted" | "used" => (OTHER, "Other"),
        _ => (3, "Update"),
    }
}
