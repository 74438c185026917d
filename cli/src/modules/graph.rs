//! The identity graph of a plan, for whoever is handed it without a check: the cases of a module.

use nhi_plan::{Context, Plan, Severity};
use nhi_policy_host::Host;

use crate::builtin;
use crate::commands::module::refused;
use crate::exit::Failure;
use crate::output;
use crate::report::{Entry, Report, Threshold};
use crate::sandbox::problem;
use crate::settings::Settings;

/// Who can become whom, as the built-in analyzer works it out: JSON as `nhi graph --format json` writes it.
pub(crate) fn graph(host: &Host, plan: &Plan<'_>, context: &Context) -> Result<String, Failure> {
    let failed = |error| refused(problem(builtin::NAME, error));
    let module = host
        .load_precompiled(builtin::NAME, builtin::ANALYZER)
        .map_err(failed)?;
    let description = module.description();
    let mut settings = Settings::parse(&[])?;
    settings.ask_for_graph()?;
    let found = host
        .run(&module, settings.of(&description.name), context, plan.blocks())
        .map_err(failed)?;
    // Nothing here is judged: the report only carries the edges to where they are written.
    let mut edges = Report::new(Threshold {
        fail_on: Severity::Critical,
        fail_on_unverified: false,
    });
    for finding in found.findings {
        if let Some(rule) = description.rules.iter().find(|rule| rule.code == finding.rule) {
            let entry = Entry::from_finding(&description.name, rule, finding);
            edges.entries.extend(Some(entry).filter(output::is_edge));
        }
    }
    output::render_graph(output::GraphFormat::Json, &edges)
}
