//! The list of rules, sorted by code; a new rule is one file beside the others and one line here.

mod administer_iam;
mod allow_everything;
mod allow_with_not_action;
mod aws_access_key;
mod broad_data_access;
#[cfg(test)]
pub(crate) mod cases;
mod credential_literal;
mod grant;
mod identity_edge;
mod privilege_escalation;
mod service_wide_wildcard;
mod unbounded_pass_role;
mod ungoverned_identity;
mod wildcard_trust;

use crate::rule::Rule;

static RULES: [&Rule; 12] = [
    &allow_everything::RULE,
    &administer_iam::RULE,
    &wildcard_trust::RULE,
    &privilege_escalation::RULE,
    &service_wide_wildcard::RULE,
    &broad_data_access::RULE,
    &allow_with_not_action::RULE,
    &unbounded_pass_role::RULE,
    &aws_access_key::RULE,
    &credential_literal::RULE,
    &ungoverned_identity::RULE,
    &identity_edge::RULE,
];

/// Every rule, in the order of their codes.
pub fn rules() -> &'static [&'static Rule] {
    &RULES
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_list_is_sorted_and_complete() {
        let codes: Vec<_> = rules().iter().map(|rule| rule.code).collect();
        assert!(codes.is_sorted_by(|left, right| left < right), "{codes:?}");
        let names: BTreeSet<_> = rules().iter().map(|rule| rule.name.replace('-', "_")).collect();
        assert_eq!(names.len(), rules().len(), "a name is used twice");
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/rules");
        let files = std::fs::read_dir(directory).expect("rules directory");
        let stems = files.map(|file| {
            file.expect("entry")
                .path()
                .file_stem()
                .expect("stem")
                .to_string_lossy()
                .into_owned()
        });
        // `cases` and `grant` are shared by rules and are none.
        let stems: BTreeSet<_> = stems.filter(|stem| stem != "cases" && stem != "grant").collect();
        assert_eq!(stems, names, "a rule's file is named after the rule");
    }

    #[test]
    fn every_rule_has_a_whole_page() {
        for rule in rules() {
            assert!(rule.code.starts_with("NHI") && rule.code.len() == 6, "{}", rule.code);
            assert!(
                !rule.summary.is_empty() && !rule.summary.ends_with('.'),
                "{}: summary",
                rule.code
            );
            assert!(!rule.why.is_empty() && !rule.why.ends_with('.'), "{}: why", rule.code);
            assert!(
                rule.controls.iter().any(|control| control.starts_with("NHI")),
                "{}: OWASP id",
                rule.code
            );
            assert!(
                rule.controls.iter().any(|control| control.starts_with("CWE-")),
                "{}: CWE id",
                rule.code
            );
            let headings: Vec<_> = rule.docs.lines().filter_map(|line| line.strip_prefix("## ")).collect();
            assert_eq!(headings, Rule::HEADINGS, "{}", rule.code);
            let sections = rule.docs.split("## ").skip(1);
            for section in sections {
                let (heading, text) = section.split_once('\n').expect("text under a heading");
                assert!(text.trim().len() > 20, "{}: {heading} is empty", rule.code);
            }
            assert_eq!(
                rule.docs.matches("```terraform").count(),
                2,
                "{}: bad and good example",
                rule.code
            );
        }
    }
}
