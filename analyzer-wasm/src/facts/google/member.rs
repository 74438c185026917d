//! Members of a binding: who is meant by `serviceAccount:ci@p.iam.gserviceaccount.com` or by a reference.

use std::collections::{BTreeMap, BTreeSet};

use nhi_plan::symbol;

use crate::facts::Block;
use crate::facts::cloud::{self, Instances, Site, Text};
use crate::facts::setting;

/// What kind of principal a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A service account of the customer.
    Account,
    /// The account that a service uses unless told otherwise.
    DefaultAccount,
    /// An account of a Google service.
    Agent,
    /// A workload or a person of another identity provider.
    Federated,
    User,
    Group,
    /// A group that service accounts are in.
    MachineGroup,
    Domain,
    /// `allUsers`.
    Anyone,
    /// `allAuthenticatedUsers`.
    AnyGoogle,
    /// Deleted, or no principal at all.
    Nobody,
    Unknown,
}

/// A principal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Principal {
    pub(crate) kind: Kind,
    /// One text for one principal, however it is written.
    pub(crate) key: String,
    /// What a reader knows it by.
    pub(crate) label: String,
}

impl Principal {
    pub(crate) fn is_public(&self) -> bool {
        matches!(self.kind, Kind::Anyone | Kind::AnyGoogle)
    }

    pub(crate) fn is_human(&self) -> bool {
        matches!(self.kind, Kind::User | Kind::Group | Kind::Domain)
    }

    /// What a message calls it.
    pub(crate) fn noun(&self) -> String {
        match self.kind {
            Kind::Anyone | Kind::AnyGoogle => self.kind.word().to_owned(),
            kind => format!("{} `{}`", kind.word(), cloud::cut(&self.label)),
        }
    }
}

impl Kind {
    /// What it is, in words.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Account => "service account",
            Self::DefaultAccount => "default service account",
            Self::Agent => "service agent",
            Self::Federated => "federated identity",
            Self::User => "user",
            Self::Group => "group",
            Self::MachineGroup => "group of service accounts",
            Self::Domain => "domain",
            Self::Anyone => "anyone on the internet",
            Self::AnyGoogle => "anyone with a Google account",
            Self::Nobody => "deleted principal",
            Self::Unknown => "principal",
        }
    }
}

/// Service accounts of the plan.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    blocks: Instances<()>,
    /// Project by address, where it is known.
    projects: BTreeMap<String, String>,
    /// Address by email.
    emails: BTreeMap<String, String>,
    /// Blocks of groups by email.
    groups: BTreeMap<String, String>,
    /// Blocks and emails of groups that hold machines.
    with_machines: BTreeSet<String>,
}

impl Accounts {
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        let project = block.string("project").filter(|project| !symbol::has_symbols(project));
        self.projects
            .extend(project.map(|project| (block.change.address.to_string(), project)));
        self.blocks.add(block, ());
        let email = block.string("email").filter(|email| !symbol::has_symbols(email));
        let made = || {
            let (id, project) = (block.string("account_id")?, block.string("project")?);
            let whole = !symbol::has_symbols(&id) && !symbol::has_symbols(&project) && !id.contains('@');
            whole.then(|| format!("{id}@{project}.iam.gserviceaccount.com"))
        };
        if let Some(email) = email.or_else(made) {
            self.emails
                .insert(email.to_ascii_lowercase(), block.change.address.to_string());
        }
    }

    /// Takes in a group, or a machine that is put into one.
    pub(crate) fn collect_group(&mut self, block: &Block<'_>) {
        let config_address = block.change.config_address.to_string();
        if block.change.resource_type == "google_cloud_identity_group" {
            let email = Text::read(block, "group_key[0].id");
            let email = email.as_ref().and_then(Text::known).map(str::to_ascii_lowercase);
            self.groups.extend(email.map(|email| (email, config_address)));
            return;
        }
        let path = "preferred_member_key[0].id";
        let Some(member) = Text::read(block, path) else { return };
        let named = member
            .options
            .iter()
            .any(|option| option.ends_with("gserviceaccount.com"));
        let mut blocks = member.blocks;
        blocks.extend(block.references(path));
        if named || blocks.iter().any(|address| is_account(address)) {
            self.with_machines.extend(block.references("group"));
        }
    }

    /// A group that holds machines is as dangerous as they are.
    fn weighed(&self, mut principal: Principal) -> Principal {
        let email = principal.key.strip_prefix("group:");
        let block = email.and_then(|email| self.groups.get(email)).unwrap_or(&principal.key);
        if principal.kind == Kind::Group && self.with_machines.contains(block) {
            principal.kind = Kind::MachineGroup;
        }
        principal
    }

    /// Whether a service account of the plan may be in this project.
    pub(crate) fn may_be_in(&self, address: &str, project: &str) -> bool {
        self.projects.get(address).is_none_or(|known| known == project)
    }

    /// The service accounts that a text with an email means.
    pub(crate) fn named(&self, text: &str) -> Option<Principal> {
        let email = text.rsplit('/').next().unwrap_or(text);
        let address = self.emails.get(&email.to_ascii_lowercase())?;
        Some(account(address))
    }

    /// The service accounts that a value rests on.
    pub(crate) fn meant(&self, blocks: &[String], site: &Site) -> Vec<Principal> {
        let mut found = Vec::new();
        for block in blocks {
            if !is_account(block) {
                continue;
            }
            let instances = self.blocks.meant(block, site);
            if instances.is_empty() {
                found.push(account(block));
            }
            found.extend(instances.iter().map(|instance| account(&instance.address)));
        }
        found
    }

    /// Whether a single member will be one of several.
    pub(crate) fn is_one_of(text: &Text) -> bool {
        let makes_one = |block: &&String| is_account(block) || kind_of_block(block).is_some();
        text.options.len() > 1 || text.options.is_empty() && text.blocks.iter().filter(makes_one).count() > 1
    }

    /// The principals that a member may turn out to be.
    pub(crate) fn members(&self, text: &Text, site: &Site) -> Vec<Principal> {
        if text.options.is_empty() {
            return self.by_reference(&text.blocks, "", site);
        }
        let mut found: Vec<Principal> = Vec::new();
        for option in &text.options {
            let principals = if symbol::has_symbols(option) {
                let own = Text::of(option, Vec::new()).blocks;
                let blocks = if own.is_empty() { &text.blocks } else { &own };
                match parse(option) {
                    Some(plain) if plain.kind != Kind::Account => vec![plain],
                    _ => self.by_reference(blocks, option, site),
                }
            } else {
                let parsed = parse(option).unwrap_or_else(|| principal(Kind::Unknown, option));
                let known = parsed.key.strip_prefix("serviceaccount:");
                vec![known.and_then(|email| self.named(email)).unwrap_or(parsed)]
            };
            let principals = principals
                .into_iter()
                .map(|principal| self.weighed(principal))
                .collect::<Vec<_>>();
            found.extend(
                principals
                    .into_iter()
                    .filter(|new| !found.contains(new))
                    .collect::<Vec<_>>(),
            );
        }
        found
    }

    fn by_reference(&self, blocks: &[String], text: &str, site: &Site) -> Vec<Principal> {
        let accounts = self.meant(blocks, site);
        if !accounts.is_empty() {
            return accounts;
        }
        let known = blocks.iter().find_map(|block| Some((block, kind_of_block(block)?)));
        let (kind, label) = match known {
            Some((block, kind)) => (kind, block.clone()),
            None if text.to_ascii_lowercase().starts_with("serviceaccount:") => {
                (Kind::Account, symbol::readable(text).into_owned())
            }
            None if !text.is_empty() => (Kind::Unknown, symbol::readable(text).into_owned()),
            None => {
                let blocks = blocks.join(", ");
                let label = if blocks.is_empty() {
                    site.address.clone()
                } else {
                    blocks
                };
                (Kind::Unknown, label)
            }
        };
        vec![self.weighed(principal(kind, &label))]
    }
}

fn account(address: &str) -> Principal {
    Principal {
        kind: Kind::Account,
        key: address.to_owned(),
        label: address.to_owned(),
    }
}

fn principal(kind: Kind, label: &str) -> Principal {
    Principal {
        kind,
        key: label.to_ascii_lowercase(),
        label: label.to_owned(),
    }
}

/// Whether a configuration address is a service account, of the plan or from elsewhere.
fn is_account(address: &str) -> bool {
    matches!(
        cloud::type_of(address),
        "google_service_account" | "data.google_service_account"
    )
}

/// Whether a configuration address is a block of Google Cloud: what it gives for a member is an identity, and never
/// everyone.
pub(super) fn is_google(address: &str) -> bool {
    let name = cloud::type_of(address);
    name.strip_prefix("data.").unwrap_or(name).starts_with("google_")
}

/// Whether a member may turn out to be everyone: nothing is known of it, nor does it come from Google Cloud.
pub(super) fn may_be_anyone(member: &Text) -> bool {
    let open = member.options.is_empty() || member.options.iter().any(|option| setting::is_symbol(option));
    open && !member.blocks.iter().any(|address| is_google(address))
}

/// What kind of principal a block gives.
fn kind_of_block(address: &str) -> Option<Kind> {
    let name = cloud::type_of(address);
    Some(match name {
        "data.google_compute_default_service_account" | "data.google_app_engine_default_service_account" => {
            Kind::DefaultAccount
        }
        "google_project_service_identity"
        | "data.google_bigquery_default_service_account"
        | "data.google_storage_project_service_account"
        | "data.google_storage_transfer_project_service_account"
        | "data.google_service_networking_peered_dns_domain"
        | "google_logging_project_sink"
        | "google_logging_folder_sink"
        | "google_logging_organization_sink" => Kind::Agent,
        "google_iam_workload_identity_pool" | "google_iam_workforce_pool" => Kind::Federated,
        "google_cloud_identity_group" => Kind::Group,
        _ => return None,
    })
}

/// Reads a member; `None` where it has none of the forms. Symbols may stand in it.
pub(crate) fn parse(text: &str) -> Option<Principal> {
    if text.eq_ignore_ascii_case("allUsers") {
        return Some(principal(Kind::Anyone, "allUsers"));
    }
    if text.eq_ignore_ascii_case("allAuthenticatedUsers") {
        return Some(principal(Kind::AnyGoogle, "allAuthenticatedUsers"));
    }
    let (prefix, rest) = text.split_once(':')?;
    let kind = match prefix.to_ascii_lowercase().as_str() {
        "serviceaccount" => account_kind(rest),
        "user" => Kind::User,
        "group" => Kind::Group,
        "domain" => Kind::Domain,
        "principal" | "principalset" => Kind::Federated,
        "deleted" | "projectowner" | "projecteditor" | "projectviewer" => Kind::Nobody,
        _ => return None,
    };
    let label = if kind == Kind::Federated { text } else { rest };
    Some(Principal {
        kind,
        key: symbol::readable(text).to_ascii_lowercase(),
        label: symbol::readable(label).into_owned(),
    })
}

/// What an email of a service account says of it.
fn account_kind(email: &str) -> Kind {
    let email = email.to_ascii_lowercase();
    let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
    if email.ends_with("-compute@developer.gserviceaccount.com") || domain == "appspot.gserviceaccount.com" {
        return Kind::DefaultAccount;
    }
    // `project.svc.id.goog[namespace/name]` is a workload of a cluster.
    if email.contains(".svc.id.goog[") {
        return Kind::Federated;
    }
    let of_customer = domain.ends_with(".iam.gserviceaccount.com") && !domain.starts_with("gcp-sa-");
    let agent = email.starts_with("service-") && digits_before_at(&email);
    let of_google = domain.ends_with("gserviceaccount.com") && !of_customer;
    if of_google || agent { Kind::Agent } else { Kind::Account }
}

/// `service-123456789@compute-system.iam.gserviceaccount.com` is an agent by its number.
fn digits_before_at(email: &str) -> bool {
    let number = email
        .split_once('-')
        .and_then(|(_, rest)| rest.split_once('@'))
        .map_or("", |(number, _)| number);
    number.len() >= 6 && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_every_form() {
        let cases = [
            ("allUsers", Kind::Anyone),
            ("allAuthenticatedUsers", Kind::AnyGoogle),
            ("user:a@example.com", Kind::User),
            ("group:a@example.com", Kind::Group),
            ("domain:example.com", Kind::Domain),
            ("serviceAccount:ci@p.iam.gserviceaccount.com", Kind::Account),
            ("serviceAccount:service@p.iam.gserviceaccount.com", Kind::Account),
            (
                "serviceAccount:123456789012-compute@developer.gserviceaccount.com",
                Kind::DefaultAccount,
            ),
            ("serviceAccount:p@appspot.gserviceaccount.com", Kind::DefaultAccount),
            (
                "serviceAccount:123456789012@cloudservices.gserviceaccount.com",
                Kind::Agent,
            ),
            (
                "serviceAccount:123456789012@cloudbuild.gserviceaccount.com",
                Kind::Agent,
            ),
            (
                "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com",
                Kind::Agent,
            ),
            (
                "serviceAccount:service-123456789012@compute-system.iam.gserviceaccount.com",
                Kind::Agent,
            ),
            ("serviceAccount:p.svc.id.goog[ns/app]", Kind::Federated),
            (
                "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/g/*",
                Kind::Federated,
            ),
            (
                "deleted:serviceAccount:ci@p.iam.gserviceaccount.com?uid=1",
                Kind::Nobody,
            ),
            ("projectOwner:p", Kind::Nobody),
        ];
        for (text, kind) in cases {
            assert_eq!(parse(text).map(|principal| principal.kind), Some(kind), "{text}");
        }
        assert_eq!(parse("ci@p.iam.gserviceaccount.com"), None);
    }
}
