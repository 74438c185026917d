//! The catalogue of ways from one set of permissions to somebody else's privileges, read from its table.
//!
//! A method is known by its permissions and what each of them is asked of; its id is only a name for messages. The
//! table is data so that a new way is a line and not a branch.

use std::collections::BTreeSet;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../../../data/aws-escalations.tsv");

/// What kind of way it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Category {
    /// The principal changes what it may do itself.
    SelfEscalation,
    /// It takes over, or makes, another principal.
    PrincipalAccess,
    /// It starts something new that runs as a role it passes.
    NewPassRole,
    /// It makes something that runs as a role already do its work.
    ExistingPassRole,
}

/// What a permission is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum On {
    /// The principal itself, which is a role.
    SelfRole,
    /// The principal itself, which is a user.
    SelfUser,
    /// A group that the principal belongs to.
    OwnGroup,
    /// A managed policy that is attached to the principal.
    OwnPolicy,
    /// The permission set that the principal is.
    OwnPermissionSet,
    /// Any group of the directory of an organisation.
    DirectoryGroup,
    /// The role that is taken over.
    Role,
    /// The same, by assuming it: its trust has to let the principal in.
    Assumed,
    /// The user that is taken over.
    User,
    /// The group that is joined.
    Group,
    /// A managed policy that is attached to the role that is taken over.
    Policy,
    /// The identity provider that the role trusts.
    SamlProvider,
    /// The role that is handed to a service.
    Passed,
    /// A workload that runs as the role.
    Workload,
    /// A user that need not exist yet.
    NewUser,
    /// A role that need not exist yet.
    NewRole,
    /// Anything at all.
    Any,
}

/// What the way leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gain {
    /// Whatever there is: the principal writes the permissions itself.
    Administrator,
    /// What the target may do.
    Target,
    /// What the policies allow without the permissions boundary.
    Unbounded,
    /// What an earlier version of a policy allows; nobody knows whether it is more.
    Version,
}

/// One permission of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) action: &'static str,
    pub(crate) on: On,
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) id: &'static str,
    pub(crate) category: Category,
    pub(crate) needs: Vec<Need>,
    /// The role must trust one of these; empty where it does not matter.
    pub(crate) services: Vec<&'static str>,
    /// Kind of workload, for [`On::Workload`].
    pub(crate) workload: &'static str,
    pub(crate) gain: Gain,
    /// It needs luck or a foothold besides: worth one step less.
    pub(crate) lower: bool,
    /// Who described it.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the source stands in the table for its readers")
    )]
    pub(crate) source: &'static str,
}

impl Method {
    /// Whether `other` leads to the same with fewer permissions.
    pub(crate) fn includes(&self, other: &Self) -> bool {
        let same = self.gain == other.gain && self.workload == other.workload && self.services == other.services;
        same && (self.lower || !other.lower)
            && self.needs.len() > other.needs.len()
            && other.needs.iter().all(|need| self.needs.contains(need))
    }

    /// Whether it goes through the directory of an organisation, and names nothing that belongs to the principal.
    pub(crate) fn is_of_directory(&self) -> bool {
        self.category == Category::SelfEscalation
            && self
                .needs
                .iter()
                .all(|need| matches!(need.on, On::Any | On::DirectoryGroup))
    }

    /// Whether any permission is asked of `on`.
    pub(crate) fn asks(&self, on: On) -> bool {
        self.needs.iter().any(|need| need.on == on)
    }
}

static METHODS: LazyLock<Vec<Method>> = LazyLock::new(|| {
    let mut methods: Vec<Method> = rows().filter_map(|row| parse(&row)).collect();
    // What needs less comes first: with it, the rest says nothing new.
    methods.sort_by_key(|method| (method.lower, method.needs.len()));
    methods
});

static ACTIONS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let needs = methods().iter().flat_map(|method| &method.needs);
    needs.map(|need| need.action).collect()
});

/// Every method; those with few permissions first.
pub(crate) fn methods() -> &'static [Method] {
    &METHODS
}

/// Every action that a method needs.
pub(crate) fn actions() -> &'static BTreeSet<&'static str> {
    &ACTIONS
}

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
}

fn parse(row: &[&'static str]) -> Option<Method> {
    let &[id, category, needs, services, workload, gain, grade, source] = row else {
        return None;
    };
    Some(Method {
        id,
        category: match category {
            "SE" => Category::SelfEscalation,
            "PA" => Category::PrincipalAccess,
            "NP" => Category::NewPassRole,
            "EP" => Category::ExistingPassRole,
            _ => return None,
        },
        needs: needs.split('+').map(need).collect::<Option<_>>()?,
        services: services.split(',').filter(|service| *service != "-").collect(),
        workload,
        gain: match gain {
            "admin" => Gain::Administrator,
            "target" => Gain::Target,
            "unbounded" => Gain::Unbounded,
            "version" => Gain::Version,
            _ => return None,
        },
        lower: match grade {
            "full" => false,
            "lower" => true,
            _ => return None,
        },
        source,
    })
}

fn need(text: &'static str) -> Option<Need> {
    let (action, on) = text.split_once('@')?;
    let on = match on {
        "self-role" => On::SelfRole,
        "self-user" => On::SelfUser,
        "own-group" => On::OwnGroup,
        "own-policy" => On::OwnPolicy,
        "own-permission-set" => On::OwnPermissionSet,
        "directory-group" => On::DirectoryGroup,
        "role" => On::Role,
        "assumed" => On::Assumed,
        "user" => On::User,
        "group" => On::Group,
        "policy" => On::Policy,
        "saml-provider" => On::SamlProvider,
        "passed" => On::Passed,
        "workload" => On::Workload,
        "new-user" => On::NewUser,
        "new-role" => On::NewRole,
        "any" => On::Any,
        _ => return None,
    };
    Some(Need { action, on })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::facts::escalation::workloads;

    #[test]
    fn the_table_is_sorted_and_every_row_reads() {
        let all: Vec<_> = rows().collect();
        assert!(all.is_sorted_by(|left, right| left[0] < right[0]));
        for row in &all {
            assert!(parse(row).is_some(), "{row:?}");
        }
        assert_eq!(methods().len(), all.len());
    }

    #[test]
    fn no_set_of_permissions_stands_twice() {
        let mut seen = BTreeMap::new();
        for method in methods() {
            let mut set: Vec<_> = method
                .needs
                .iter()
                .map(|need| need.action.to_ascii_lowercase())
                .collect();
            set.sort_unstable();
            let before = seen.insert(set, method.id);
            assert_eq!(before, None, "{} needs the same", method.id);
        }
    }

    #[test]
    fn rows_are_consistent() {
        let sources = [
            "derived",
            "hacktricks-cloud",
            "pacu",
            "pathfinding.cloud",
            "prowler",
            "rhino-aws",
            "tfprivesc",
        ];
        for method in methods() {
            let id = method.id;
            assert!(sources.contains(&method.source), "{id}: {}", method.source);
            let passes = method.needs.first().is_some_and(|need| need.action == "iam:PassRole");
            assert_eq!(passes, method.category == Category::NewPassRole, "{id}: passes a role");
            assert_eq!(method.asks(On::Passed), passes, "{id}: on what it passes");
            assert_eq!(!method.services.is_empty(), passes, "{id}: the service");
            assert_eq!(
                method.workload != "-",
                method.category == Category::ExistingPassRole,
                "{id}: the workload"
            );
            if method.workload != "-" {
                assert!(
                    workloads::is_kind(method.workload),
                    "{id}: no resource type is a {}",
                    method.workload
                );
            }
            assert!(
                method
                    .services
                    .iter()
                    .all(|service| service.ends_with(".amazonaws.com")),
                "{id}"
            );
        }
    }
}
