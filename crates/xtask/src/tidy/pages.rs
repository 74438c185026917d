//! Everything a user can name has a page or an example: resources, rules, and the codes that stop a run.

use std::collections::BTreeSet;

use super::{Complaint, Source};

/// Every file in `provider/src/resources/` has an example and a page, and every example a resource.
pub(super) fn resources(sources: &[Source]) -> Vec<Complaint> {
    let names = |prefix: &str, suffix: &str| -> BTreeSet<String> {
        sources
            .iter()
            .filter_map(|source| source.path.strip_prefix(prefix)?.strip_suffix(suffix))
            .filter(|name| !name.contains('/'))
            .map(str::to_owned)
            .collect()
    };
    let built = names("provider/src/resources/", ".rs");
    let examples = names("examples/resources/nhi_", "/resource.tf");
    let imports = names("examples/resources/nhi_", "/import.sh");
    let mut complaints = Vec::new();
    for name in &built {
        if !examples.contains(name) {
            complaints.push(format!(
                "resource `nhi_{name}`: write examples/resources/nhi_{name}/resource.tf"
            ));
        }
        if !imports.contains(name) {
            complaints.push(format!(
                "resource `nhi_{name}`: write examples/resources/nhi_{name}/import.sh"
            ));
        }
    }
    for name in examples.difference(&built) {
        complaints.push(format!(
            "examples/resources/nhi_{name} is the example of no resource: remove it"
        ));
    }
    complaints
}

/// Every rule has a page in docs/rules, and every page a rule or a code that stops a run.
pub(super) fn rules(sources: &[Source], codes: &[&str]) -> Vec<Complaint> {
    let pages = rule_pages(sources);
    let mut complaints = Vec::new();
    for code in codes.iter().filter(|code| !pages.contains(**code)) {
        complaints.push(format!(
            "rule `{code}`: no page docs/rules/{code}.md; run `cargo xtask gen`"
        ));
    }
    let named = stop_codes_in(sources);
    for page in pages {
        if page != "index" && !codes.contains(&page.as_str()) && !named.contains(&page) {
            complaints.push(format!(
                "docs/rules/{page}.md explains a code that nothing uses: remove it"
            ));
        }
    }
    complaints
}

/// Every code in the sources that stops a run (`NHI-PLAN-DUP`) has a page too.
pub(super) fn stop_codes(sources: &[Source]) -> Vec<Complaint> {
    let pages = rule_pages(sources);
    stop_codes_in(sources)
        .into_iter()
        .filter(|code| !pages.contains(code))
        .map(|code| {
            format!("code `{code}`: no page docs/rules/{code}.md; add it to the explanations, run `cargo xtask gen`")
        })
        .collect()
}

/// The docs of a rule, given as code and Markdown, carry the fixed headings in order.
pub(super) fn headings(rules: &[(&str, &str)], headings: &[&str]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (code, docs) in rules {
        let found: Vec<&str> = docs
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .map(str::trim)
            .collect();
        if found != headings {
            complaints.push(format!(
                "rule `{code}`: its docs need exactly the headings {}",
                headings.join(" · ")
            ));
        }
    }
    complaints
}

fn rule_pages(sources: &[Source]) -> BTreeSet<String> {
    sources
        .iter()
        .filter_map(|source| source.path.strip_prefix("docs/rules/")?.strip_suffix(".md"))
        .map(str::to_owned)
        .collect()
}

/// Codes as they stand in shipped code, comments apart: `NHI-PLAN-DUP`, also inside a longer message.
fn stop_codes_in(sources: &[Source]) -> BTreeSet<String> {
    let shipped = ["analyzer-wasm/src/", "cli/src/", "crates/", "provider/src/"];
    let tools = ["crates/xtask/", "crates/tfplugin/", "/tests/"];
    let mut codes = BTreeSet::new();
    for source in sources
        .iter()
        .filter(|source| shipped.iter().any(|folder| source.path.starts_with(folder)))
    {
        if tools.iter().any(|part| source.path.contains(part)) {
            continue;
        }
        for line in source.text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let words = line.split(|character: char| {
                !character.is_ascii_uppercase() && !character.is_ascii_digit() && character != '-'
            });
            let is_code = |word: &&str| word.starts_with("NHI-") && word.len() > 4 && !word.ends_with('-');
            codes.extend(words.filter(is_code).map(str::to_owned));
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::super::fake;
    use super::*;

    #[test]
    fn a_resource_has_an_example_and_an_example_a_resource() {
        let good = [
            ("provider/src/resources/identity.rs", ""),
            ("provider/src/resources/identity/schema.rs", ""),
            ("examples/resources/nhi_identity/resource.tf", ""),
            ("examples/resources/nhi_identity/import.sh", ""),
        ];
        assert_eq!(resources(&fake(&good)), Vec::<String>::new());
        assert_eq!(resources(&fake(&good[..1])).len(), 2, "example and import");
        assert_eq!(resources(&fake(&good[2..])).len(), 1, "an example of nothing");
    }

    #[test]
    fn a_rule_has_a_page_and_a_page_a_rule() {
        let pages = fake(&[("docs/rules/NHI001.md", ""), ("docs/rules/index.md", "")]);
        assert_eq!(rules(&pages, &["NHI001"]), Vec::<String>::new());
        assert!(rules(&pages, &["NHI001", "NHI002"])[0].contains("NHI002"));
        assert!(rules(&pages, &[])[0].contains("NHI001"));
    }

    #[test]
    fn a_code_that_stops_a_run_has_a_page() {
        let literal = concat!("\"NHI", "-PLAN-DUP\" \"NHI-x\" \"NHI-PLAN-\"");
        let bare = fake(&[("crates/plan/src/error.rs", literal), ("tests/it/a.rs", literal)]);
        assert_eq!(stop_codes(&bare).len(), 1);
        let paged = fake(&[
            ("crates/plan/src/error.rs", literal),
            ("docs/rules/NHI-PLAN-DUP.md", ""),
        ]);
        assert_eq!(stop_codes(&paged), Vec::<String>::new());
        assert_eq!(rules(&paged, &[]), Vec::<String>::new(), "its page is not an orphan");
    }

    #[test]
    fn the_docs_of_a_rule_have_fixed_headings() {
        assert!(headings(&[("NHI001", "## A\nx\n## B\ny\n")], &["A", "B"]).is_empty());
        for docs in ["", "## A\n", "## B\n## A\n", "## A\n## B\n## C\n"] {
            assert_eq!(headings(&[("NHI001", docs)], &["A", "B"]).len(), 1, "{docs:?}");
        }
    }
}
