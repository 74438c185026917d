//! A record of any other kind whose time ran out while the configuration goes on to want it.

use nhi_governance::{Environment, Evidence, Record as _, RecordId};
use nhi_registry::{RecordsExt as _, RegistryError};
use tfplugin::diagnostic::Diagnostic;
use tfplugin::value::Value;

use super::Kind;
use crate::governed::{FoundRecord, Governed};
use crate::report::lapsed::{Lapsed, renewal, too_late};

/// What to say of it; `renewed` is what would be declared to bring it back, and `write` says so.
pub(super) fn lapsed<K: Kind>(governed: &Governed, prior: &Value, renewed: &Value, write: &str) -> Diagnostic {
    let text = |name| prior.get(name).as_str().unwrap_or_default();
    let found = RecordId::parse(text("id"))
        .ok()
        .and_then(|id| governed.find_record::<K>(id, true).ok().flatten());
    let way = found
        .as_ref()
        .and_then(|found| way_back(governed, found, renewed, write));
    let environment = found
        .as_ref()
        .and_then(|found| Environment::parse(found.record.environment()).ok());
    let lapsed = Lapsed {
        word: K::WORD,
        id: text("id"),
        stands: &format!("Of this {}: {}.", K::WORD, text("status_reason")),
        otherwise: "If it is no longer needed, remove it.",
        way: &way.unwrap_or_else(|| format!("{write}.")),
        warns: found.is_some() && governed.warns_only(environment.as_ref()),
    };
    lapsed.told()
}

/// By renewal, with the approvals that it calls for; or not at all. Nothing where what is declared is not all known.
fn way_back<K: Kind>(governed: &Governed, found: &FoundRecord<K>, renewed: &Value, write: &str) -> Option<String> {
    let declared = K::judge(renewed).declaration?;
    let evidence = Evidence::waived();
    let tried = governed.ask(|registry| {
        registry.reading(|view| {
            let act = governed.act(&evidence, view, view.now()?);
            K::update(&found.record, declared.clone(), &crate::governed::Scene { view, act }).map(drop)
        })
    });
    if let Err(crate::governed::Trouble::Registry(RegistryError::Refused(problem))) = tried
        && problem.code.id == "NHI-EXPIRED"
    {
        return Some(too_late(&problem, "`nhi sweep`"));
    }
    Some(renewal(
        write,
        governed.approved_record::<K>(Some(&found.record), &declared),
    ))
}
