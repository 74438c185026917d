//! The machine identities of a source: each with its credentials, what it is named by, and what the source says of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use nhi_governance::Kind;
use nhi_identity_types::{self as types, IdentityType};
use nhi_plan::{Limits, ReadError};

use crate::attributes::Attributes;
use crate::hcl;
use crate::labels::Labels;
use crate::powers::{self, Power, Powers, Scope, Subject};
use crate::source::{self, Form, Resource};
use crate::trust::{self, Guess};

/// How many of one name are looked at to tell which of them is meant.
const NAMESAKES_MAX: usize = 32;

/// Where a name may be, where the table does not say.
const NAMES: [&str; 8] = [
    "name",
    "display_name",
    "user_name",
    "role_name",
    "username",
    "account_id",
    "title",
    "label",
];

/// A machine identity that another provider creates.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its address in the state or plan.
    pub address: String,
    /// The resource type.
    pub type_name: String,
    /// What other systems call it.
    pub title: String,
    /// The ids that a record names it by; none where they are known only after apply.
    pub external: Vec<String>,
    /// Every id by which a record may claim it already.
    pub known_as: Vec<String>,
    /// Whether those ids name it within one cluster only, so that another one may have the same.
    pub is_local: bool,
    /// Addresses of the credentials that belong to it.
    pub credentials: Vec<String>,
    /// The kind that is guessed, and what speaks for it.
    pub kind: Kind,
    /// The reason of the guess, in words.
    pub kind_reason: String,
    /// An expression for the id, where it is known only after apply.
    pub(crate) reference: Option<String>,
    pub(crate) attestation: Option<serde_json::Value>,
    pub(crate) labels: Labels,
    pub(crate) scope: Scope,
}

impl Found {
    /// The environment that it says itself that it is of.
    pub fn environment(&self) -> Option<&str> {
        self.labels.environment.as_deref()
    }
}

/// What a source holds.
#[derive(Debug, Clone)]
pub struct Estate {
    /// What was read.
    pub form: Form,
    /// How many managed resources there are.
    pub resources: u64,
    /// The identities among them, by address.
    pub identities: Vec<Found>,
}

/// Finds the identities of a state or a plan, as [`nhi_plan::decode`] hands out its text.
pub fn find(text: &str, limits: &Limits) -> Result<Estate, ReadError> {
    let wanted = |name: &str| {
        types::find(name).is_some()
            || types::origin(name).is_some()
            || powers::is_source(name)
            || name == "aws_iam_instance_profile"
    };
    let source = source::read(text, limits, &wanted)?;
    let mut powers = Powers::default();
    let mut gathered = Gathered::default();
    for resource in &source.resources {
        let Some(attributes) = Attributes::of(resource) else {
            continue;
        };
        powers.collect(resource, &attributes);
        gathered.take(resource, &attributes);
    }
    Ok(Estate {
        form: source.form,
        resources: source.seen,
        identities: gathered.settle(&powers),
    })
}

/// An identity before it is known what belongs to it.
#[derive(Debug)]
struct Candidate {
    found: Found,
    /// Of which identity it may be a part: the attribute, and what it says.
    parents: Vec<(String, String)>,
    subjects: Vec<Subject>,
    own: Vec<Power>,
    is_credential: bool,
}

#[derive(Debug, Default)]
struct Gathered {
    candidates: Vec<Candidate>,
    /// Names of roles that machines run as.
    profiles: BTreeSet<String>,
}

impl Gathered {
    fn take(&mut self, resource: &Resource<'_>, attributes: &Attributes<'_>) {
        let type_name = &*resource.type_name;
        if type_name == "aws_iam_instance_profile" {
            self.profiles.extend(attributes.text(&["role"]).map(Cow::into_owned));
        }
        let row = types::find(type_name);
        let is_known = row.is_some() || types::origin(type_name).is_some();
        if is_known && !is_somebody_elses(type_name, attributes) {
            self.candidates.push(candidate(resource, attributes, row));
        }
    }

    fn settle(mut self, powers: &Powers) -> Vec<Found> {
        self.candidates
            .sort_by(|left, right| left.found.address.cmp(&right.found.address));
        self.candidates
            .dedup_by(|right, left| left.found.address == right.found.address);
        let owners: Vec<Option<usize>> = {
            let index = self.index();
            let candidates = self.candidates.iter().enumerate();
            candidates
                .map(|(own, one)| index.parent(own, one, &self.candidates))
                .collect()
        };
        let mut names: BTreeMap<Subject, u32> = BTreeMap::new();
        for subject in self.candidates.iter().flat_map(|one| &one.subjects) {
            *names.entry(subject.clone()).or_default() += 1;
        }
        let mut parts: BTreeMap<usize, Vec<&Candidate>> = BTreeMap::new();
        for (part, owner) in self.candidates.iter().zip(&owners) {
            if let Some(owner) = owner {
                parts.entry(*owner).or_default().push(part);
            }
        }
        let whole = self.candidates.iter().enumerate().zip(&owners);
        let whole = whole.filter(|(_, owner)| owner.is_none());
        let whole = whole.map(|((at, one), _)| {
            let parts = parts.get(&at).map(Vec::as_slice).unwrap_or_default();
            self.whole(one, parts, powers, &names)
        });
        whole.collect()
    }

    fn whole(&self, one: &Candidate, parts: &[&Candidate], powers: &Powers, names: &BTreeMap<Subject, u32>) -> Found {
        let mut found = one.found.clone();
        let mut subjects = one.subjects.clone();
        for part in parts {
            // A record of a key alone says nothing of whose it is.
            if part.is_credential {
                found.credentials.push(part.found.address.clone());
            } else {
                found.known_as.extend(part.found.known_as.iter().cloned());
                found.external.extend(part.found.external.iter().cloned());
                subjects.extend(part.subjects.iter().cloned());
            }
        }
        let partition = found.external.first().and_then(|arn| arn.strip_prefix("arn:"));
        let partition = partition
            .and_then(|rest| rest.split(':').next())
            .unwrap_or("aws")
            .to_owned();
        let shared = subjects
            .iter()
            .find(|subject| names.get(subject).is_some_and(|count| *count > 1));
        found.scope = match shared {
            // Two accounts in one state: which of the two a grant is for, a name does not tell.
            Some((_, name)) => Scope {
                gaps: vec![format!("what it may do: `{name}` is the name of another one as well")],
                ..Scope::default()
            },
            None => powers.scope(&subjects, one.own.clone(), &partition),
        };
        let is_machine = found.type_name == "aws_iam_role" && self.profiles.contains(&found.title);
        if is_machine && found.kind == Kind::ServiceAccount {
            found.kind = Kind::Workload;
            found.kind_reason = String::from("an instance profile hands it to machines");
        }
        found
    }

    fn index(&self) -> Index {
        let mut index = Index::default();
        for (at, one) in self.candidates.iter().enumerate().filter(|(_, one)| !one.is_credential) {
            let names = one.found.known_as.iter().chain([&one.found.title]);
            let family = family(&one.found.type_name);
            for name in names.chain(one.subjects.iter().map(|(_, name)| name)) {
                let known = index.by_name.entry((family.to_owned(), name.clone())).or_default();
                if known.last() != Some(&at) {
                    known.push(at);
                }
            }
        }
        index
    }
}

/// Identities by what others call them.
#[derive(Debug, Default)]
struct Index {
    by_name: BTreeMap<(String, String), Vec<usize>>,
}

impl Index {
    /// The one identity that a candidate says it belongs to; of several, the one whose type the attribute names.
    fn parent(&self, own: usize, one: &Candidate, candidates: &[Candidate]) -> Option<usize> {
        one.parents.iter().find_map(|(attribute, name)| {
            let family = family(&one.found.type_name);
            let known = self.by_name.get(&(family.to_owned(), name.clone()))?;
            if known.len() > NAMESAKES_MAX {
                return None;
            }
            let known: Vec<usize> = known.iter().copied().filter(|at| *at != own).collect();
            let word = attribute.split('_').next().unwrap_or_default();
            let is_meant = |at: &&usize| {
                let other = candidates.get(**at);
                other.is_some_and(|other| other.found.type_name.contains(&format!("_{word}")))
            };
            match known.as_slice() {
                [only] => Some(*only),
                several => match several.iter().filter(is_meant).collect::<Vec<_>>().as_slice() {
                    [only] => Some(**only),
                    _ => None,
                },
            }
        })
    }
}

/// What the types of a provider begin with; the two providers of Entra and Azure know each other's ids.
fn family(type_name: &str) -> &str {
    type_name.split('_').next().unwrap_or(type_name)
}

/// Roles that a service of AWS makes and deletes, principals that the tenant had before, roles that cannot log in.
fn is_somebody_elses(type_name: &str, attributes: &Attributes<'_>) -> bool {
    let path = attributes.text(&["path"]).unwrap_or_default();
    let cannot_login = attributes.value(&["login"]).and_then(nhi_plan::json::Value::as_bool) == Some(false);
    path.starts_with("/aws-service-role/")
        || path.starts_with("/aws-reserved/")
        || attributes.flag(&["use_existing"])
        || (type_name == "postgresql_role" && cannot_login)
}

fn candidate(resource: &Resource<'_>, attributes: &Attributes<'_>, row: Option<&'static IdentityType>) -> Candidate {
    let type_name = &*resource.type_name;
    let is_credential = row.is_some_and(|row| row.noun == "credential");
    let owned = |place: &[&str]| attributes.text(place).map(Cow::into_owned);
    let identifiers = row.map(|row| row.identifiers.as_slice()).unwrap_or_default();
    let ids: Vec<String> = identifiers.iter().filter_map(|name| owned(&[name])).collect();
    let origin = types::origin(type_name);
    let named = origin.and_then(|origin| origin.external(owned).ok());
    let external: Vec<String> = named.or_else(|| ids.first().cloned()).into_iter().collect();
    let parents: Vec<(String, String)> = row
        .map(|row| row.parents.as_slice())
        .unwrap_or_default()
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), owned(&[name])?)))
        .collect();
    let title = origin
        .and_then(|origin| owned(origin.name))
        .or_else(|| NAMES.iter().find_map(|name| owned(&[name])))
        .or_else(|| parents.first().filter(|_| is_credential).map(|(_, name)| name.clone()))
        .unwrap_or_else(|| resource.label.clone());
    let Guess {
        kind,
        reason,
        attestation,
    } = (type_name == "aws_iam_role")
        .then(|| trust::of_role(attributes))
        .flatten()
        .unwrap_or_else(|| trust::by_type(type_name));
    let mut known_as = external.clone();
    known_as.extend(ids);
    known_as.dedup();
    let unknown = external.is_empty();
    Candidate {
        subjects: subjects(type_name, &title, attributes),
        own: own_powers(type_name, attributes),
        parents,
        is_credential,
        found: Found {
            address: resource.address.clone(),
            type_name: type_name.to_owned(),
            is_local: ["kubernetes_", "postgresql_", "vault_"]
                .iter()
                .any(|head| type_name.starts_with(head)),
            title,
            external,
            known_as,
            credentials: Vec::new(),
            kind,
            kind_reason: reason,
            reference: unknown.then(|| refer(resource, identifiers)).flatten(),
            attestation,
            labels: Labels::of(attributes, row),
            scope: Scope::default(),
        },
    }
}

/// An expression for an id that is known only after apply.
fn refer(resource: &Resource<'_>, identifiers: &[&'static str]) -> Option<String> {
    let reference = resource.reference.as_deref()?;
    let attribute = match types::origin(&resource.type_name).map(|origin| origin.external) {
        Some([types::Part::Of([attribute])]) => attribute,
        Some(_) => return None,
        None => identifiers.first()?,
    };
    hcl::is_identifier(attribute).then(|| format!("{reference}.{attribute}"))
}

/// By which names grants of the same source mean it.
fn subjects(type_name: &str, title: &str, attributes: &Attributes<'_>) -> Vec<Subject> {
    let one = |name: &str| attributes.text(&[name]).map(Cow::into_owned);
    match type_name {
        "aws_iam_role" => vec![("aws_iam_role", title.to_owned())],
        "aws_iam_user" => vec![("aws_iam_user", title.to_owned())],
        "azurerm_user_assigned_identity" => one("principal_id").map(|id| ("azure", id)).into_iter().collect(),
        "azuread_service_principal" => one("object_id").map(|id| ("azure", id)).into_iter().collect(),
        "google_service_account" => {
            let email = one("email").map(|email| ("google", format!("serviceAccount:{email}")));
            email.into_iter().collect()
        }
        "kubernetes_service_account" | "kubernetes_service_account_v1" => {
            let namespace = attributes.text(&["metadata", "namespace"]);
            let namespace = namespace.as_deref().unwrap_or("default");
            vec![("kubernetes", format!("{namespace}/{title}"))]
        }
        "postgresql_role" => vec![("postgresql", title.to_owned())],
        _ => Vec::new(),
    }
}

/// What a resource says itself of what it may do.
fn own_powers(type_name: &str, attributes: &Attributes<'_>) -> Vec<Power> {
    match type_name {
        "aws_iam_role" => powers::of_aws_role(attributes),
        "postgresql_role" => {
            let mut own = Vec::new();
            if attributes.flag(&["superuser"]) {
                own.push(Power::Unknown("everything: it is a superuser".to_owned()));
            }
            let roles = attributes.texts(&["roles"]);
            if !roles.is_empty() {
                own.push(Power::Unknown(format!(
                    "what the roles `{}` may do",
                    roles.join("`, `")
                )));
            }
            own
        }
        name if name.starts_with("vault_") => {
            let policies = attributes.texts(&["token_policies"]);
            let said = format!("what the policies `{}` of Vault allow", policies.join("`, `"));
            (!policies.is_empty())
                .then_some(Power::Unknown(said))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}
