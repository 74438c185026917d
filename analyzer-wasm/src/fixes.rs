//! What the analyzer offers to repair by itself: one attribute of one resource type, and the text that goes there.
//!
//! A table, so that every repair that is claimed can be planned, made, planned again and judged again by a test. Only
//! what is surely right stands in it: one value is the safe one, nothing else has to change with it, and the resource
//! that serves others stays where it is.

use nhi_plan::Patch;

use crate::facts::Block;
use crate::rule::Rule;

/// A repair that a rule may offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fix {
    /// The rule that offers it.
    pub code: &'static str,
    /// The type of the resource that is changed.
    pub resource_type: &'static str,
    /// The attribute that is replaced.
    pub path: &'static str,
    /// The HCL text that goes there.
    pub replacement: &'static str,
}

const fn fix(code: &'static str, resource_type: &'static str, path: &'static str, replacement: &'static str) -> Fix {
    Fix {
        code,
        resource_type,
        path,
        replacement,
    }
}

const CAN_APPROVE: &str = "can_approve_pull_request_reviews";
const HTTP_TOKENS: &str = "metadata_options[0].http_tokens";
const INSECURE_SSL: &str = "configuration[0].insecure_ssl";
const REQUIRED: &str = "\"required\"";

/// Sorted.
static FIXES: [Fix; 12] = [
    fix("NHI025", "aws_instance", HTTP_TOKENS, REQUIRED),
    fix("NHI025", "aws_launch_configuration", HTTP_TOKENS, REQUIRED),
    fix("NHI025", "aws_launch_template", HTTP_TOKENS, REQUIRED),
    fix("NHI025", "google_container_cluster", "enable_legacy_abac", "false"),
    fix("NHI029", "github_organization_webhook", INSECURE_SSL, "false"),
    fix("NHI029", "github_repository_webhook", INSECURE_SSL, "false"),
    fix("NHI029", "gitlab_group_hook", "enable_ssl_verification", "true"),
    fix("NHI029", "gitlab_project_hook", "enable_ssl_verification", "true"),
    fix("NHI075", "github_repository_deploy_key", "read_only", "true"),
    fix(
        "NHI077",
        "github_actions_organization_workflow_permissions",
        CAN_APPROVE,
        "false",
    ),
    fix(
        "NHI077",
        "github_enterprise_actions_workflow_permissions",
        CAN_APPROVE,
        "false",
    ),
    fix("NHI077", "github_workflow_repository_permissions", CAN_APPROVE, "false"),
];

/// Every repair that a rule may offer.
pub fn fixes() -> &'static [Fix] {
    &FIXES
}

/// The repair of an attribute, where there is a sure one.
pub(crate) fn patch(rule: &Rule, block: &Block<'_>, path: &str) -> Option<Patch> {
    let resource_type = block.change.resource_type.as_ref();
    let is_it = |fix: &&Fix| (fix.code, fix.resource_type, fix.path) == (rule.code, resource_type, path);
    FIXES.iter().find(is_it).map(|fix| Patch {
        path: fix.path.to_owned(),
        replacement: fix.replacement.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_rules() {
        assert!(FIXES.is_sorted_by(|left, right| left < right));
        for fix in fixes() {
            assert!(crate::rules().iter().any(|rule| rule.code == fix.code), "{fix:?}");
        }
    }

    /// Files that build a patch, other than this one.
    fn builders(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                builders(&path, found);
            } else if path.file_name().is_none_or(|name| name != "fixes.rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                if text.contains("Patch {") || text.contains("Patch{") || text.contains("Patch as") {
                    found.push(path.display().to_string());
                }
            }
        }
    }

    #[test]
    fn no_patch_is_made_outside_of_the_table() {
        let mut found = Vec::new();
        builders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        assert!(found.is_empty(), "{found:?}");
    }
}
