//! What directory roles and application permissions give: by identifier, by name and by action.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use nhi_plan::Severity;

use crate::facts::cloud;

static ROLES: &str = include_str!("../../../../data/entra-roles.tsv");
static PERMISSIONS: &str = include_str!("../../../../data/graph-permissions.tsv");

/// A role or permission that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Power {
    pub(super) name: &'static str,
    pub(super) severity: Severity,
    pub(super) effect: &'static str,
}

pub(super) type Table = BTreeMap<String, Power>;

/// Rows by identifier and by name, both in lower case.
fn table(text: &'static str) -> Table {
    let mut table = Table::new();
    for row in cloud::rows(text) {
        let [id, name, severity, effect] = row.as_slice() else {
            continue;
        };
        let Ok(severity) = severity.parse() else { continue };
        let power = Power { name, severity, effect };
        table.insert((*id).to_owned(), power);
        table.insert(name.to_ascii_lowercase(), power);
    }
    table
}

pub(super) static BY_ROLE: LazyLock<Table> = LazyLock::new(|| table(ROLES));
pub(super) static BY_PERMISSION: LazyLock<Table> = LazyLock::new(|| table(PERMISSIONS));

pub(super) fn find(table: &Table, key: &str) -> Option<Power> {
    table.get(&key.to_ascii_lowercase()).copied()
}

/// How much a severity amounts to, to compare principals with.
pub(super) fn rank(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 4,
        Severity::High => 3,
        Severity::Medium => 2,
        Severity::Low | Severity::Info => 0,
    }
}

/// What an action of a custom directory role gives.
pub(super) fn directory_action(action: &str) -> Option<(Severity, &'static str)> {
    let lower = action.to_ascii_lowercase();
    let mut segments = lower.strip_prefix("microsoft.directory/")?.split('/');
    let entity = segments.next()?.split('.').next()?;
    let property = segments.next()?;
    let verb = segments.next().unwrap_or_default();
    let changes = matches!(verb, "update" | "alltasks" | "manage" | "create");
    match (entity, property) {
        ("roleassignments", _) if property != "standard" => Some((Severity::Critical, "hands out directory roles")),
        (
            "applications" | "serviceprincipals",
            "credentials" | "owners" | "allproperties" | "synchronizationcredentials",
        ) if changes => Some((Severity::High, "adds credentials to applications and so becomes them")),
        ("groups", "members" | "owners" | "allproperties" | "dynamicmembershiprule") if changes => {
            Some((Severity::High, "changes groups, also those that hold roles in Azure"))
        }
        ("users", "password") if changes => Some((Severity::High, "resets passwords of people")),
        ("users", "basic" | "allproperties") if changes => {
            Some((Severity::Medium, "changes people, and so what dynamic groups hold"))
        }
        ("devicelocalcredentials", "password") => {
            Some((Severity::Medium, "reads the passwords of local administrators"))
        }
        ("bitlockerkeys", "key") => Some((Severity::Medium, "reads the recovery keys of devices")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_whole() {
        for (text, table) in [(ROLES, &*BY_ROLE), (PERMISSIONS, &*BY_PERMISSION)] {
            let ids: Vec<_> = cloud::rows(text).map(|row| row[0]).collect();
            assert!(ids.is_sorted_by(|left, right| left < right));
            assert!(ids.iter().all(|id| id.len() == 36 && *id == id.to_ascii_lowercase()));
            assert_eq!(table.len(), ids.len() * 2, "a row is broken, or a name is used twice");
        }
    }

    #[test]
    fn actions_of_custom_roles() {
        let gives = |action: &str| directory_action(action).map(|(severity, _)| severity);
        assert_eq!(
            gives("microsoft.directory/applications/credentials/update"),
            Some(Severity::High)
        );
        assert_eq!(
            gives("microsoft.directory/applications.myOrganization/allProperties/update"),
            Some(Severity::High)
        );
        assert_eq!(
            gives("microsoft.directory/groups.security/members/update"),
            Some(Severity::High)
        );
        assert_eq!(
            gives("microsoft.directory/roleAssignments/allProperties/allTasks"),
            Some(Severity::Critical)
        );
        assert_eq!(gives("microsoft.directory/applications/credentials/read"), None);
        assert_eq!(gives("microsoft.directory/applications/basic/update"), None);
        assert_eq!(gives("microsoft.directory/groups/members/read"), None);
    }
}
