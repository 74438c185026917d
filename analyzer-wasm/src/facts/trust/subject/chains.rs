//! Subjects that are a chain of names from the organisation down, as most issuers write them.

use super::{EXACT, Fit, Width, fit, is_all_wild, is_wild};

pub(super) fn gitlab(text: &str) -> Fit {
    let Some((_, rest)) = text.split_once("project_path:").filter(|(before, _)| !is_wild(before)) else {
        return if text.starts_with(['*', '?']) || is_wild(text.split(':').next().unwrap_or_default()) {
            fit(Width::Anyone, "any project")
        } else {
            EXACT
        };
    };
    let (path, context) = rest.split_once(':').unwrap_or((rest, ""));
    let (group, project) = path.split_once('/').unwrap_or((path, ""));
    if is_wild(group) {
        return fit(Width::Anyone, "any group whose name fits");
    }
    let last = project.rsplit('/').next().unwrap_or_default();
    if last.starts_with(['*', '?']) || project.starts_with(['*', '?']) {
        return fit(Width::Organisation, "any project of the group");
    }
    if is_wild(project) {
        return fit(Width::Project, "any project of the group whose name fits");
    }
    let open = [
        "ref_type:*",
        "ref_type:branch:*",
        "ref_type:branch:ref:*",
        "ref_type:*:ref:*",
    ];
    if is_all_wild(context) || open.contains(&context) {
        return fit(Width::Project, "any branch or tag of the project");
    }
    EXACT
}

/// The value that follows a key in a subject of pairs, and whether the key is there.
fn value_of<'t>(tokens: &[&'t str], key: &str) -> Option<&'t str> {
    let at = tokens.iter().position(|token| *token == key)?;
    tokens.get(at + 1).copied()
}

pub(super) fn terraform(text: &str) -> Fit {
    let tokens: Vec<&str> = text.split(':').collect();
    let Some(organisation) = value_of(&tokens, "organization") else {
        return fit(Width::Anyone, "any organisation");
    };
    if is_wild(organisation) {
        return fit(Width::Anyone, "any organisation whose name fits");
    }
    let wild = |key: &str| value_of(&tokens, key).is_none_or(|value| value.starts_with(['*', '?']));
    match (wild("project"), wild("workspace")) {
        (false, true) if is_wild(text) => fit(Width::Project, "any workspace of the project"),
        (true, true) if is_wild(text) => fit(Width::Organisation, "any workspace of the organisation"),
        // A workspace's name is unique in its organisation.
        _ => EXACT,
    }
}

pub(super) fn kubernetes(text: &str) -> Fit {
    let Some(rest) = text.strip_prefix("system:serviceaccount:") else {
        return if is_wild(text.split(':').take(2).collect::<Vec<_>>().join(":").as_str()) {
            fit(Width::Anyone, "any service account of the cluster")
        } else {
            EXACT
        };
    };
    let (namespace, name) = rest.split_once(':').unwrap_or((rest, ""));
    if namespace.starts_with(['*', '?']) {
        return fit(Width::Anyone, "service accounts of any namespace");
    }
    if is_wild(namespace) {
        return fit(Width::Organisation, "service accounts of any namespace whose name fits");
    }
    if name.starts_with(['*', '?']) {
        return fit(Width::Organisation, "any service account of the namespace");
    }
    EXACT
}

pub(super) fn circleci(text: &str) -> Fit {
    let tokens: Vec<&str> = text.split('/').collect();
    match value_of(&tokens, "project") {
        Some(project) if !is_wild(project) => EXACT,
        _ if is_wild(text) => fit(Width::Organisation, "any project of the organisation"),
        _ => EXACT,
    }
}

pub(super) fn pairs(text: &str, organisation: &str, project: &[&str]) -> Fit {
    let tokens: Vec<&str> = text.split(':').collect();
    match value_of(&tokens, organisation) {
        None => return fit(Width::Anyone, "any organisation"),
        Some(value) if is_wild(value) => return fit(Width::Anyone, "any organisation whose name fits"),
        Some(_) => {}
    }
    let Some(at) = tokens.iter().position(|token| project.contains(token)) else {
        return fit(Width::Organisation, "any project of the organisation");
    };
    let value = tokens.get(at + 1).copied().unwrap_or("*");
    if value.starts_with(['*', '?']) {
        return fit(Width::Organisation, "any project of the organisation");
    }
    let rest = tokens.get(at + 2..).unwrap_or_default().join(":");
    if is_wild(value) || is_all_wild(&rest) {
        return fit(Width::Project, "any run of the project");
    }
    EXACT
}
