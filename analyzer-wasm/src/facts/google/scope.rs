//! What a binding is on: an organization, a folder, a project, a service account or another resource.

use nhi_plan::json::Value;
use nhi_plan::symbol;

use super::methods::Level;
use crate::facts::Block;
use crate::facts::cloud::Text;

/// How a resource type hands out roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Member,
    Binding,
    Policy,
}

/// What a grant is on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scope {
    pub(crate) level: Level,
    /// One text for one place, where that is possible.
    pub(crate) key: String,
    /// What kind of resource: `storage_bucket`.
    pub(crate) kind: String,
    /// Configuration addresses that it rests on.
    pub(crate) blocks: Vec<String>,
    /// The key is its name, and not what that rests on.
    known: bool,
}

impl Scope {
    /// What a message calls it.
    pub(crate) fn noun(&self) -> String {
        match self.level {
            Level::Resource => format!("a {}", self.kind.replace('_', " ")),
            Level::ServiceAccount => String::from("a service account"),
            Level::Project => String::from("a project"),
            Level::Folder => String::from("a folder"),
            Level::Organization => String::from("the organization"),
        }
    }

    /// Whether what holds here holds at `other` too. Which folder a project is in does not stand in a plan.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.key == other.key && self.level == other.level
            || self.level == Level::Organization && other.level < Level::Organization
            || self.level == Level::Folder && other.level < Level::Folder
    }

    /// Whether the place is known by name.
    pub(crate) fn is_known(&self) -> bool {
        self.known
    }

    /// Whether what holds here may turn out to hold at `other` too.
    pub(crate) fn may_cover(&self, other: &Self) -> bool {
        self.covers(other) || self.level == other.level && !(self.known && other.known)
    }
}

/// The form of a resource type, and what it is on: `google_storage_bucket_iam_member`.
pub(crate) fn form(resource_type: &str) -> Option<(&str, Form)> {
    let rest = resource_type.strip_prefix("google_")?;
    let forms = [
        ("_iam_member", Form::Member),
        ("_iam_binding", Form::Binding),
        ("_iam_policy", Form::Policy),
    ];
    forms
        .iter()
        .find_map(|(suffix, form)| Some((rest.strip_suffix(suffix)?, *form)))
}

/// Attributes of `google_*_iam_*` that do not say what the binding is on.
const NOT_THE_PLACE: [&str; 9] = [
    "condition",
    "etag",
    "id",
    "location",
    "member",
    "members",
    "policy_data",
    "region",
    "role",
];

/// What a block of this kind is on.
pub(crate) fn read(block: &Block<'_>, kind: &str) -> Scope {
    let (level, attribute) = match kind {
        "organization" => (Level::Organization, "org_id"),
        "folder" => (Level::Folder, "folder"),
        "project" => (Level::Project, "project"),
        "service_account" => (Level::ServiceAccount, "service_account_id"),
        _ => (Level::Resource, ""),
    };
    let mut scope = Scope {
        level,
        key: String::new(),
        kind: kind.to_owned(),
        blocks: Vec::new(),
        known: false,
    };
    if level == Level::Resource {
        let after = block.after();
        let members = after.into_iter().flat_map(Value::members);
        let parts: Vec<_> = members
            .filter(|(name, _)| !NOT_THE_PLACE.contains(&name.as_ref()))
            .filter_map(|(_, value)| Some(value.as_str()?.into_owned()))
            .collect();
        scope.key = format!("{kind} {}", parts.join("/"));
        return scope;
    }
    if let Some(text) = Text::read(block, attribute) {
        scope.key = match text.options.first().filter(|_| text.options.len() == 1) {
            Some(known) => plain(&symbol::readable(known)),
            None => text.blocks.join(","),
        };
        scope.known = text.known().is_some();
        scope.blocks = text.blocks;
    }
    scope
}

/// `projects/p` and `p` are one project.
fn plain(text: &str) -> String {
    ["projects/", "folders/", "organizations/"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix).filter(|rest| !rest.contains('/')))
        .unwrap_or(text)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_types() {
        assert_eq!(form("google_project_iam_member"), Some(("project", Form::Member)));
        assert_eq!(
            form("google_cloud_run_v2_service_iam_binding"),
            Some(("cloud_run_v2_service", Form::Binding))
        );
        assert_eq!(form("google_iam_policy"), None);
        assert_eq!(form("google_project_iam_custom_role"), None);
        assert_eq!(form("aws_iam_policy"), None);
        assert_eq!(plain("projects/p"), "p");
        assert_eq!(plain("projects/p/serviceAccounts/x"), "projects/p/serviceAccounts/x");
    }
}
