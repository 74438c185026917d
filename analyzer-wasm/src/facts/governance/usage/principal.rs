//! Identities of the clouds that workloads run as: by address, and by the names that others call them.

use std::collections::BTreeMap;

use nhi_plan::{Action, Mode, symbol};

use super::environment::{self, Environment};
use super::workloads::Use;
use crate::facts::Block;
use crate::facts::cloud::{self, Instances, Site, Text};

const IDENTITIES: [&str; 3] = [
    "aws_iam_role",
    "azurerm_user_assigned_identity",
    "google_service_account",
];
const PROFILE: &str = "aws_iam_instance_profile";

/// Whether a configuration address is of an identity, or of a profile that stands for one.
pub(super) fn is_identity(address: &str) -> bool {
    // Most addresses lead elsewhere, and taking one apart costs more than a look.
    if !address.contains(PROFILE) && !IDENTITIES.iter().any(|name| address.contains(name)) {
        return false;
    }
    let name = cloud::type_of(address);
    IDENTITIES.contains(&name) || name == PROFILE
}

/// What is known of an identity.
#[derive(Debug)]
struct Identity {
    site: Site,
    environment: Option<Environment>,
    /// It was there before the plan.
    existed: bool,
    /// Only services of the cloud may become it.
    dedicated: bool,
}

/// The identities of a plan.
#[derive(Debug, Default)]
pub(super) struct Principals {
    identities: Instances<()>,
    facts: BTreeMap<String, Identity>,
    /// ARN, e-mail or id to address.
    names: BTreeMap<String, String>,
    /// Roles of AWS by their own name.
    roles: BTreeMap<String, String>,
    profiles: Instances<Profile>,
    profile_names: BTreeMap<String, Profile>,
}

/// What an instance profile stands for.
#[derive(Debug, Clone)]
struct Profile {
    site: Site,
    role: Text,
}

impl Principals {
    pub(super) fn collect(&mut self, block: &Block<'_>) {
        let name = block.change.resource_type.as_ref();
        if block.change.mode != Mode::Managed {
            return;
        }
        if name == PROFILE {
            let site = Site::new(block, "role");
            let Some(role) = Text::read(block, "role") else { return };
            let profile = Profile { site, role };
            for name in ["arn", "name"].into_iter().filter_map(|name| block.string(name)) {
                self.profile_names.insert(name, profile.clone());
            }
            self.profiles.add(block, profile);
            return;
        }
        if !IDENTITIES.contains(&name) {
            return;
        }
        let address = block.change.address.to_string();
        for attribute in ["arn", "email", "client_id", "id"] {
            if let Some(value) = block.string(attribute).filter(|value| !value.is_empty()) {
                self.names.insert(value.to_ascii_lowercase(), address.clone());
            }
        }
        if let Some(own) = block.string("name").filter(|_| name == "aws_iam_role") {
            self.roles.insert(own.to_ascii_lowercase(), address.clone());
        }
        self.identities.add(block, ());
        let trust = block.string("assume_role_policy").unwrap_or_default();
        self.facts.insert(
            address,
            Identity {
                site: Site::new(block, ""),
                environment: environment::of(block),
                existed: !block.change.actions.contains(&Action::Create),
                // Accounts, people and tokens from elsewhere may use it for what no plan shows.
                dedicated: name != "aws_iam_role"
                    || trust.contains("\"Service\"") && !trust.contains("\"AWS\"") && !trust.contains("\"Federated\""),
            },
        );
    }

    /// The identities that a workload certainly runs as: addresses in the plan, names of those elsewhere.
    pub(super) fn of(&self, one: &Use) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for text in &one.texts {
            for key in self.resolve(text, &one.site) {
                if !found.contains(&key) {
                    found.push(key);
                }
            }
        }
        if !one.list && found.len() > 1 {
            found.clear();
        }
        found
    }

    /// The addresses that a text may lead to; several where it is not certain.
    pub(super) fn resolve(&self, text: &Text, site: &Site) -> Vec<String> {
        if let Some(known) = text.known() {
            return self.by_name(known).into_iter().collect();
        }
        if text.options.len() > 1 {
            return Vec::new();
        }
        let mut found = Vec::new();
        for address in &text.blocks {
            let identities = self.identities.meant(address, site);
            let profiles = self.profiles.meant(address, site);
            if let [one] = identities.as_slice() {
                found.push(one.address.clone());
            } else if let [one] = profiles.as_slice() {
                found.extend(self.of_profile(&one.value));
            }
        }
        found.sort();
        found.dedup();
        match text.options.as_slice() {
            // The account is not known, the name is.
            [option] if found.is_empty() && is_named(option) => self.by_name(option).into_iter().collect(),
            _ => found,
        }
    }

    fn of_profile(&self, profile: &Profile) -> Vec<String> {
        // A profile is often called like its role: that name means the role here.
        if let Some(known) = profile.role.known() {
            let own = self.roles.get(&known.to_ascii_lowercase());
            return vec![own.cloned().unwrap_or_else(|| known.to_owned())];
        }
        let mut found = Vec::new();
        for address in &profile.role.blocks {
            if let [one] = self.identities.meant(address, &profile.site).as_slice() {
                found.push(one.address.clone());
            }
        }
        found
    }

    /// The identity of a name: the address where the plan has it, the name itself otherwise.
    fn by_name(&self, name: &str) -> Option<String> {
        if let Some(profile) = self.profile_names.get(name) {
            return self.of_profile(profile).into_iter().next();
        }
        let lower = name.to_ascii_lowercase();
        let role = lower.contains(":role/").then(|| lower.rsplit('/').next()).flatten();
        let in_plan = self
            .names
            .get(&lower)
            .or_else(|| role.and_then(|role| self.roles.get(role)));
        if let Some(address) = in_plan {
            return Some(address.clone());
        }
        (!is_of_platform(&lower)).then(|| name.to_owned())
    }

    /// Where an identity stands, if the plan has it.
    pub(super) fn site(&self, key: &str) -> Option<Site> {
        self.facts.get(key).map(|identity| identity.site.clone())
    }

    pub(super) fn environment(&self, key: &str) -> Option<Environment> {
        self.facts.get(key).and_then(|identity| identity.environment.clone())
    }

    /// The configuration address of an identity that only its workload was for.
    pub(super) fn left_behind(&self, key: &str) -> Option<&String> {
        let identity = self
            .facts
            .get(key)
            .filter(|identity| identity.existed && identity.dedicated)?;
        Some(&identity.site.config_address)
    }
}

/// Whether a text with unknown parts says which identity it means.
fn is_named(text: &str) -> bool {
    let known = |part: &str| !part.is_empty() && !symbol::has_symbols(part);
    let role = text.split_once(":role/").map(|(_, role)| role);
    let account = text.split_once('@').map(|(account, _)| account);
    role.or(account).is_some_and(known)
}

/// Identities that a cloud makes and that are shared by nature; other rules speak of them.
fn is_of_platform(name: &str) -> bool {
    name.contains("/aws-service-role/")
        || name.ends_with("-compute@developer.gserviceaccount.com")
        || name.ends_with("@appspot.gserviceaccount.com")
        || name.contains("@gcp-sa-")
        || name == "default"
}
