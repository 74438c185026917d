//! The section of a rule's page that says how other tools treat the same thing.
//!
//! A rule without a row fails the generator, so that the comparison is made when the rule is.

use anyhow::{Context as _, Result, ensure};

const TABLE: &str = include_str!("../../../../analyzer-wasm/data/peers.tsv");

/// The section for the rule with this code, as Markdown.
pub(super) fn section(code: &str) -> Result<String> {
    let row = TABLE
        .lines()
        .find(|line| line.split('\t').next() == Some(code))
        .with_context(|| format!("{code} has no row in `analyzer-wasm/data/peers.tsv`"))?;
    let mut fields = row.split('\t').skip(1);
    let mut field = || {
        fields
            .next()
            .with_context(|| format!("{code}: its row in `peers.tsv` lacks a column"))
    };
    let (checkov, trivy, difference) = (field()?, field()?, field()?);
    ensure!(difference.ends_with('.'), "{code}: what differs is a sentence");
    Ok(format!(
        "## Beside other tools\n\n| tool | its checks on the same subject |\n|---|---|\n| Checkov | {} |\n| Trivy | {} |\n| OPA with conftest, Sentinel | none shipped: what their user writes |\n\n{difference}\n",
        list(checkov),
        list(trivy)
    ))
}

fn list(field: &str) -> String {
    if field == "-" {
        return String::from("none");
    }
    let names: Vec<String> = field.split(',').map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_compared_and_nothing_else_is() {
        let codes: Vec<_> = nhi_analyzer::rules().iter().map(|rule| rule.code).collect();
        for code in &codes {
            let section = section(code).unwrap();
            assert!(section.contains("Checkov"), "{section}");
        }
        let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
        let listed: Vec<_> = rows.filter_map(|line| line.split('\t').next()).collect();
        assert!(listed.is_sorted_by(|left, right| left < right), "{listed:?}");
        assert_eq!(listed, codes, "one row for each rule");
    }

    #[test]
    fn a_rule_without_a_row_is_an_error() {
        assert!(section("NHI999").is_err());
    }
}
