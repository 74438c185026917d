//! The world that a plan starts from, as blocks: what tells a change's own findings from those that were there.
//!
//! It shows less rather than more where the plan does not say: what is taken for new by mistake is looked at once
//! too often, what is taken for old by mistake is never looked at.

use crate::blocks::Wanted;
use crate::change::{Action, Change, Mode, Reference};
use crate::json::{self, Document};
use crate::path::{Segment, parse};
use crate::plan::Plan;

/// Facts about the change that are not facts about the object.
const OF_THE_CHANGE: [&str; 5] = [
    "action_reason",
    "deferred_reason",
    "generated_config",
    "importing",
    "replace_paths",
];

impl Plan<'_> {
    /// The blocks that `wanted` says yes to as they were before the plan: each says that nothing happens to it.
    ///
    /// What did not exist is missing, and so are providers and variables, of which a plan does not tell what they
    /// were. An address is the one that the plan knows the object under.
    pub fn blocks_before<'p>(&'p self, wanted: Wanted<'p>) -> impl Iterator<Item = Change<'p>> {
        self.blocks_wanted(wanted).filter_map(before)
    }
}

fn before(mut change: Change<'_>) -> Option<Change<'_>> {
    if matches!(change.mode, Mode::Provider | Mode::Variable) {
        return None;
    }
    let before = change.before.clone()?;
    if change.actions != [Action::NoOp] {
        // The configuration is that of the wanted world; it explains only what stays as it is.
        let after = change.after.take();
        change
            .references
            .retain(|reference| is_unchanged(reference, &before, after.as_deref()));
        change.configuration = None;
        change.attributes.retain(|(key, _)| key != "provisioners");
    }
    change.after = Some(before);
    change.actions = vec![Action::NoOp];
    change.unknown_paths.clear();
    change.attributes.retain(|(key, _)| !OF_THE_CHANGE.contains(&&**key));
    Some(change)
}

/// Whether the attribute that holds the reference has the same known value before and after.
fn is_unchanged(reference: &Reference<'_>, before: &str, after: Option<&str>) -> bool {
    let top = parse(&reference.path).and_then(|segments| match segments.into_iter().next() {
        Some(Segment::Key(key)) => Some(key),
        _ => None,
    });
    let (Some(top), Some(after)) = (top, after) else {
        return false;
    };
    let (Ok(before), Ok(after)) = (json::parse(before), json::parse(after)) else {
        return false;
    };
    let value = |document: &Document<'_>| document.root().get(&top).map(|value| value.raw().to_owned());
    let (before, after) = (value(&before), value(&after));
    before.is_some() && before == after
}
