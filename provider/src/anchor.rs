//! The end of the registry's log, in the private state of what was written: an older copy of the registry is noticed by
//! the next run.

use nhi_registry::Anchor;
use serde_json::json;
use tfplugin::value::Value;

/// The attribute of a state that shows it.
pub(crate) const ATTRIBUTE: &str = "audit_checkpoint";

/// The private state of something that was written when the log ended there.
pub(crate) fn keep(anchor: &Anchor) -> Vec<u8> {
    json!({ "anchor": anchor }).to_string().into_bytes()
}

/// The end of the log as it was then. What was written before there were anchors has none.
pub(crate) fn kept(private: &[u8]) -> Option<Anchor> {
    let mut kept: serde_json::Value = serde_json::from_slice(private).ok()?;
    serde_json::from_value(kept.get_mut("anchor")?.take()).ok()
}

/// The later one of those that a state and what lies beside it hold: a state can be moved without its private part.
pub(crate) fn latest(private: &[u8], state: &Value) -> Option<Anchor> {
    let shown = state.get(ATTRIBUTE).as_str().and_then(Anchor::parse);
    match (kept(private), shown) {
        (Some(kept), Some(shown)) if kept.registry == shown.registry && kept.seq < shown.seq => Some(shown),
        (kept, shown) => kept.or(shown),
    }
}
