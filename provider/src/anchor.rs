//! The end of the registry's log, in the private state of what was written: an older copy of the registry is noticed by
//! the next run.

use nhi_registry::Anchor;
use serde_json::json;

/// The private state of something that was written when the log ended there.
pub(crate) fn keep(anchor: &Anchor) -> Vec<u8> {
    json!({ "anchor": anchor }).to_string().into_bytes()
}

/// The end of the log as it was then. What was written before there were anchors has none.
pub(crate) fn kept(private: &[u8]) -> Option<Anchor> {
    let mut kept: serde_json::Value = serde_json::from_slice(private).ok()?;
    serde_json::from_value(kept.get_mut("anchor")?.take()).ok()
}
