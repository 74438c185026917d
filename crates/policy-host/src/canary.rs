//! Changes that a module says its rules must flag, mixed in to see that they do.
//!
//! A canary stands at an address of its own, which follows from the plan: the same on every machine, and not known to
//! whoever wrote the module. What a module says about it is taken out of its findings again.

use std::borrow::Cow;

use nhi_plan::{Canary, Change, Description, Finding, Outcome, line};

use crate::limits::HostLimits;
use crate::{HostError, HostErrorKind};

/// How the module that a canary stands in begins its name.
const MODULE: &str = "module.canary_";

/// Says what is wrong with a canary, if anything.
pub(crate) fn problem(limits: &HostLimits, description: &Description, canary: &Canary) -> Option<String> {
    let rule = crate::error::quote(&canary.rule);
    if !description.rules.iter().any(|rule| rule.code == canary.rule) {
        return Some(format!(
            "a canary names the rule `{rule}`, which is not among the module's rules"
        ));
    }
    if canary.change.len() > limits.text_bytes {
        let (size, max) = (canary.change.len(), limits.text_bytes);
        return Some(format!(
            "the canary of rule `{rule}` has {size} bytes, {max} are allowed"
        ));
    }
    let mut change = match line::decode(&canary.change) {
        Ok(change) => change,
        Err(error) => return Some(format!("the canary of rule `{rule}`: {}", crate::error::quote(&error))),
    };
    let needs = description.needs(change.mode, &change.resource_type);
    let is_delivered = needs.is_some_and(|needs| needs.deliver(&mut change));
    (!is_delivered).then(|| format!("the canary of rule `{rule}` matches none of the module's interests"))
}

/// A canary in its place.
#[derive(Debug, Clone)]
pub(crate) struct Placed<'d> {
    rule: &'d str,
    pub(crate) change: Change<'static>,
}

/// The canaries of a session whose first change stands at `seed`, as the module is handed them.
pub(crate) fn place<'d>(description: &'d Description, seed: &str) -> Vec<Placed<'d>> {
    let canaries = description.canaries.iter().enumerate();
    canaries
        .filter_map(|(number, canary)| {
            // A line that cannot be read was refused when the module was loaded.
            let mut change = line::decode(&canary.change).ok()?;
            let module = format!("{MODULE}{:08x}", mark(seed, number));
            for address in [&mut change.address, &mut change.config_address] {
                *address = Cow::Owned(format!("{module}.{address}"));
            }
            change.module_address = match &*change.module_address {
                "" => Cow::Owned(module),
                inner => Cow::Owned(format!("{module}.{inner}")),
            };
            let needs = description.needs(change.mode, &change.resource_type)?;
            needs.deliver(&mut change).then_some(Placed {
                rule: &canary.rule,
                change: nhi_plan::redact(&change),
            })
        })
        .collect()
}

/// FNV-1a: it only has to differ from plan to plan, and to be the same everywhere.
fn mark(seed: &str, number: usize) -> u32 {
    let start = seed.bytes().chain(number.to_le_bytes());
    start.fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// Where in a batch of `length` changes the canary goes.
pub(crate) fn position(seed: &str, number: usize, length: usize) -> usize {
    usize::try_from(mark(seed, number)).unwrap_or(0) % length.saturating_add(1)
}

/// Takes what was said about the canaries out of `findings`; an error if one was not flagged.
pub(crate) fn collect(name: &str, placed: &[Placed<'_>], findings: &mut Vec<Finding>) -> Result<(), HostError> {
    for canary in placed {
        let is_flagged = findings.iter().any(|finding| {
            finding.rule == canary.rule
                && finding.outcome == Outcome::Violation
                && finding.address == canary.change.address
        });
        if !is_flagged {
            let message = format!(
                "rule `{}` did not flag the {} that the module declares as its canary",
                canary.rule, canary.change.resource_type
            );
            return Err(HostError::new(name, HostErrorKind::Canary, message));
        }
    }
    findings.retain(|finding| placed.iter().all(|canary| finding.address != canary.change.address));
    Ok(())
}
