//! Principals of Azure and Entra: by object id, or by the block that makes them.

use std::collections::{BTreeMap, BTreeSet};

use nhi_plan::json::Value;
use nhi_plan::symbol;

use crate::facts::Block;
use crate::facts::cloud::{self, Instances, Site, Text};

/// What kind of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// An application, a service principal or a managed identity.
    Machine,
    User,
    Group,
    /// Whoever applies the plan.
    Deployer,
    /// No principal: where many meet many.
    Place,
    Unknown,
}

/// A principal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Principal {
    pub(crate) kind: Kind,
    pub(crate) key: String,
    pub(crate) label: String,
}

impl Principal {
    /// What a message calls it.
    pub(crate) fn noun(&self) -> String {
        match self.kind {
            Kind::Deployer => self.kind.word().to_owned(),
            kind => format!("{} `{}`", kind.word(), cloud::cut(&self.label)),
        }
    }
}

impl Kind {
    /// What it is, in words.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Machine => "machine identity",
            Self::User => "user",
            Self::Group => "group",
            Self::Deployer => "whoever applies this plan",
            Self::Place => "identities in",
            Self::Unknown => "principal",
        }
    }
}

/// Blocks that make principals.
#[derive(Debug, Default)]
pub(crate) struct Principals {
    blocks: Instances<()>,
    /// Address by object id.
    ids: BTreeMap<String, (String, Kind)>,
    /// Groups that hold machines.
    with_machines: BTreeSet<String>,
}

/// What kind of principal a block of this type makes.
pub(crate) fn kind_of_type(name: &str) -> Option<Kind> {
    let plain = name.strip_prefix("data.").unwrap_or(name);
    Some(match plain {
        "azurerm_client_config" | "azuread_client_config" => Kind::Deployer,
        "azuread_user" | "azuread_users" | "azuread_invitation" => Kind::User,
        "azuread_group" | "azuread_groups" | "azuread_group_without_members" => Kind::Group,
        "azuread_service_principal"
        | "azuread_application"
        | "azuread_application_registration"
        | "azuread_service_principals" => Kind::Machine,
        _ if plain.starts_with("azurerm_") || plain.starts_with("azapi_") => Kind::Machine,
        _ => return None,
    })
}

impl Principals {
    /// Takes in a block that makes a principal.
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        let name = block.change.resource_type.as_ref();
        let own = match name {
            "azurerm_user_assigned_identity" => Some("principal_id"),
            "azuread_service_principal"
            | "azuread_group"
            | "azuread_user"
            | "azurerm_client_config"
            | "azuread_client_config" => Some("object_id"),
            _ => None,
        };
        let attached = block
            .after()
            .and_then(|after| after.get("identity"))
            .filter(|identity| identity.elements().next().is_some());
        let system = attached.and_then(|identity| identity.elements().next()?.get("principal_id")?.as_str());
        if own.is_none() && attached.is_none() {
            return;
        }
        self.blocks.add(block, ());
        let id = own.and_then(|attribute| block.string(attribute));
        let id = id.or_else(|| system.map(std::borrow::Cow::into_owned));
        let kind = kind_of_type(name).unwrap_or(Kind::Machine);
        if let Some(id) = id.filter(|id| !id.is_empty() && !symbol::has_symbols(id)) {
            self.ids
                .insert(id.to_ascii_lowercase(), (block.change.address.to_string(), kind));
        }
    }

    /// Notes that a group holds machines.
    pub(crate) fn collect_members(&mut self, block: &Block<'_>) {
        let (group, attribute) = match block.change.resource_type.as_ref() {
            "azuread_group" => (vec![block.change.config_address.to_string()], "members"),
            "azuread_group_member" => (block.references("group_object_id"), "member_object_id"),
            _ => return,
        };
        let machine = |address: &String| kind_of_type(cloud::type_of(address)) == Some(Kind::Machine);
        if block.references(attribute).iter().any(machine) {
            self.with_machines.extend(group);
        }
    }

    /// The principals that a value means; `declared` is what the block says of their kind.
    pub(crate) fn meant(&self, text: &Text, declared: Option<Kind>, site: &Site) -> Vec<Principal> {
        let mut found = Vec::new();
        for option in text.options.iter().filter(|option| !symbol::has_symbols(option)) {
            let id = option.to_ascii_lowercase();
            found.push(match self.ids.get(&id) {
                Some((address, kind)) => self.named(*kind, address),
                None => Principal {
                    kind: declared.unwrap_or(Kind::Unknown),
                    key: id,
                    label: option.clone(),
                },
            });
        }
        let open = text.options.is_empty() || text.options.iter().any(|option| symbol::has_symbols(option));
        if open {
            found.extend(self.by_reference(&text.blocks, declared, site));
        }
        found.dedup();
        found
    }

    fn by_reference(&self, blocks: &[String], declared: Option<Kind>, site: &Site) -> Vec<Principal> {
        let mut found = Vec::new();
        for block in blocks {
            let Some(kind) = kind_of_type(cloud::type_of(block)) else {
                continue;
            };
            let instances = self.blocks.meant(block, site);
            if instances.is_empty() {
                found.push(self.named(kind, block));
            }
            found.extend(instances.iter().map(|instance| self.named(kind, &instance.address)));
        }
        if found.is_empty() {
            let label = if blocks.is_empty() {
                site.address.clone()
            } else {
                blocks.join(", ")
            };
            found.push(Principal {
                kind: declared.unwrap_or(Kind::Unknown),
                key: label.clone(),
                label,
            });
        }
        found
    }

    fn named(&self, kind: Kind, address: &str) -> Principal {
        let holds_machines = kind == Kind::Group && self.with_machines.contains(&*cloud::without_keys(address));
        Principal {
            kind: if holds_machines { Kind::Machine } else { kind },
            key: address.to_owned(),
            label: address.to_owned(),
        }
    }
}

/// Whether a value of one principal will be one of several.
pub(crate) fn is_one_of(text: &Text) -> bool {
    let makes_one = |block: &&String| kind_of_type(cloud::type_of(block)).is_some();
    text.options.len() > 1 || text.options.is_empty() && text.blocks.iter().filter(makes_one).count() > 1
}

/// What `principal_type` says.
pub(crate) fn declared(block: &Block<'_>) -> Option<Kind> {
    of_type(&block.string("principal_type")?)
}

/// The kind of principal that the interface calls so.
pub(crate) fn of_type(name: &str) -> Option<Kind> {
    Some(match name {
        "ServicePrincipal" => Kind::Machine,
        "User" => Kind::User,
        "Group" => Kind::Group,
        _ => return None,
    })
}

/// The texts of a list of strings, with what is unknown in it as one more.
pub(crate) fn texts(block: &Block<'_>, path: &str) -> Vec<Text> {
    let list = block.after().and_then(|after| after.at(path));
    let mut found = Vec::new();
    let mut open = block.is_unknown(path);
    for item in list.into_iter().flat_map(Value::elements) {
        match item.as_str() {
            Some(text) => found.push(Text::of(&text, Vec::new())),
            None => open = true,
        }
    }
    let inside = format!("{path}[");
    open |= block
        .change
        .unknown_paths
        .iter()
        .any(|unknown| unknown.starts_with(&inside));
    if open {
        found.push(Text {
            options: Vec::new(),
            blocks: block.references(path),
        });
    }
    found
}
