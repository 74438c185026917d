//! How an update is told: for people, and for programs.

use serde::Serialize;

use super::Updated;
use super::compare::{Compared, OnPlan};
use crate::exit::Failure;
use crate::output::{self, BOLD, DIM, GREEN, PLAIN, RED, Screen, YELLOW};

/// Findings of one plan that are spelled out for people.
const FINDINGS_SHOWN: usize = 20;

/// What there is to tell.
pub(super) struct Shown<'u> {
    pub(super) lock_file: String,
    pub(super) is_written: bool,
    pub(super) is_dry: bool,
    pub(super) updated: &'u [Updated],
}

#[derive(Debug, Serialize)]
struct Document<'u> {
    version: u32,
    lock_file: &'u str,
    changed: bool,
    dry_run: bool,
    modules: Vec<Module<'u>>,
}

#[derive(Debug, Serialize)]
struct Module<'u> {
    name: &'u str,
    from: Option<String>,
    to: String,
    changed: bool,
    signers: &'u [String],
    /// `null` where the bytes are the same, or those before are no longer at hand.
    compared: Option<&'u Compared>,
}

impl<'u> Module<'u> {
    fn of(updated: &'u Updated) -> Self {
        Self {
            name: &updated.name,
            from: updated.from.as_ref().map(ToString::to_string),
            to: updated.to.to_string(),
            changed: updated.is_changed,
            signers: &updated.signers,
            compared: updated.compared.as_ref(),
        }
    }
}

impl Shown<'_> {
    pub(super) fn json(&self) -> Result<String, Failure> {
        output::json(&Document {
            version: 1,
            lock_file: &self.lock_file,
            changed: self.is_written,
            dry_run: self.is_dry,
            modules: self.updated.iter().map(Module::of).collect(),
        })
    }

    pub(super) fn human(&self, width: usize) -> String {
        let mut screen = Screen::new(width);
        for updated in self.updated {
            module(&mut screen, updated);
        }
        let told = match (self.is_written, self.is_dry) {
            (true, _) => "written: commit it",
            (false, true) => "left as it is: this was a dry run",
            (false, false) => "says the newest already",
        };
        screen.line(&[(PLAIN, &self.lock_file), (PLAIN, " "), (GREEN, told)]);
        screen.into_text()
    }
}

fn module(screen: &mut Screen, updated: &Updated) {
    let to = updated.to.to_string();
    let told = match &updated.from {
        None => format!("new, {to}"),
        Some(_) if !updated.is_changed => format!("stays {to}"),
        Some(from) if *from == updated.to => format!("{to}, locked anew"),
        Some(from) if *from > updated.to => format!("down from {from} to {to}"),
        Some(from) => format!("{from} to {to}"),
    };
    let is_down = updated.from.as_ref().is_some_and(|from| *from > updated.to);
    screen.line(&[
        (BOLD, &updated.name),
        (PLAIN, "  "),
        (if is_down { RED } else { PLAIN }, &told),
    ]);
    if !updated.signers.is_empty() {
        screen.field(2, "signed by", PLAIN, &updated.signers.join(", "));
    }
    if updated.is_lost {
        let lost = "the bytes that were locked are no longer at hand, so nothing can be compared";
        screen.field(2, "note     ", YELLOW, lost);
    }
    let Some(compared) = &updated.compared else { return };
    for (label, style, rules) in [
        ("rule +   ", GREEN, &compared.rules_added),
        ("rule -   ", RED, &compared.rules_removed),
        ("rule *   ", YELLOW, &compared.rules_changed),
    ] {
        for rule in rules {
            screen.field(2, label, style, rule);
        }
    }
    for plan in &compared.plans {
        on_plan(screen, plan);
    }
}

fn on_plan(screen: &mut Screen, plan: &OnPlan) {
    screen.field(2, "plan     ", BOLD, &plan.plan);
    let fuel = match plan.fuel_before {
        Some(before) => format!("{before} to {}{}", plan.fuel_after, share(before, plan.fuel_after)),
        None => format!("{}; the version before came to no end on this plan", plan.fuel_after),
    };
    screen.field(4, "fuel    ", PLAIN, &fuel);
    let findings = format!(
        "{} to {}: {} new, {} gone",
        plan.findings_before,
        plan.findings_after,
        plan.added.len(),
        plan.gone.len()
    );
    screen.field(4, "findings", PLAIN, &findings);
    for (sign, style, list) in [("+", GREEN, &plan.added), ("-", RED, &plan.gone)] {
        for finding in list.iter().take(FINDINGS_SHOWN) {
            screen.field(6, sign, style, finding);
        }
        let more = list.len().saturating_sub(FINDINGS_SHOWN);
        if more > 0 {
            screen.field(6, sign, DIM, &format!("and {more} more; `--format json` lists them"));
        }
    }
}

/// How much more or less that is, in whole per cent.
fn share(before: u64, after: u64) -> String {
    let (before, after) = (i128::from(before), i128::from(after));
    match after.saturating_sub(before).saturating_mul(100).checked_div(before) {
        None | Some(0) => String::new(),
        Some(share) => format!(" ({share:+} %)"),
    }
}
