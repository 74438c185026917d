//! Judges the same plans by two versions of a module, and says in what they differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use nhi_plan::{Context, Limits, RuleInfo, Severity};
use nhi_policy_file::{Locked, ModuleTerms};
use serde::Serialize;

use super::super::refused;
use super::super::resolve::Resolved;
use crate::exit::Failure;
use crate::input;
use crate::locked::Pinned;
use crate::modules::{Modules, Selection, World};
use crate::output::Progress;
use crate::report::{Entry, Problem, Report, Status, Threshold};
use crate::settings::Settings;

/// Bytes of a plan.
const PLAN_BYTES_MAX: u64 = 1 << 30;
/// Findings of one plan that are told.
const FINDINGS_MAX: usize = 1_000;

/// The plans that modules are compared on, and the policy that they are told.
pub(super) struct Plans {
    plans: Vec<(String, Vec<u8>)>,
    policy: Option<String>,
}

/// In what two versions differ.
#[derive(Debug, Serialize)]
pub(super) struct Compared {
    pub(super) rules_added: Vec<String>,
    pub(super) rules_removed: Vec<String>,
    pub(super) rules_changed: Vec<String>,
    pub(super) plans: Vec<OnPlan>,
}

/// In what two versions differ on one plan.
#[derive(Debug, Serialize)]
pub(super) struct OnPlan {
    pub(super) plan: String,
    /// What the old version used; `None` where it came to no end.
    pub(super) fuel_before: Option<u64>,
    pub(super) fuel_after: u64,
    pub(super) findings_before: usize,
    pub(super) findings_after: usize,
    pub(super) added: Vec<String>,
    pub(super) gone: Vec<String>,
}

/// What one version says of one plan.
struct Judged {
    fuel: u64,
    findings: BTreeSet<String>,
}

impl Plans {
    /// Reads plans; `policy` is the policy file.
    pub(super) fn read(paths: &[PathBuf], policy: &Path) -> Result<Self, Failure> {
        let mut plans = Vec::new();
        for path in paths {
            let shown = path.display().to_string();
            let unreadable = |why: String| {
                Failure::undecided(format!("the plan `{shown}` {why}"))
                    .help("name a plan as `tofu show -json` or `terraform show -json` writes it")
            };
            let bytes = input::read_file(path, PLAN_BYTES_MAX)
                .map_err(|error| unreadable(format!("cannot be read: {error}")))?
                .ok_or_else(|| unreadable(format!("has more than {PLAN_BYTES_MAX} bytes")))?;
            plans.push((shown, bytes));
        }
        Ok(Self {
            plans,
            policy: std::fs::read_to_string(policy).ok(),
        })
    }

    /// Compares a new version with what was locked.
    pub(super) fn compare(
        &self,
        name: &str,
        terms: &ModuleTerms,
        before: (&Locked, Vec<u8>),
        after: &Resolved,
    ) -> Result<Compared, Failure> {
        let (locked, wasm) = before;
        let old = Version {
            terms,
            locked,
            wasm: &wasm,
        };
        let new = Version {
            terms,
            locked: &after.locked,
            wasm: &after.wasm,
        };
        // The old one may refuse settings that are for the new one; its rules are told all the same.
        let old_rules = old.rules(name);
        let (mut added, mut removed, mut changed) = rules(&old_rules, &after.module.description().rules);
        let mut plans = Vec::new();
        for (plan, bytes) in &self.plans {
            let on = |version: &Version<'_>| version.judge(name, plan, bytes, self.policy.clone());
            let after = on(&new).map_err(refused)?;
            let before = on(&old).ok();
            plans.push(on_plan(plan, before, &after));
        }
        added.sort();
        removed.sort();
        changed.sort();
        Ok(Compared {
            rules_added: added,
            rules_removed: removed,
            rules_changed: changed,
            plans,
        })
    }
}

fn on_plan(plan: &str, before: Option<Judged>, after: &Judged) -> OnPlan {
    let fuel_before = before.as_ref().map(|before| before.fuel);
    let before = before.map(|before| before.findings).unwrap_or_default();
    let less =
        |one: &BTreeSet<String>, other: &BTreeSet<String>| one.difference(other).take(FINDINGS_MAX).cloned().collect();
    OnPlan {
        plan: plan.to_owned(),
        fuel_before,
        fuel_after: after.fuel,
        findings_before: before.len(),
        findings_after: after.findings.len(),
        added: less(&after.findings, &before),
        gone: less(&before, &after.findings),
    }
}

/// Codes of rules that were added, that are gone, and that weigh otherwise.
fn rules(before: &[RuleInfo], after: &[RuleInfo]) -> (Vec<String>, Vec<String>, Vec<String>) {
    let by_code = |rules: &[RuleInfo]| -> BTreeMap<String, (String, Severity)> {
        let entry = |rule: &RuleInfo| (rule.code.clone(), (rule.name.clone(), rule.severity));
        rules.iter().map(entry).collect()
    };
    let (before, after) = (by_code(before), by_code(after));
    let shown = |code: &String, (name, severity): &(String, Severity)| format!("{code} {name} ({severity})");
    let mut changed = Vec::new();
    for (code, (_, old)) in &before {
        if let Some((name, new)) = after.get(code).filter(|(_, new)| new != old) {
            changed.push(format!("{code} {name} (from {old} to {new})"));
        }
    }
    let added = after.iter().filter(|(code, _)| !before.contains_key(*code));
    let removed = before.iter().filter(|(code, _)| !after.contains_key(*code));
    (
        added.map(|(code, rule)| shown(code, rule)).collect(),
        removed.map(|(code, rule)| shown(code, rule)).collect(),
        changed,
    )
}

/// One version of a module, by the settings of today.
struct Version<'v> {
    terms: &'v ModuleTerms,
    locked: &'v Locked,
    wasm: &'v [u8],
}

impl Version<'_> {
    fn load(&self, name: &str, is_bare: bool) -> Result<Modules, Problem> {
        let mut terms = self.terms.clone();
        if is_bare {
            terms.settings = serde_json::Value::Object(serde_json::Map::new());
        }
        let pinned = Pinned::new(name, &terms, self.locked, self.wasm.to_vec());
        let mut problems = Vec::new();
        let modules = Modules::load(&Selection::default(), vec![pinned], &mut problems)?;
        match problems.into_iter().next() {
            None => Ok(modules),
            Some(problem) => Err(problem),
        }
    }

    fn rules(&self, name: &str) -> Vec<RuleInfo> {
        let loaded = self.load(name, false).or_else(|_| self.load(name, true));
        let modules = loaded.iter().flat_map(Modules::about);
        let own = modules.filter(|about| about.description.name == name);
        own.flat_map(|about| about.description.rules.clone()).collect()
    }

    /// Judges a plan as a check does, the built-in analyzer first, whose graph a module may ask for.
    fn judge(&self, name: &str, shown: &str, bytes: &[u8], policy: Option<String>) -> Result<Judged, Problem> {
        let unreadable = |error: nhi_plan::ReadError| Problem {
            code: error.code,
            subject: shown.to_owned(),
            byte_offset: Some(error.offset),
            message: error.message.into_owned(),
            help: error.help.into_owned(),
        };
        let modules = self.load(name, false)?;
        let decoded = nhi_plan::decode(bytes).map_err(unreadable)?;
        let plan = decoded.read(&Limits::default()).map_err(unreadable)?;
        let context = Context {
            now: "2026-01-01T00:00:00Z".to_owned(),
            format_version: plan.format_version.to_string(),
            terraform_version: plan.terraform_version.to_string(),
            policy,
            ..Context::default()
        };
        let world = World {
            is_before: false,
            evaluation: None,
            principals: false,
        };
        let mut report = Report::new(Threshold {
            fail_on: Severity::High,
            fail_on_unverified: false,
        });
        modules.enrol(&mut report);
        let ran = modules.run(
            &plan,
            world,
            &context,
            &Settings::default(),
            &mut report,
            &mut Progress::new(),
        );
        ran.map_err(|failure| undecided(name, failure.message, failure.help))?;
        report.finish();
        if let Some(entry) = report.with(Status::Undecided).next() {
            return Err(undecided(&entry.address, entry.message.clone(), entry.help.clone()));
        }
        let own = |entry: &&Entry| entry.module == name;
        let used = report.modules.iter().find(|module| module.name == name);
        Ok(Judged {
            fuel: used.and_then(|module| module.usage).map_or(0, |usage| usage.fuel),
            findings: report.entries.iter().filter(own).map(told).collect(),
        })
    }
}

#[cold]
fn undecided(subject: &str, message: String, help: String) -> Problem {
    Problem {
        code: "NHI-MODULE-UNDECIDED",
        subject: subject.to_owned(),
        byte_offset: None,
        message,
        help,
    }
}

fn told(entry: &Entry) -> String {
    let path = if entry.path.is_empty() {
        String::new()
    } else {
        format!(", attribute {}", entry.path)
    };
    let unsure = if entry.status == Status::Unverified {
        "unverified, "
    } else {
        ""
    };
    format!(
        "{unsure}{} {} {}{path}: {}",
        entry.severity, entry.code, entry.address, entry.message
    )
}
