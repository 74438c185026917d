//! Guards that the plan takes away or loosens: boundaries, reviews, audit logs, policies of the organisation.
//!
//! A guard that goes together with what it guarded, or that another of its kind takes over from, is no loss.

use std::borrow::Cow;
use std::collections::BTreeSet;

use nhi_plan::json::{self, Kind, Value};
use nhi_plan::{Action, Mode, Severity};

use crate::facts::Block;

/// A resource type that is a guard as a whole.
struct Guard {
    resource_type: &'static str,
    /// Guards of one family take over from each other.
    family: &'static str,
    severity: Severity,
}

const fn guard(resource_type: &'static str, family: &'static str, severity: Severity) -> Guard {
    Guard {
        resource_type,
        family,
        severity,
    }
}

/// Sorted by type.
static GUARDS: [Guard; 23] = [
    guard("aws_accessanalyzer_analyzer", "an access analyzer", Severity::Low),
    guard("aws_cloudtrail", "an audit trail", Severity::Medium),
    guard("aws_guardduty_detector", "a threat detector", Severity::Medium),
    guard(
        "aws_organizations_policy",
        "a policy of the organisation",
        Severity::Medium,
    ),
    guard(
        "aws_organizations_policy_attachment",
        "a policy of the organisation",
        Severity::Medium,
    ),
    guard(
        "azuread_conditional_access_policy",
        "a conditional access policy",
        Severity::Medium,
    ),
    guard(
        "azurerm_management_group_policy_assignment",
        "a policy assignment",
        Severity::Medium,
    ),
    guard(
        "azurerm_resource_group_policy_assignment",
        "a policy assignment",
        Severity::Low,
    ),
    guard(
        "azurerm_subscription_policy_assignment",
        "a policy assignment",
        Severity::Medium,
    ),
    guard("github_branch_protection", "a branch protection", Severity::Medium),
    guard("github_branch_protection_v3", "a branch protection", Severity::Medium),
    guard("github_organization_ruleset", "a branch protection", Severity::Medium),
    guard("github_repository_ruleset", "a branch protection", Severity::Medium),
    guard("gitlab_branch_protection", "a branch protection", Severity::Medium),
    guard("gitlab_project_approval_rule", "an approval rule", Severity::Medium),
    guard("google_folder_iam_audit_config", "an audit log", Severity::Medium),
    guard("google_iam_deny_policy", "a deny policy", Severity::Medium),
    guard(
        "google_org_policy_policy",
        "a policy of the organisation",
        Severity::Medium,
    ),
    guard("google_organization_iam_audit_config", "an audit log", Severity::Medium),
    guard(
        "google_organization_policy",
        "a policy of the organisation",
        Severity::Medium,
    ),
    guard("google_project_iam_audit_config", "an audit log", Severity::Medium),
    guard(
        "google_project_organization_policy",
        "a policy of the organisation",
        Severity::Medium,
    ),
    guard("vault_audit", "an audit log", Severity::Medium),
];

/// What makes a changed attribute looser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looser {
    /// It said something, and says nothing any more.
    Gone,
    /// `true` became `false`.
    Off,
    /// The number, the duration or the tier fell.
    Less,
    /// The number or the duration rose.
    More,
}

/// Resource type, path, what is looser, words, severity.
type Knob = (&'static str, &'static str, Looser, &'static str, Severity);

static KNOBS: [Knob; 11] = [
    (
        "aws_cloudtrail",
        "enable_logging",
        Looser::Off,
        "the audit trail is switched off",
        Severity::Medium,
    ),
    (
        "aws_iam_role",
        "permissions_boundary",
        Looser::Gone,
        "the role loses its permissions boundary",
        Severity::Medium,
    ),
    (
        "aws_iam_user",
        "permissions_boundary",
        Looser::Gone,
        "the user loses its permissions boundary",
        Severity::Medium,
    ),
    (
        "github_branch_protection",
        "enforce_admins",
        Looser::Off,
        "administrators may pass by the branch protection",
        Severity::Low,
    ),
    (
        "github_branch_protection",
        "required_pull_request_reviews",
        Looser::Gone,
        "changes need no review any more",
        Severity::Medium,
    ),
    (
        "github_branch_protection",
        "required_pull_request_reviews[0].required_approving_review_count",
        Looser::Less,
        "changes need fewer reviews",
        Severity::Medium,
    ),
    (
        "github_repository_environment",
        "reviewers",
        Looser::Gone,
        "deployments need no reviewer any more",
        Severity::Medium,
    ),
    (
        "gitlab_project_approval_rule",
        "approvals_required",
        Looser::Less,
        "changes need fewer approvals",
        Severity::Medium,
    ),
    (
        "nhi_identity",
        "min_risk_tier",
        Looser::Less,
        "the least risk tier of the record falls",
        Severity::Low,
    ),
    (
        "nhi_identity",
        "min_risk_tier",
        Looser::Gone,
        "the record loses its least risk tier",
        Severity::Low,
    ),
    (
        "nhi_identity",
        "ttl",
        Looser::More,
        "the identity lives longer than before",
        Severity::Low,
    ),
];

/// Resource types of which it matters what they were before.
pub(crate) const WITH_BEFORE: [&str; 14] = [
    "aws_cloudtrail",
    "aws_iam_role",
    "aws_iam_user",
    "aws_organizations_*",
    "azurerm_*_policy_assignment",
    "github_*_ruleset",
    "github_branch_protection*",
    "github_repository",
    "github_repository_environment",
    "gitlab_branch_protection",
    "gitlab_project",
    "gitlab_project_approval_rule",
    "google_project*",
    "nhi_identity",
];

/// What guards stand around.
const SUBJECTS: [&str; 6] = [
    "github_repository",
    "gitlab_project",
    "google_project",
    "aws_organizations_account",
    "azurerm_resource_group",
    "aws_organizations_organizational_unit",
];

/// A guard that is gone or looser.
#[derive(Debug)]
pub(crate) struct Loss {
    pub(crate) address: String,
    pub(crate) path: String,
    pub(crate) message: String,
    pub(crate) severity: Severity,
    /// It is known only after apply what becomes of it.
    pub(crate) unverified: bool,
    family: &'static str,
    /// By which its subject is called.
    around: Vec<String>,
}

/// Everything of the plan.
#[derive(Debug, Default)]
pub(crate) struct Weakened {
    losses: Vec<Loss>,
    /// Families of which the plan makes one.
    made: BTreeSet<&'static str>,
    /// Ids and names of subjects that go.
    gone: BTreeSet<String>,
    /// Providers of which a resource remains.
    remain: BTreeSet<String>,
}

impl Weakened {
    pub(super) fn collect(&mut self, block: &Block<'_>) {
        if block.change.mode != Mode::Managed {
            return;
        }
        let family = provider_of(block);
        if !self.remain.contains(family) {
            self.remain.insert(family.to_owned());
        }
        let actions = &block.change.actions;
        if actions.as_slice() == [Action::Create] {
            self.made.extend(find(block).map(|guard| guard.family));
        } else if actions.as_slice() != [Action::NoOp] {
            self.losses.extend(loosened(block));
        }
    }

    pub(super) fn collect_gone(&mut self, block: &Block<'_>) {
        let change = block.change;
        // What is deposed has a successor already, and what is forgotten stays.
        let is_deposed = change.attributes.iter().any(|(key, _)| key == "deposed");
        if change.mode != Mode::Managed || is_deposed || !change.actions.contains(&Action::Delete) {
            return;
        }
        let before = change.before.as_deref().and_then(|text| json::parse(text).ok());
        let texts = |attributes: &[&str]| -> Vec<String> {
            let values = attributes
                .iter()
                .filter_map(|name| before.as_ref()?.root().get(name)?.as_str());
            values.filter(|text| !text.is_empty()).map(Cow::into_owned).collect()
        };
        if SUBJECTS.contains(&change.resource_type.as_ref()) {
            self.gone.extend(texts(&[
                "id",
                "name",
                "node_id",
                "full_name",
                "path_with_namespace",
                "project_id",
                "arn",
            ]));
        }
        if let Some(guard) = find(block) {
            self.losses.push(Loss {
                address: change.address.to_string(),
                path: String::new(),
                message: format!("{} goes away, and nothing in the plan takes its place", guard.family),
                severity: guard.severity,
                unverified: false,
                family: guard.family,
                around: texts(&[
                    "repository",
                    "repository_id",
                    "project",
                    "target_id",
                    "parent",
                    "resource_group_id",
                ]),
            });
        }
    }

    /// What is lost, in the order of the plan.
    pub(crate) fn losses(&self) -> impl Iterator<Item = &Loss> {
        self.losses.iter().filter(|loss| {
            let goes_along = loss
                .around
                .iter()
                .any(|name| self.gone.contains(name.trim_start_matches("projects/")));
            let is_followed = !loss.family.is_empty() && self.made.contains(loss.family);
            let provider = loss.family.is_empty() || self.remain.contains(provider_in(&loss.address));
            provider && !goes_along && !is_followed
        })
    }
}

fn find(block: &Block<'_>) -> Option<&'static Guard> {
    let name = block.change.resource_type.as_ref();
    let index = GUARDS.binary_search_by(|guard| guard.resource_type.cmp(name)).ok()?;
    GUARDS.get(index)
}

/// The first word of a type: `aws`.
fn provider_of<'b>(block: &'b Block<'_>) -> &'b str {
    first_word(&block.change.resource_type)
}

fn provider_in(address: &str) -> &str {
    first_word(crate::facts::cloud::type_of(address))
}

fn first_word(name: &str) -> &str {
    name.split('_').next().unwrap_or(name)
}

fn loosened(block: &Block<'_>) -> Vec<Loss> {
    let name = block.change.resource_type.as_ref();
    let mut knobs = KNOBS.iter().filter(|knob| knob.0 == name).peekable();
    if knobs.peek().is_none() {
        return Vec::new();
    }
    let Some(before) = block.change.before.as_deref().and_then(|text| json::parse(text).ok()) else {
        return Vec::new();
    };
    knobs
        .filter_map(|(_, path, looser, words, severity)| {
            let old = before.root().at(path).filter(|value| says(*value))?;
            let new = block
                .after()
                .and_then(|after| after.at(path))
                .filter(|value| says(*value));
            let unverified = *looser != Looser::Gone && new.is_none() && block.is_unknown(path);
            let is_looser = match looser {
                _ if unverified => true,
                Looser::Gone => new.is_none() && !block.is_unknown(path),
                Looser::Off => old.as_bool() == Some(true) && new.is_some_and(|new| new.as_bool() == Some(false)),
                Looser::Less => size(new?)? < size(old)?,
                Looser::More => size(new?)? > size(old)?,
            };
            is_looser.then(|| Loss {
                address: block.change.address.to_string(),
                path: (*path).to_owned(),
                message: if unverified {
                    format!("whether {words} is known only after apply")
                } else {
                    (*words).to_owned()
                },
                severity: *severity,
                unverified,
                family: "",
                around: Vec::new(),
            })
        })
        .collect()
}

fn says(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Null => false,
        Kind::Bool | Kind::Number => true,
        Kind::String => value.as_str().is_some_and(|text| !text.is_empty()),
        Kind::Array | Kind::Object => !value.is_empty(),
    }
}

/// A number, a duration in seconds, or the rank of a tier.
fn size(value: Value<'_>) -> Option<f64> {
    if let Some(number) = value.number_text() {
        return number.parse().ok();
    }
    let text = value.as_str()?;
    let tiers = ["low", "moderate", "high", "critical"];
    if let Some(rank) = tiers.iter().position(|tier| *tier == text) {
        return u32::try_from(rank).ok().map(f64::from);
    }
    duration(&text)
}

/// Seconds of a duration such as `720h` or `1h30m`.
fn duration(text: &str) -> Option<f64> {
    let (mut total, mut rest) = (0.0, text);
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, after) = rest.split_at_checked(end)?;
        let unit_end = after
            .find(|letter: char| letter.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, following) = after.split_at_checked(unit_end)?;
        let seconds = match unit {
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * seconds;
        rest = following;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(GUARDS.is_sorted_by(|left, right| left.resource_type < right.resource_type));
        assert!(KNOBS.is_sorted_by_key(|knob| knob.0));
    }

    #[test]
    fn durations() {
        assert_eq!(duration("1h30m"), Some(5400.0));
        assert_eq!(duration("30d"), duration("720h"));
        assert_eq!(duration("forever"), None);
        assert_eq!(duration(""), None);
    }
}
