//! What roles allow: permissions that some method of raising privileges needs, and the methods themselves, as tables.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use nhi_plan::Severity;

use crate::facts::cloud;

static METHODS: &str = include_str!("../../../data/google-methods.tsv");
static ROLES: &str = include_str!("../../../data/google-roles.tsv");

/// What a method leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Category {
    /// Hands out roles, or changes what roles and identities mean.
    Administer,
    /// Becomes a service account.
    Impersonate,
    /// Runs code as a service account that it may attach.
    Deploy,
    /// Runs code where an identity is attached already.
    Run,
    /// Reads or shares data.
    Data,
}

/// How high a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// One resource that is no service account.
    Resource,
    ServiceAccount,
    Project,
    Folder,
    Organization,
}

/// A way to raise privileges or reach data.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) id: &'static str,
    pub(crate) category: Category,
    /// On a project, held by a machine.
    pub(crate) severity: Severity,
    levels: &'static str,
    pub(crate) needs: Permissions,
    /// `mint access tokens of service accounts`
    pub(crate) effect: &'static str,
}

impl Method {
    pub(crate) fn works_at(&self, level: Level) -> bool {
        let letter = match level {
            Level::Resource => return false,
            Level::ServiceAccount => 'S',
            Level::Project => 'P',
            Level::Folder => 'F',
            Level::Organization => 'O',
        };
        self.levels.contains(letter)
    }
}

/// A set of the permissions that matter; the rest of a role is of no interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Permissions(u128);

impl Permissions {
    pub(crate) fn of(name: &str) -> Self {
        let name = name
            .strip_prefix("iam.googleapis.com/")
            .map_or_else(|| name.to_owned(), |rest| format!("iam.{rest}"));
        CATALOGUE
            .permissions
            .get(name.to_ascii_lowercase().as_str())
            .map_or(Self(0), |bit| Self(1 << bit))
    }

    /// What setting the policy of some kind of resource counts as; projects and identities count by themselves.
    pub(crate) fn of_any_policy(name: &str) -> Self {
        let by_itself = name.starts_with("resourcemanager.") || name.starts_with("iam.");
        if name.ends_with(".setIamPolicy") && !by_itself {
            Self::of("*.setIamPolicy")
        } else {
            Self(0)
        }
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

struct Catalogue {
    /// Bit by permission in lower case.
    permissions: BTreeMap<String, u32>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let names: std::collections::BTreeSet<String> = cloud::rows(METHODS)
        .filter_map(|row| row.get(4).map(|needs| needs.to_ascii_lowercase()))
        .flat_map(|needs| needs.split('+').map(str::to_owned).collect::<Vec<_>>())
        .collect();
    Catalogue {
        permissions: names.into_iter().zip(0..128).collect(),
    }
});

static LIST: LazyLock<Vec<Method>> = LazyLock::new(|| cloud::rows(METHODS).filter_map(|row| method(&row)).collect());

static PREDEFINED: LazyLock<BTreeMap<&'static str, Permissions>> = LazyLock::new(|| {
    cloud::rows(ROLES)
        .filter_map(|row| {
            let names = row.get(1)?.split(' ').map(Permissions::of);
            Some((*row.first()?, names.fold(Permissions::default(), Permissions::union)))
        })
        .collect()
});

fn method(row: &[&'static str]) -> Option<Method> {
    let [id, category, severity, levels, needs, effect] = row else {
        return None;
    };
    let category = match *category {
        "administer" => Category::Administer,
        "impersonate" => Category::Impersonate,
        "deploy" => Category::Deploy,
        "run" => Category::Run,
        "data" => Category::Data,
        _ => return None,
    };
    Some(Method {
        id,
        category,
        severity: severity.parse().ok()?,
        levels,
        needs: needs
            .split('+')
            .map(Permissions::of)
            .fold(Permissions::default(), Permissions::union),
        effect,
    })
}

/// Every method.
pub(crate) fn methods() -> &'static [Method] {
    &LIST
}

/// The permissions of a predefined role that matter; nothing for one that is not in the table.
pub(crate) fn predefined(role: &str) -> Permissions {
    PREDEFINED.get(role).copied().unwrap_or_default()
}

/// The roles that stand for everything, in part or whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Basic {
    Viewer,
    Editor,
    Owner,
}

impl Basic {
    pub(crate) fn of(role: &str) -> Option<Self> {
        match role {
            "roles/owner" | "roles/admin" => Some(Self::Owner),
            "roles/editor" | "roles/writer" => Some(Self::Editor),
            "roles/viewer" | "roles/reader" => Some(Self::Viewer),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_whole() {
        let ids: Vec<_> = cloud::rows(METHODS).map(|row| row[0]).collect();
        assert!(ids.is_sorted_by(|left, right| left < right));
        assert_eq!(ids.len(), methods().len(), "a row is broken");
        assert!(CATALOGUE.permissions.len() <= 128);
        for row in cloud::rows(METHODS) {
            assert!(row[3].chars().all(|level| "OFPS".contains(level)), "{row:?}");
            assert!(!row[5].ends_with('.') && !row[5].is_empty(), "{row:?}");
            let needs: Vec<_> = row[4].split('+').collect();
            assert!(needs.is_sorted_by(|left, right| left < right), "{row:?}");
        }
        let roles: Vec<_> = cloud::rows(ROLES).map(|row| row[0]).collect();
        assert!(roles.is_sorted_by(|left, right| left < right));
        for row in cloud::rows(ROLES) {
            assert!(row[0].starts_with("roles/"), "{row:?}");
            for name in row[1].split(' ') {
                assert!(!Permissions::of(name).is_empty(), "{name} serves no method");
            }
        }
    }

    #[test]
    fn permissions_are_found_in_both_spellings() {
        let plain = Permissions::of("iam.workloadIdentityPoolProviders.create");
        assert!(!plain.is_empty());
        assert_eq!(
            plain,
            Permissions::of("iam.googleapis.com/workloadIdentityPoolProviders.create")
        );
        assert!(Permissions::of("compute.instances.list").is_empty());
        assert!(predefined("roles/iam.serviceAccountUser").has(Permissions::of("iam.serviceAccounts.actAs")));
    }
}
