//! How many strangers a subject lets in.
//!
//! A subject names its owner first, so that a wildcard before the end of the owner's name lets in whoever registers a
//! name that fits: `repo:acme*` is also `repo:acme-evil/x`.

mod chains;

use std::borrow::Cow;

use nhi_plan::symbol;

use super::issuer::Dialect;

/// Who has a subject that fits, from few to many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Width {
    /// What the author meant.
    Exact,
    /// Any branch, tag or run of one project, or projects of one family.
    Project,
    /// Whatever belongs to one organisation, group or namespace.
    Organisation,
    /// Whoever gets a token from the issuer.
    Anyone,
}

/// A subject as judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fit {
    pub(crate) width: Width,
    /// Who fits, for a message: `any repository of the organisation`.
    pub(crate) who: &'static str,
}

const fn fit(width: Width, who: &'static str) -> Fit {
    Fit { width, who }
}

const EXACT: Fit = fit(Width::Exact, "");

fn is_wild(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Nothing but wildcards, or nothing.
fn is_all_wild(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'*' | b'?' | b':' | b'/')) && text.contains('*')
}

/// Judges a value of the subject; `None` where what is unknown decides. `is_pattern`: wildcards count.
pub(crate) fn judge(dialect: Dialect, value: &str, is_pattern: bool) -> Option<Fit> {
    let text = known(value);
    let is_symbol = value.starts_with(symbol::OPEN)
        && (!matches!(dialect, Dialect::Plain | Dialect::Login) || value.ends_with(symbol::CLOSE));
    if is_pattern && is_symbol {
        // It may turn out to be a pattern as a whole.
        return None;
    }
    if is_pattern && is_all_wild(&text) {
        return Some(fit(Width::Anyone, "whoever the issuer gives a token"));
    }
    if !is_pattern && dialect != Dialect::GitHub {
        return Some(EXACT);
    }
    let found = match dialect {
        Dialect::GitHub => github(&text, is_pattern),
        Dialect::GitLab => chains::gitlab(&text),
        Dialect::Terraform => chains::terraform(&text),
        Dialect::Kubernetes => chains::kubernetes(&text),
        Dialect::CircleCi => chains::circleci(&text),
        Dialect::Pairs { organisation, project } => chains::pairs(&text, organisation, project),
        Dialect::Plain | Dialect::Login if text.starts_with(['*', '?']) => {
            fit(Width::Anyone, "whoever has a subject that ends so")
        }
        Dialect::Plain | Dialect::Login => EXACT,
    };
    // A symbol may hold the separator that seems to be missing.
    (found.width != Width::Anyone || text == value).then_some(found)
}

/// The value with a plain word for what is unknown in it.
fn known(value: &str) -> Cow<'_, str> {
    if !symbol::has_symbols(value) {
        return Cow::Borrowed(value);
    }
    let parts = symbol::parts(value).map(|part| match part {
        symbol::Part::Text(text) => text,
        symbol::Part::Symbol(_) => "zq",
    });
    Cow::Owned(parts.collect())
}

/// Claims of a GitHub token that bind it to an owner.
const GITHUB_BINDING: [&str; 10] = [
    "repo",
    "repository",
    "repository_id",
    "job_workflow_ref",
    "workflow_ref",
    "repository_owner",
    "repository_owner_id",
    "enterprise",
    "enterprise_id",
    "business",
];

/// Claims that every repository sets as it likes.
const GITHUB_FREE: [&str; 14] = [
    "workflow",
    "environment",
    "ref",
    "ref_type",
    "ref_protected",
    "head_ref",
    "base_ref",
    "context",
    "event_name",
    "runner_environment",
    "repository_visibility",
    "run_attempt",
    "job_workflow_sha",
    "sha",
];

fn github(text: &str, is_pattern: bool) -> Fit {
    let tokens: Vec<&str> = text.split(':').collect();
    let found = tokens.iter().enumerate().filter_map(|(index, key)| {
        let value = tokens.get(index + 1)?;
        let rest = tokens.get(index + 2..).unwrap_or_default();
        GITHUB_BINDING
            .contains(key)
            .then(|| github_claim(key, value, rest, is_pattern))
    });
    if let Some(best) = found.min_by_key(|fit| fit.width) {
        return best;
    }
    let head = tokens.first().copied().unwrap_or_default();
    if GITHUB_FREE.contains(&head) {
        return fit(
            Width::Anyone,
            "any repository, since every one chooses the claims that it names",
        );
    }
    if is_pattern && is_wild(head) {
        return fit(Width::Anyone, "any repository");
    }
    EXACT
}

fn github_claim(key: &str, value: &str, rest: &[&str], is_pattern: bool) -> Fit {
    if !is_pattern {
        let is_owner = key.starts_with("repository_owner") || key.starts_with("enterprise") || key == "business";
        return if is_owner && rest.is_empty() {
            fit(Width::Organisation, "any repository of the organisation")
        } else {
            EXACT
        };
    }
    match key {
        "repo" | "repository" => owner_and_name(value, rest),
        "job_workflow_ref" | "workflow_ref" => {
            let (owner, path) = value.split_once('/').unwrap_or((value, ""));
            if is_wild(owner) {
                fit(Width::Anyone, "a workflow of any organisation whose name fits")
            } else if path.starts_with('*') && !path.trim_start_matches('*').contains(".github/") {
                fit(Width::Organisation, "any workflow of the organisation")
            } else {
                EXACT
            }
        }
        "repository_id" if is_wild(value) => fit(Width::Anyone, "any repository"),
        "repository_id" if !rest.is_empty() && is_all_wild(&rest.join(":")) => {
            fit(Width::Project, "any branch, tag or pull request of the repository")
        }
        "repository_id" => EXACT,
        _ if is_wild(value) => fit(Width::Anyone, "any organisation whose name fits"),
        _ => fit(Width::Organisation, "any repository of the organisation"),
    }
}

fn owner_and_name(value: &str, rest: &[&str]) -> Fit {
    let (owner, name) = match value.split_once('/') {
        Some(pair) => pair,
        None if is_all_wild(value) => return fit(Width::Anyone, "any repository of anyone"),
        None if is_wild(value) => return fit(Width::Anyone, "any organisation whose name begins so"),
        None => (value, value),
    };
    // `acme@*` is the account `acme`, whatever its number: `@` is in no name.
    let owner = owner
        .split_once('@')
        .map_or(owner, |(name, _)| if is_wild(name) { owner } else { name });
    if is_wild(owner) {
        return fit(Width::Anyone, "any organisation whose name fits");
    }
    if name.starts_with(['*', '?']) {
        return fit(Width::Organisation, "any repository of the organisation");
    }
    let plain = name.split_once('@').map_or(name, |(name, _)| name);
    if is_wild(plain) {
        return fit(Width::Project, "any repository of the organisation whose name fits");
    }
    let context = rest.join(":");
    let context = context.as_str();
    let open = [
        "ref:*",
        "ref:refs/*",
        "ref:refs/heads/*",
        "ref:refs/heads*",
        "environment:*",
    ];
    if is_all_wild(context) {
        fit(
            Width::Project,
            "any branch, tag, environment or pull request of the repository",
        )
    } else if open.contains(&context) {
        fit(Width::Project, "any branch, tag or environment of the repository")
    } else {
        EXACT
    }
}

/// Whether a pull request has this subject by name, and not only through a wildcard for everything.
pub(crate) fn is_pull_request(value: &str, is_pattern: bool) -> bool {
    let tokens: Vec<&str> = value.split(':').collect();
    tokens.windows(2).any(|pair| {
        let [before, token] = pair else { return false };
        if matches!(*before, "environment" | "ref" | "workflow") && !token.starts_with("refs/pull/") {
            return false;
        }
        match token.strip_prefix("pull_request") {
            // `pull_request_target` runs what the base branch holds, with whatever the pull request brings.
            Some("" | "_target") => true,
            Some(rest) => is_pattern && is_all_wild(rest),
            None => token.starts_with("refs/pull/") || is_pattern && token.starts_with("pull") && token.ends_with('*'),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::trust::issuer::recognise;

    #[test]
    fn widths() {
        use Width::{Anyone, Exact, Organisation, Project};
        let github = "token.actions.githubusercontent.com";
        let eks = "oidc.eks.eu-west-1.amazonaws.com/id/A";
        let buildkite = "agent.buildkite.com";
        let table: &[(&str, &str, Width)] = &[
            (github, "*", Anyone),
            (github, "*:*", Anyone),
            (github, "repo:*", Anyone),
            (github, "repo:*/*:*", Anyone),
            (github, "repo:acme*", Anyone),
            (github, "repo:acme*/app:*", Anyone),
            (github, "repo:*/app:ref:refs/heads/main", Anyone),
            (github, "re*", Anyone),
            (github, "*:ref:refs/heads/main", Anyone),
            (github, "environment:production", Anyone),
            (github, "environment:*", Anyone),
            (github, "workflow:deploy:*", Anyone),
            (github, "ref:refs/heads/main", Anyone),
            (github, "head_ref:main:base_ref:main", Anyone),
            (github, "repository_owner:*", Anyone),
            (github, "repo:acme/*", Organisation),
            (github, "repo:acme/*:ref:refs/heads/main", Organisation),
            (github, "repo:acme/*:*", Organisation),
            (github, "repository_owner:acme:*", Organisation),
            (
                github,
                "repository_owner:acme:repository_id:123:environment:prod",
                Exact,
            ),
            (github, "repo:acme/app:*", Project),
            (github, "repo:acme/app*", Project),
            (github, "repo:acme/app-*:ref:refs/heads/main", Project),
            (github, "repo:acme/app:ref:refs/heads/*", Project),
            (github, "repo:acme/app:ref:refs/tags/v*", Exact),
            (github, "repo:acme/app:ref:refs/heads/release/*", Exact),
            (github, "repo:acme/app:environment:prod", Exact),
            (github, "repo:acme@*/app@*:environment:prod", Exact),
            (github, "repo:acme@12/app@34:environment:prod", Exact),
            (
                github,
                "job_workflow_ref:acme/infra/.github/workflows/d.yml@refs/heads/main",
                Exact,
            ),
            (github, "workflow:deploy:repo:acme/app:environment:prod", Exact),
            ("gitlab.com", "project_path:*", Anyone),
            ("gitlab.com", "project_path:acme*", Anyone),
            ("gitlab.com", "project_path:acme/*", Organisation),
            (
                "gitlab.com",
                "project_path:acme/sub/*:ref_type:branch:ref:main",
                Organisation,
            ),
            ("gitlab.com", "project_path:acme/app:*", Project),
            ("gitlab.com", "project_path:acme/app:ref_type:branch:ref:*", Project),
            ("gitlab.com", "project_path:acme/app:ref_type:tag:ref:v*", Exact),
            ("app.terraform.io", "organization:*", Anyone),
            ("app.terraform.io", "organization:acme*", Anyone),
            ("app.terraform.io", "organization:acme:*", Organisation),
            (
                "app.terraform.io",
                "organization:acme:project:*:workspace:*:run_phase:*",
                Organisation,
            ),
            (
                "app.terraform.io",
                "organization:acme:project:p:workspace:*:run_phase:apply",
                Project,
            ),
            (
                "app.terraform.io",
                "organization:acme:project:p:workspace:w:run_phase:*",
                Exact,
            ),
            (
                "app.terraform.io",
                "organization:acme:project:*:workspace:w:run_phase:*",
                Exact,
            ),
            (buildkite, "organization:*:pipeline:x:*", Anyone),
            (buildkite, "organization:acme:*", Organisation),
            (buildkite, "organization:acme:pipeline:x:*", Project),
            (buildkite, "organization:acme:pipeline:x:ref:refs/heads/main:*", Exact),
            (eks, "system:serviceaccount:*:*", Anyone),
            (eks, "system:serviceaccount:*", Anyone),
            (eks, "system:*", Anyone),
            (eks, "system:serviceaccount:*:worker", Anyone),
            (eks, "system:serviceaccount:app:*", Organisation),
            (eks, "system:serviceaccount:app-*:worker", Organisation),
            (eks, "system:serviceaccount:app:provider-*", Exact),
            (eks, "system:serviceaccount:app:worker", Exact),
            ("oidc.circleci.com/org/a", "org/a/*", Organisation),
            ("oidc.circleci.com/org/a", "org/a/project/p/user/*", Exact),
            ("api.bitbucket.org/2.0/workspaces/a", "{1b}:*", Exact),
            ("id.example.com", "*", Anyone),
            ("id.example.com", "client-*", Exact),
        ];
        for (issuer, subject, want) in table {
            let found = judge(recognise(issuer).dialect, subject, true).expect("known");
            assert_eq!(found.width, *want, "{issuer} {subject}");
        }
    }

    #[test]
    fn equality_takes_a_wildcard_by_its_letters() {
        let judge = |value: &str| judge(Dialect::GitHub, value, false).expect("known").width;
        assert_eq!(judge("repo:acme/*"), Width::Exact);
        assert_eq!(judge("environment:production"), Width::Anyone);
        assert_eq!(judge("repository_owner:acme"), Width::Organisation);
    }

    #[test]
    fn what_is_unknown_in_a_subject() {
        let name = symbol::symbol("github_repository.r.full_name");
        let whole = format!("repo:{name}:ref:refs/heads/main");
        assert_eq!(judge(Dialect::GitHub, &whole, true), Some(EXACT));
        assert_eq!(judge(Dialect::GitHub, &name, true), None);
        assert_eq!(judge(Dialect::GitHub, &name, false), Some(EXACT));
        let namespace = format!("system:serviceaccount:{name}:*");
        assert_eq!(
            judge(Dialect::Kubernetes, &namespace, true).map(|fit| fit.width),
            Some(Width::Organisation)
        );
    }

    #[test]
    fn pull_requests() {
        for value in [
            "repo:acme/app:pull_request",
            "repo:acme/app:event_name:pull_request_target",
            "repo:a/b:pull_*",
            "*:pull_request",
        ] {
            assert!(is_pull_request(value, true), "{value}");
        }
        for value in [
            "repo:acme/app:*",
            "repo:acme/pull_request:ref:refs/heads/main",
            "repo:acme/app:environment:pulls",
        ] {
            assert!(!is_pull_request(value, true), "{value}");
        }
    }
}
