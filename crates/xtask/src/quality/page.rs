//! Writes the page that records a measurement.

use std::fmt::Write as _;

use super::cases::{Case, Origin};
use super::checkov::Verdicts;
use super::matrix::{Counts, Matrix};

pub(crate) fn render(cases: &[Case], matrix: &Matrix, peer: Option<&Verdicts>) -> String {
    let mut page = String::from("<!-- Written by `cargo xtask quality --write`. Do not edit. -->\n# Quality\n\n");
    page.push_str("```sh\ncargo xtask quality\n```\n\nmeasures everything on this page: `nhi check` on labelled plans, one verdict for every label.\n");
    page.push_str("A finding above `info` that no label names counts as a false positive, in every case.\n");
    page.push_str("A violation that comes out as unverified counts as missed.\n");
    page.push_str("The cases are ours, so the page proves that the rules do what they say, not how they do on plans of others.\nLabels were written with the rules at hand, and some were corrected after a rule had shown them wrong: read the figures as consistency, not as accuracy on plans never seen.\n\n");
    origins(&mut page, cases);
    page.push_str("## Confusion matrix\n\n| rule | found | missed | of these unverified | false positives | near misses passed | recall | precision |\n|---|---|---|---|---|---|---|---|\n");
    for (rule, counts) in &matrix.rules {
        row(&mut page, rule, *counts);
    }
    row(&mut page, "all", matrix.total());
    page.push('\n');
    match peer {
        Some(peer) => beside(&mut page, peer),
        None => page.push_str("The peer was not installed when this page was written.\n"),
    }
    page
}

fn origins(page: &mut String, cases: &[Case]) {
    let count = |origin| cases.iter().filter(|case| case.origin == origin).count();
    let _ = writeln!(page, "## Cases\n\n| plans | made by |\n|---|---|");
    let _ = writeln!(
        page,
        "| {} | Terraform with the real AWS provider 5.100.0 |",
        count(Origin::Aws)
    );
    let _ = writeln!(
        page,
        "| {} | the same, after applies against an emulation of AWS: updates, replacements, drift, prior state |",
        count(Origin::Moto)
    );
    let _ = writeln!(
        page,
        "| {} | hand, in the shape that the provider emits |",
        count(Origin::Shape)
    );
    let _ = writeln!(page, "| {} | in all |\n", cases.len());
}

fn row(page: &mut String, name: &str, counts: Counts) {
    let _ = writeln!(
        page,
        "| {name} | {} | {} | {} | {} | {} | {:.3} | {:.3} |",
        counts.true_positive,
        counts.false_negative,
        counts.unverified,
        counts.false_positive,
        counts.true_negative,
        counts.recall(),
        counts.precision()
    );
}

fn beside(page: &mut String, peer: &Verdicts) {
    let _ = writeln!(
        page,
        "## Beside a peer\n\nCheckov {} on the same plan JSON, its checks on the same subjects only.\nA case counts as found when any such check fails on it, whatever the check says; a near miss is a false alarm when one does.\n",
        peer.version
    );
    page.push_str("| subject | found | missed | false alarms | near misses passed |\n|---|---|---|---|---|\n");
    for (subject, tally) in &peer.subjects {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} |",
            subject.name(),
            tally.found,
            tally.missed,
            tally.false_alarm,
            tally.silent
        );
    }
}
