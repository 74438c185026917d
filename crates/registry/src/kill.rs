//! The kill switch: thrown once on record, whatever has to be written of each identity afterwards.

use std::sync::Arc;

use nhi_governance::{Act, Evidence, Kill, KillSelector};

use crate::records::RecordsExt as _;
use crate::{Actor, RecordFilter, Registry, RegistryError, View};

impl View<'_> {
    /// Every throw of the kill switch, the last one of each selector.
    pub fn kills(&self) -> Result<Arc<[Kill]>, RegistryError> {
        Ok(self.list::<Kill>(&RecordFilter::default())?.into())
    }
}

/// Like everything that only takes away, it asks neither for approvals nor for a clock that is right.
pub(crate) fn throw(
    registry: &(impl Registry + ?Sized),
    actor: &Actor,
    selector: &KillSelector,
    reason: &str,
) -> Result<Kill, RegistryError> {
    let none = Evidence::default();
    registry.writing(actor, |writer| {
        let kills = writer.kills()?;
        let epoch = kills.iter().map(Kill::epoch).max().unwrap_or_default();
        let live = kills.iter().find(|kill| kill.selector() == selector);
        // One text is one record, also where a vendor has come to be known by more ids.
        let key = selector.to_string();
        let live = live.or_else(|| kills.iter().find(|kill| kill.selector().to_string() == key));
        let act = Act {
            by: actor.as_str(),
            evidence: &none,
            policy: writer.policy(),
            now: writer.now(),
        };
        let id = writer.next_id()?;
        let thrown = Kill::throw(id, live, selector.clone(), epoch.saturating_add(1), reason, &act);
        if live.is_some() {
            writer.replace(thrown, &none)
        } else {
            writer.insert(thrown, &none)
        }
    })
}
