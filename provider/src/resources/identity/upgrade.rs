//! Brings states of every schema that was ever released to the present one.
//!
//! A state is a cache: what an older version did not keep is null until the next read, which comes before every plan
//! that is not told to leave it out. Nothing is made up here, since the registry knows.

use tfplugin::codec::UnknownAttributes;
use tfplugin::diagnostic::Diagnostic;
use tfplugin::schema::Schema;
use tfplugin::server::StoredState;
use tfplugin::value::Value;

/// The schema's version, to be raised whenever an attribute comes, goes or changes its type.
pub(super) const VERSION: u32 = 1;

/// What each version added to the one before, which has none of it in its states.
const ADDED: [(i64, &[&str]); 1] = [(
    1,
    &[
        "approval_digests",
        "approved_by",
        "audit_checkpoint",
        "is_orphaned",
        "last_used_at",
        "request_digest",
        "review_due_at",
    ],
)];

pub(super) fn upgrade(version: i64, state: &StoredState<'_>, schema: &Schema) -> Result<Value, Diagnostic> {
    if !(0..=i64::from(VERSION)).contains(&version) {
        let detail = format!(
            "The state was written with version {version} of the schema of nhi_identity, this provider has versions 0 to \
             {VERSION}. Use the version of the provider that wrote the state, or a later one."
        );
        return Err(Diagnostic::error("State of another schema version", detail));
    }
    let mut upgraded = state.read(schema, UnknownAttributes::Refuse)?;
    for name in ADDED
        .iter()
        .filter(|(since, _)| *since > version)
        .flat_map(|(_, names)| *names)
    {
        // Only somebody's hand can have put it there, and it would be taken for what this provider wrote.
        upgraded.insert(name, Value::Null);
    }
    Ok(upgraded)
}
