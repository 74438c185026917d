//! What a role assignment is on: the tenant, a management group, a subscription, a resource group or a resource.

use nhi_plan::symbol;

use crate::facts::Block;
use crate::facts::cloud::{self, Text};

/// How high a scope stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Resource,
    ResourceGroup,
    Subscription,
    ManagementGroup,
    Tenant,
}

/// What a grant is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) level: Level,
    /// The path in lower case, or what it rests on.
    pub(crate) key: String,
    /// Configuration addresses that it rests on.
    pub(crate) blocks: Vec<String>,
    /// It will be one of several, which stand at different heights.
    pub(crate) possible: bool,
}

impl Scope {
    pub(crate) fn read(block: &Block<'_>, attribute: &str) -> Self {
        Text::read(block, attribute).map_or_else(Self::nowhere, |text| Self::of(&text))
    }

    fn nowhere() -> Self {
        Self {
            level: Level::Resource,
            key: String::new(),
            blocks: Vec::new(),
            possible: false,
        }
    }

    pub(crate) fn of(text: &Text) -> Self {
        let mut levels: Vec<Level> = text.options.iter().map(|option| level_of_text(option)).collect();
        if text.options.is_empty() {
            levels.extend(text.blocks.iter().filter_map(|address| level_of_block(address)));
        }
        // Where nothing is known, the height of a usual assignment is the safe guess.
        let level = levels.iter().max().copied().unwrap_or(Level::Subscription);
        let key = match text.options.first() {
            Some(first) if text.options.len() == 1 => {
                symbol::readable(first).trim_end_matches('/').to_ascii_lowercase()
            }
            _ => text.blocks.join(","),
        };
        Self {
            level,
            key,
            blocks: text.blocks.clone(),
            possible: levels.iter().any(|other| *other != level) || levels.is_empty(),
        }
    }

    /// What a message calls it.
    pub(crate) fn noun(&self) -> &'static str {
        match self.level {
            Level::Tenant => "the whole tenant",
            Level::ManagementGroup => "a management group",
            Level::Subscription => "a subscription",
            Level::ResourceGroup => "a resource group",
            Level::Resource => "a resource",
        }
    }

    /// The subscription that the path begins with, where it is a path.
    pub(crate) fn subscription(&self) -> Option<&str> {
        let rest = self.key.strip_prefix("/subscriptions/")?;
        let name = rest.split('/').next().unwrap_or(rest);
        self.key.get(.."/subscriptions/".len() + name.len())
    }

    /// Whether what holds here holds at `other` too, as far as the two can be compared.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        if self.level == other.level {
            return self.key == other.key;
        }
        let comparable = self.key.starts_with("/subscriptions/") && other.key.starts_with("/subscriptions/");
        let inside = other
            .key
            .strip_prefix(&self.key)
            .is_some_and(|rest| rest.starts_with('/'));
        self.level > other.level && (!comparable || inside)
    }
}

fn level_of_text(text: &str) -> Level {
    let mut parts = symbol::parts(text);
    // `${azurerm_resource_group.g.id}/providers/…` begins where its reference stands.
    let (start, rest) = match parts.next() {
        Some(symbol::Part::Symbol(origin)) => {
            let address = cloud::address_of(origin).unwrap_or_default();
            let level = level_of_block(&address).unwrap_or(Level::Resource);
            (Some(level), text.split_once(symbol::CLOSE).map_or("", |(_, rest)| rest))
        }
        _ => (None, text),
    };
    let lower = rest.trim_end_matches('/').to_ascii_lowercase();
    let segments = lower.split('/').filter(|segment| !segment.is_empty()).count();
    match start {
        Some(level) if segments == 0 => return level,
        Some(Level::Subscription) if lower.starts_with("/resourcegroups/") && segments == 2 => {
            return Level::ResourceGroup;
        }
        Some(_) => return Level::Resource,
        None => {}
    }
    if segments == 0 {
        return Level::Tenant;
    }
    if lower.starts_with("/providers/microsoft.management/managementgroups/") {
        return if segments == 4 {
            Level::ManagementGroup
        } else {
            Level::Resource
        };
    }
    match (lower.starts_with("/subscriptions/"), segments) {
        (true, 2) => Level::Subscription,
        (true, 4) if lower.contains("/resourcegroups/") => Level::ResourceGroup,
        _ => Level::Resource,
    }
}

/// How high the resource of a block stands; `None` for one that is none of Azure's.
fn level_of_block(address: &str) -> Option<Level> {
    let name = cloud::type_of(address);
    let name = name.strip_prefix("data.").unwrap_or(name);
    match name {
        "azurerm_subscription" | "azurerm_client_config" | "azurerm_subscriptions" => Some(Level::Subscription),
        "azurerm_management_group" => Some(Level::ManagementGroup),
        "azurerm_resource_group" => Some(Level::ResourceGroup),
        _ if name.starts_with("azurerm_") || name.starts_with("azapi_") => Some(Level::Resource),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_texts() {
        let of = |text: &str| Scope::of(&Text::of(text, Vec::new())).level;
        let subscription = "/subscriptions/00000000-0000-0000-0000-000000000000";
        assert_eq!(of("/"), Level::Tenant);
        assert_eq!(
            of("/providers/Microsoft.Management/managementGroups/root"),
            Level::ManagementGroup
        );
        assert_eq!(of(subscription), Level::Subscription);
        assert_eq!(of(&format!("{subscription}/resourceGroups/g")), Level::ResourceGroup);
        assert_eq!(
            of(&format!(
                "{subscription}/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"
            )),
            Level::Resource
        );
        assert_eq!(of("/providers/Microsoft.Capacity"), Level::Resource);
        let symbol = |origin: &str| symbol::symbol(origin);
        assert_eq!(of(&symbol("azurerm_resource_group.g.id")), Level::ResourceGroup);
        assert_eq!(of(&symbol("data.azurerm_subscription.s.id")), Level::Subscription);
        assert_eq!(
            of(&format!(
                "{}/resourceGroups/g",
                symbol("data.azurerm_subscription.s.id")
            )),
            Level::ResourceGroup
        );
        assert_eq!(
            of(&format!(
                "/subscriptions/{}",
                symbol("data.azurerm_client_config.c.subscription_id")
            )),
            Level::Subscription
        );
        assert_eq!(of(&symbol("module.m.azurerm_key_vault.v.id")), Level::Resource);
    }

    #[test]
    fn what_covers_what() {
        let of = |text: &str| Scope::of(&Text::of(text, Vec::new()));
        assert!(of("/subscriptions/a").covers(&of("/subscriptions/A/resourceGroups/g")));
        assert!(!of("/subscriptions/a").covers(&of("/subscriptions/b/resourceGroups/g")));
        assert!(of("/providers/Microsoft.Management/managementGroups/m").covers(&of("/subscriptions/b")));
        assert!(!of("/subscriptions/a/resourceGroups/g").covers(&of("/subscriptions/a")));
    }
}
