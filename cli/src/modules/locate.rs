//! What the report shows of the blocks that findings are about.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use nhi_plan::{Change, Mode, Plan, json};

use super::World;
use crate::fingerprint;
use crate::report::{BlockFacts, Entry, Report};

/// A finding rests on the planned values.
const PLANNED: &str = "planned";
/// A finding rests on what was worked out from the configuration.
const CONFIGURATION: &str = "configuration";

/// Gives each finding what the report shows of its block. The plan is gone through again only when there is a finding.
pub(super) fn locate(plan: &Plan<'_>, world: World<'_>, report: &mut Report) {
    let principals = || {
        let entries = report.entries.iter().filter(|_| world.principals);
        entries.filter_map(|entry| entry.fact("principal"))
    };
    let is_principal: HashSet<String, RandomState> = principals().map(str::to_owned).collect();
    let addresses = report.entries.iter().map(|entry| entry.address.as_str());
    let wanted: HashSet<String, RandomState> = addresses.chain(principals()).map(str::to_owned).collect();
    if wanted.is_empty() {
        return;
    }
    // Only such blocks need working out. What is no resource gets its address by being worked out.
    let may_be = |_: Mode, _: &str, address: &str| address.is_empty() || wanted.contains(address);
    let mut entries: HashMap<String, Vec<&mut Entry>> = HashMap::new();
    for entry in &mut report.entries {
        entries.entry(entry.address.clone()).or_default().push(entry);
    }
    let mut known: HashMap<String, String> = HashMap::new();
    world.blocks(plan, &may_be).for_each(|change| {
        let address: &str = &change.address;
        if !wanted.contains(address) {
            return;
        }
        let values = change.after.as_deref().or(change.before.as_deref());
        let document = values.and_then(|text| json::parse(text).ok());
        let values = document.as_ref().map(json::Document::root);
        let facts = BlockFacts::of(&change, values);
        if is_principal.contains(address)
            && let Some(identity) = &facts.identity
        {
            known.insert(address.to_owned(), format!("{} {identity}", facts.resource_type));
        }
        for entry in entries.get_mut(address).into_iter().flatten() {
            enter(entry, &change, values);
            entry.block = Some(facts.clone());
        }
    });
    for entry in &mut report.entries {
        let principal = entry.fact("principal");
        entry.principal = principal.and_then(|address| known.get(address).cloned());
    }
}

/// What a finding takes from the values of its block.
fn enter(entry: &mut Entry, change: &Change<'_>, values: Option<json::Value<'_>>) {
    if let Some(values) = values.filter(|_| !entry.is_credential()) {
        entry.value_sha256 = fingerprint::value_sha256(change, values, &entry.path);
    }
    if entry.evidence == PLANNED && is_worked_out(change, &entry.path) {
        CONFIGURATION.clone_into(&mut entry.evidence);
    }
}

/// Whether the value at a path was worked out from the configuration.
fn is_worked_out(change: &Change<'_>, path: &str) -> bool {
    let resolved = change.attributes.iter().find(|(key, _)| key == "resolved");
    resolved.is_some_and(|(_, paths)| {
        paths.split(' ').any(|known| {
            let rest = path.strip_prefix(known);
            known == "." || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    })
}
