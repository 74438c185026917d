//! The report for programs. The shape is `docs/schemas/report-v1.schema.json`; members are only ever added.

use std::collections::BTreeMap;

use nhi_policy_file::Level;
use serde::Serialize;

use super::json_text;
use crate::report::{Aside, Because, Entry, ModuleRun, PlanFacts, PlanKind, Report, Status};

/// Version of the shape; a change that breaks a reader counts it up.
const FORMAT_VERSION: u32 = 1;

pub(crate) fn render(report: &Report) -> Result<String, serde_json::Error> {
    json_text::render(&Document::of(report))
}

#[derive(Debug, Serialize)]
struct Document<'r> {
    version: u32,
    tool: Tool,
    verdict: &'static str,
    exit_code: u8,
    threshold: Threshold,
    plan: Plan<'r>,
    checked: Checked,
    summary: BTreeMap<&'static str, usize>,
    findings: Vec<Finding<'r>>,
    not_counted: Vec<NotCounted<'r>>,
    modules: Vec<Module<'r>>,
    notes: &'r [String],
}

#[derive(Debug, Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct Threshold {
    fail_on: &'static str,
    fail_on_unverified: bool,
}

#[derive(Debug, Serialize)]
struct Plan<'r> {
    source: &'r str,
    kind: &'static str,
    sha256: Option<&'r str>,
    json_sha256: Option<&'r str>,
    shown_with: Option<&'r str>,
    format_version: Option<&'r str>,
    terraform_version: Option<&'r str>,
}

#[derive(Debug, Serialize)]
struct Checked {
    blocks: u64,
    modes: BTreeMap<&'static str, u64>,
    rules: usize,
}

#[derive(Debug, Serialize)]
struct Finding<'r> {
    code: &'r str,
    name: &'r str,
    outcome: &'static str,
    severity: &'static str,
    blocking: bool,
    level: Option<&'static str>,
    module: &'r str,
    address: &'r str,
    previous_address: Option<&'r str>,
    resource_type: Option<&'r str>,
    attribute: &'r str,
    location: Option<Location<'r>>,
    byte_offset: Option<u64>,
    message: &'r str,
    why: &'r str,
    help: &'r str,
    evidence: &'r str,
    controls: &'r [String],
    patch: Option<Patch<'r>>,
    attributes: Vec<Attribute<'r>>,
    value_sha256: Option<&'r str>,
    fingerprint: &'r str,
}

#[derive(Debug, Serialize)]
struct NotCounted<'r> {
    because: &'static str,
    waiver: Option<Waiver<'r>>,
    finding: Finding<'r>,
}

#[derive(Debug, Serialize)]
struct Waiver<'r> {
    reason: &'r str,
    owner: &'r str,
    expires: &'r str,
    place: &'r str,
}

#[derive(Debug, Serialize)]
struct Location<'r> {
    file: &'r str,
    line: u32,
    column: u32,
}

#[derive(Debug, Serialize)]
struct Patch<'r> {
    attribute: &'r str,
    replacement: &'r str,
}

#[derive(Debug, Serialize)]
struct Attribute<'r> {
    key: &'r str,
    value: &'r str,
}

#[derive(Debug, Serialize)]
struct Module<'r> {
    name: &'r str,
    version: &'r str,
    file: Option<&'r str>,
    sha256: Option<&'r str>,
    abi: Option<&'r str>,
    level: Option<&'static str>,
    sees_sensitive: bool,
    rules: Vec<&'r str>,
    completed: bool,
    usage: Option<Usage>,
}

#[derive(Debug, Serialize)]
struct Usage {
    changes: usize,
    fuel: u64,
    fuel_limit: u64,
    memory_peak_bytes: usize,
    output_bytes: usize,
    sessions: usize,
    canaries: usize,
}

impl<'r> Document<'r> {
    fn of(report: &'r Report) -> Self {
        let verdict = report.verdict();
        let mut summary: BTreeMap<_, _> = report
            .violations(|_| true)
            .map(|(severity, count)| (severity.as_str(), count))
            .collect();
        for status in [Status::Undecided, Status::Unverified] {
            summary.insert(status.as_str(), report.with(status).count());
        }
        summary.insert(
            "advisory",
            report.entries.iter().filter(|entry| entry.is_advisory()).count(),
        );
        summary.extend(report.aside_counts());
        Self {
            version: FORMAT_VERSION,
            tool: Tool {
                name: "nhi",
                version: env!("CARGO_PKG_VERSION"),
            },
            verdict: verdict.as_str(),
            exit_code: verdict.exit() as u8,
            threshold: Threshold {
                fail_on: report.threshold.fail_on.as_str(),
                fail_on_unverified: report.threshold.fail_on_unverified,
            },
            plan: Plan::of(&report.plan),
            checked: Checked {
                blocks: report.blocks.total(),
                modes: report.blocks.named().into_iter().collect(),
                rules: report.rule_count(),
            },
            summary,
            findings: report
                .entries
                .iter()
                .map(|entry| Finding::of(entry, report.blocks(entry)))
                .collect(),
            not_counted: report.asides.iter().map(NotCounted::of).collect(),
            modules: report.modules.iter().map(Module::of).collect(),
            notes: &report.notes,
        }
    }
}

impl<'r> Plan<'r> {
    fn of(plan: &'r PlanFacts) -> Self {
        Self {
            source: &plan.source,
            kind: match plan.kind {
                PlanKind::Json => "json",
                PlanKind::Stdin => "stdin",
                PlanKind::PlanFile => "plan-file",
            },
            sha256: plan.sha256.as_deref(),
            json_sha256: plan.json_sha256.as_deref(),
            shown_with: plan.shown_with.as_deref(),
            format_version: plan.format_version.as_deref(),
            terraform_version: plan.terraform_version.as_deref(),
        }
    }
}

impl<'r> Finding<'r> {
    fn of(entry: &'r Entry, blocking: bool) -> Self {
        let block = entry.block.as_ref();
        Self {
            code: &entry.code,
            name: &entry.name,
            outcome: entry.status.as_str(),
            severity: entry.severity.as_str(),
            blocking,
            level: entry.level.map(Level::as_str),
            module: &entry.module,
            address: &entry.address,
            previous_address: block.and_then(|block| block.previous_address.as_deref()),
            resource_type: block
                .map(|block| block.resource_type.as_str())
                .filter(|name| !name.is_empty()),
            attribute: &entry.path,
            location: entry.location().map(|at| Location {
                file: &at.file,
                line: at.line,
                column: at.column,
            }),
            byte_offset: entry.byte_offset,
            message: &entry.message,
            why: &entry.why,
            help: &entry.help,
            evidence: &entry.evidence,
            controls: &entry.controls,
            patch: entry.patch.as_ref().map(|patch| Patch {
                attribute: &patch.path,
                replacement: &patch.replacement,
            }),
            attributes: entry
                .attributes
                .iter()
                .map(|(key, value)| Attribute { key, value })
                .collect(),
            value_sha256: entry.value_sha256.as_deref(),
            fingerprint: &entry.fingerprint,
        }
    }
}

impl<'r> NotCounted<'r> {
    fn of(aside: &'r Aside) -> Self {
        Self {
            because: aside.because.as_str(),
            waiver: match &aside.because {
                Because::Existing | Because::Baseline => None,
                Because::Waived(waived) | Because::Excepted(waived) => Some(Waiver {
                    reason: &waived.reason,
                    owner: &waived.owner,
                    expires: &waived.expires,
                    place: &waived.place,
                }),
            },
            finding: Finding::of(&aside.entry, false),
        }
    }
}

impl<'r> Module<'r> {
    fn of(module: &'r ModuleRun) -> Self {
        Self {
            name: &module.name,
            version: &module.version,
            file: module.file.as_deref(),
            sha256: module.sha256.as_deref(),
            abi: module.abi.as_deref(),
            level: module.level.map(Level::as_str),
            sees_sensitive: module.sees_sensitive,
            rules: module.rules.iter().map(|rule| rule.code.as_str()).collect(),
            completed: module.usage.is_some(),
            usage: module.usage.as_ref().map(|usage| Usage {
                changes: usage.changes,
                fuel: usage.fuel,
                fuel_limit: usage.fuel_limit,
                memory_peak_bytes: usage.memory_peak_bytes,
                output_bytes: usage.output_bytes,
                sessions: usage.sessions,
                canaries: usage.canaries,
            }),
        }
    }
}
