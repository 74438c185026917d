//! Measures how well the analyzer judges: labelled plans in, a confusion matrix per rule out, a peer beside it.
//!
//! A case says which rules must speak at which address and which must stay silent; whatever a rule says above `info`
//! without a label counts against it, in every case, also where nobody thought of that rule.

pub(crate) mod cases;
mod checkov;
pub(crate) mod judge;
mod matrix;
mod page;

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::build::{self, Profile};
use crate::shell::Workspace;
use matrix::Matrix;

/// Below this share of either, the task fails.
const TARGET: f64 = 0.98;
/// Above this share of its fuel for one case, the limits of the sandbox leave too little room for plans of tomorrow.
pub(crate) const FUEL_SHARE_MAX: f64 = 0.5;
/// The page that holds the last measurement.
const PAGE: &str = "docs/quality.md";

pub(crate) fn run(workspace: &Workspace, write: bool) -> Result<()> {
    let nhi = build::run(workspace, Profile::Debug)?.nhi;
    let cases = cases::load(&workspace.root)?;
    ensure!(!cases.is_empty(), "there are no labelled cases");
    let mut matrix = Matrix::default();
    let mut costliest = (0.0, "");
    for case in &cases {
        let judged = judge::judge(&nhi, case)?;
        matrix.add(case, &judged.findings);
        if judged.fuel_share > costliest.0 {
            costliest = (judged.fuel_share, case.name.as_str());
        }
    }
    let (share, name) = costliest;
    println!("most fuel: {:.1} % of what is given, by {name}", share * 100.0);
    for mistake in &matrix.mistakes {
        println!("{mistake}");
    }
    let peer = checkov::verdicts(workspace, &cases)?;
    if peer.is_none() {
        eprintln!("SKIPPED: the peer; `pip install checkov` puts it on PATH");
    }
    let text = page::render(&cases, &matrix, peer.as_ref());
    println!("{text}");
    if write {
        let path = workspace.root.join(PAGE);
        fs::write(&path, text).with_context(|| format!("write `{PAGE}`"))?;
    }
    let total = matrix.total();
    ensure!(
        total.recall() >= TARGET && total.precision() >= TARGET,
        "recall {:.3} and precision {:.3}: both must be at least {TARGET}",
        total.recall(),
        total.precision()
    );
    ensure!(
        share <= FUEL_SHARE_MAX,
        "`{name}` uses {:.0} % of its fuel: `fuel_base` and `fuel_per_byte` are to be set anew",
        share * 100.0
    );
    Ok(())
}
