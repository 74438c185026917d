//! What RBAC consists of: roles, bindings, subjects, and what could not be read of them.
//!
//! A name is text that may hold symbols; an empty name is one that the API server makes up.

use std::fmt;

/// The origin of an element that is unknown and was not traced to anything.
pub(crate) const UNTRACED: &str = "";

/// Where a role or a binding stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) address: String,
    pub(crate) config_address: String,
    /// Attribute that holds the object; empty where the resource is the object.
    pub(crate) path: String,
    /// The object is text, so that nothing inside it has a path.
    pub(crate) text: bool,
}

impl Place {
    /// Path of something in the object.
    pub(crate) fn inner(&self, path: &str) -> String {
        match (self.text, self.path.is_empty()) {
            (true, _) => self.path.clone(),
            (false, true) => path.to_owned(),
            (false, false) => format!("{}.{path}", self.path),
        }
    }
}

/// A list of a rule, and whether elements may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) values: Vec<String>,
    pub(crate) unknown: bool,
}

/// A rule of a role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PolicyRule {
    pub(crate) groups: List,
    pub(crate) resources: List,
    pub(crate) names: List,
    pub(crate) verbs: List,
    /// The role may turn out to be another text.
    pub(crate) maybe: bool,
    /// Path of the rule in its block.
    pub(crate) path: String,
}

/// A `Role` or a `ClusterRole`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Role {
    pub(crate) place: Place,
    pub(crate) cluster: bool,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) rules: Vec<PolicyRule>,
    /// Labels of the cluster roles whose rules it takes over; any of the sets.
    pub(crate) selectors: Vec<Vec<(String, String)>>,
    /// The rules as a whole are known only after apply.
    pub(crate) unknown: bool,
}

/// A `RoleBinding` or a `ClusterRoleBinding`.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "kinds of two objects and two doubts, which come in every combination"
)]
pub(crate) struct Binding {
    pub(crate) place: Place,
    pub(crate) cluster: bool,
    pub(crate) namespace: String,
    pub(crate) role_is_cluster: bool,
    pub(crate) role: String,
    pub(crate) role_path: String,
    /// Configuration addresses that the role's name rests on, where it is unknown.
    pub(crate) references: Vec<String>,
    pub(crate) subjects: Vec<Subject>,
    /// There may be further subjects.
    pub(crate) unknown: bool,
    /// Subjects that may turn out to be everybody: where they stand.
    pub(crate) open: Option<String>,
    /// Those are accounts, of which one may be the default.
    pub(crate) open_account: bool,
    /// The binding may turn out to be another text.
    pub(crate) maybe: bool,
}

/// Who holds a role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// Namespace and name.
    Account(String, String),
    Group(String),
    User(String),
    /// Nobody in the plan yet.
    Nobody,
    /// The account under which a chart runs.
    Release,
    /// Everybody who holds this built-in role.
    Holders(&'static str),
}

impl Subject {
    /// The API server knows service accounts as users of this form too.
    pub(crate) fn user(name: String) -> Self {
        match name
            .strip_prefix("system:serviceaccount:")
            .and_then(|rest| rest.split_once(':'))
        {
            Some((namespace, account)) => Self::Account(namespace.to_owned(), account.to_owned()),
            None => Self::User(name),
        }
    }

    /// Whether two of this kind need not be one and the same.
    pub(crate) fn is_vague(&self) -> bool {
        match self {
            Self::Nobody | Self::Release | Self::Holders(_) => true,
            Self::Account(_, name) | Self::Group(name) | Self::User(name) => name.is_empty(),
        }
    }

    /// Whether it stands for more than those whom somebody chose.
    pub(crate) fn crowd(&self) -> Option<Crowd> {
        match self {
            Self::User(name) if name == "system:anonymous" => Some(Crowd::Anonymous),
            Self::Group(name) => match name.as_str() {
                "system:unauthenticated" => Some(Crowd::Anonymous),
                "system:authenticated" => Some(Crowd::Authenticated),
                "system:serviceaccounts" => Some(Crowd::Accounts),
                _ => name
                    .starts_with("system:serviceaccounts:")
                    .then_some(Crowd::AccountsOfNamespace),
            },
            _ => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let readable = |text: &str| nhi_plan::symbol::readable(text).into_owned();
        match self {
            Self::Account(_, name) if name.is_empty() => f.write_str("a subject that is known only after apply"),
            Self::Account(namespace, name) => {
                write!(f, "service account `{}/{}`", readable(namespace), readable(name))
            }
            Self::Group(name) => write!(f, "group `{}`", readable(name)),
            Self::User(name) => write!(f, "user `{}`", readable(name)),
            Self::Release => f.write_str("the service account of the release"),
            Self::Nobody => f.write_str("whoever is bound to the role"),
            Self::Holders(role) => write!(f, "everybody who holds the built-in role `{role}`"),
        }
    }
}

/// Subjects that nobody chose one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Crowd {
    AccountsOfNamespace,
    Accounts,
    Authenticated,
    Anonymous,
}

/// A long-lived token: a secret of the type for service accounts.
#[derive(Debug, Clone)]
pub(crate) struct TokenSecret {
    pub(crate) place: Place,
    pub(crate) namespace: String,
    pub(crate) account: String,
    /// Whether it is one is known.
    pub(crate) sure: bool,
}

/// What could not be read.
#[derive(Debug, Clone)]
pub(crate) struct Unread {
    pub(crate) place: Place,
    pub(crate) path: String,
    pub(crate) why: &'static str,
}
