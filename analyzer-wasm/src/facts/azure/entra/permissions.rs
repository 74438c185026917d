//! Application permissions: those with consent, and those that an application asks for.

use std::collections::{BTreeMap, BTreeSet};

use nhi_plan::json::Value;
use nhi_plan::{Severity, symbol};

use super::powers::{BY_PERMISSION, Power, find, rank};
use crate::facts::azure::judge::{Claim, Unknown, What};
use crate::facts::azure::principal::{Kind, Principal, Principals, texts};
use crate::facts::cloud::{self, Site, Text, lower};
use crate::facts::{Block, setting};

/// An application permission that somebody is given, or asks for.
#[derive(Debug)]
struct Permission {
    site: Site,
    /// `None` where it is not known which.
    power: Option<Power>,
    principal: Text,
    requested: bool,
    /// It acts for whoever signs in, with consent for everybody.
    delegated: bool,
}

/// Microsoft Graph, and the older interface to the directory.
const GRAPHS: [&str; 2] = [
    "00000003-0000-0000-c000-000000000000",
    "00000002-0000-0000-c000-000000000000",
];

/// Whether an address gives identifiers that were made up for roles of one's own.
fn is_own(address: &str) -> bool {
    let name = cloud::type_of(address);
    name.starts_with("random_")
        || name.starts_with("azuread_application")
        || name.starts_with("data.azuread_application")
}

/// Every permission in the plan, and who stands for which application.
#[derive(Debug, Default)]
pub(super) struct Permissions {
    all: Vec<Permission>,
    /// Addresses of service principals by the block of their application.
    standing: BTreeMap<String, Vec<String>>,
}

impl Permissions {
    pub(super) fn collect(&mut self, block: &Block<'_>) {
        match block.change.resource_type.as_ref() {
            "azuread_app_role_assignment" => self.grant(block),
            "azuread_application" => self.requests(block),
            "azuread_service_principal_delegated_permission_grant" => self.delegated(block),
            "azuread_application_api_access" => self.api_access(block),
            "azuread_service_principal" => {
                let mut blocks = block.references("client_id");
                blocks.extend(block.references("application_id"));
                for application in blocks {
                    let standing = self.standing.entry(application).or_default();
                    standing.push(block.change.address.to_string());
                }
            }
            _ => {}
        }
    }

    /// The service principals that stand for an application of the plan.
    pub(super) fn standing_for(&self, application: &str) -> impl Iterator<Item = &str> {
        self.standing.get(application).into_iter().flatten().map(String::as_str)
    }

    /// `azuread_app_role_assignment`: a permission with consent.
    fn grant(&mut self, block: &Block<'_>) {
        let Some(principal) = Text::read(block, "principal_object_id") else {
            return;
        };
        let names = named_roles(block, "app_role_id");
        let known = block.string("app_role_id").filter(|id| !symbol::has_symbols(id));
        let power = match (&known, names.as_slice()) {
            (Some(id), _) => match find(&BY_PERMISSION, id) {
                Some(power) => Some(power),
                None => return,
            },
            (None, []) => {
                let blocks = block.references("app_role_id");
                if !blocks.is_empty() && blocks.iter().all(|address| is_own(address)) {
                    return;
                }
                None
            }
            (None, names) => match names.iter().find_map(|name| find(&BY_PERMISSION, name)) {
                Some(power) => Some(power),
                None => return,
            },
        };
        self.all.push(Permission {
            site: Site::new(block, "app_role_id"),
            power,
            principal,
            requested: false,
            delegated: false,
        });
    }

    /// What an application asks for.
    fn requests(&mut self, block: &Block<'_>) {
        let apis = block.after().and_then(|after| after.get("required_resource_access"));
        let mut open = setting::is_open(block, "required_resource_access");
        let mut found: Vec<(String, Power)> = Vec::new();
        for (outer, api) in apis.into_iter().flat_map(Value::elements).enumerate() {
            let path = format!("required_resource_access[{outer}].resource_access");
            let of_graph = api
                .get("resource_app_id")
                .and_then(Value::as_str)
                .is_none_or(|id| symbol::has_symbols(&id) || GRAPHS.contains(&id.as_ref()));
            open |=
                of_graph && api.get("resource_access").is_none_or(Value::is_empty) && setting::is_open(block, &path);
            let asked = api
                .get("resource_access")
                .into_iter()
                .flat_map(Value::elements)
                .enumerate();
            for (inner, access) in asked {
                // A `Scope` acts for a person who signs in, and no further than that person may.
                let kind = access.get("type").and_then(Value::as_str);
                if kind.is_some_and(|kind| kind == "Scope") {
                    continue;
                }
                let path = format!("required_resource_access[{outer}].resource_access[{inner}].id");
                match access.get("id").and_then(Value::as_str) {
                    Some(id) if !symbol::has_symbols(&id) => {
                        found.extend(find(&BY_PERMISSION, &id).map(|power| (path, power)));
                    }
                    Some(id) => found.extend(
                        symbols(&id)
                            .iter()
                            .filter_map(|name| Some((path.clone(), find(&BY_PERMISSION, name)?))),
                    ),
                    None => open |= of_graph,
                }
            }
        }
        if open {
            let names = named_roles(block, "required_resource_access");
            let blocks = block.references("required_resource_access");
            if names.is_empty() && (blocks.is_empty() || !blocks.iter().all(|address| is_own(address))) {
                self.riddle(block, "required_resource_access");
            }
            let powers = names.iter().filter_map(|name| find(&BY_PERMISSION, name));
            found.extend(powers.map(|power| (String::from("required_resource_access"), power)));
        }
        self.ask(block, found);
    }

    /// Consent for everybody to what an application does in their name.
    fn delegated(&mut self, block: &Block<'_>) {
        let one_person = block.string("user_object_id").is_some() || block.is_unknown("user_object_id");
        let Some(principal) = Text::read(block, "service_principal_object_id").filter(|_| !one_person) else {
            return;
        };
        for (index, text) in texts(block, "claim_values").iter().enumerate() {
            let power = text.known().and_then(|name| find(&BY_PERMISSION, name));
            if power.is_some() {
                self.all.push(Permission {
                    site: Site::new(block, format!("claim_values[{index}]")),
                    power,
                    principal: principal.clone(),
                    requested: false,
                    delegated: true,
                });
            }
        }
    }

    fn api_access(&mut self, block: &Block<'_>) {
        let mut found: Vec<(String, Power)> = Vec::new();
        for (index, text) in texts(block, "role_ids").iter().enumerate() {
            let power = text.known().and_then(|id| find(&BY_PERMISSION, id));
            found.extend(power.map(|power| (format!("role_ids[{index}]"), power)));
        }
        let graph = block
            .string("api_client_id")
            .is_none_or(|id| symbol::has_symbols(&id) || GRAPHS.contains(&id.as_str()));
        if found.is_empty() {
            let names = named_roles(block, "role_ids");
            if graph
                && names.is_empty()
                && setting::list_is_open(block, "role_ids")
                && !block.references("role_ids").iter().all(|address| is_own(address))
            {
                self.riddle(block, "role_ids");
            }
            let powers = names.iter().filter_map(|name| find(&BY_PERMISSION, name));
            found.extend(powers.map(|power| (String::from("role_ids"), power)));
        }
        self.ask(block, found);
    }

    /// An application asks for something that is known only after apply.
    fn riddle(&mut self, block: &Block<'_>, path: &str) {
        self.all.push(Permission {
            site: Site::new(block, path),
            power: None,
            principal: asker(block),
            requested: true,
            delegated: false,
        });
    }

    fn ask(&mut self, block: &Block<'_>, found: Vec<(String, Power)>) {
        let principal = asker(block);
        for (path, power) in found {
            self.all.push(Permission {
                site: Site::new(block, path),
                power: Some(power),
                principal: principal.clone(),
                requested: true,
                delegated: false,
            });
        }
    }

    pub(super) fn claims(&self, principals: &Principals) -> Vec<Claim> {
        let mut told: BTreeSet<(String, &str)> = BTreeSet::new();
        let mut consented: BTreeSet<(String, &str)> = BTreeSet::new();
        let mut claims = Vec::new();
        let ordered = self.all.iter().filter(|given| !given.requested);
        for given in ordered.chain(self.all.iter().filter(|given| given.requested)) {
            let name = given.power.map_or("", |power| power.name);
            // Where consent is given, asking for it is no second thing.
            let answered = |block: &String| {
                self.standing_for(block)
                    .any(|address| consented.contains(&(address.to_owned(), name)))
            };
            if given.requested && given.principal.blocks.iter().any(answered) {
                continue;
            }
            for principal in principals.meant(&given.principal, Some(Kind::Machine), &given.site) {
                if !given.requested && !given.delegated {
                    consented.insert((principal.key.clone(), name));
                }
                if told.insert((principal.key.clone(), name)) {
                    claims.push(given.claim(principal));
                }
            }
        }
        claims
    }
}

impl Permission {
    fn claim(&self, principal: Principal) -> Claim {
        let base = self.power.map_or(Severity::Medium, |power| power.severity);
        let what = match self.power {
            Some(power) => What::Permission {
                name: power.name.to_owned(),
                effect: power.effect,
                requested: self.requested,
            },
            None => What::Unknown(Unknown::Permission),
        };
        let (severity, note) = match (self.requested, self.delegated) {
            (true, _) => (lower(base), "; an administrator has to consent"),
            (_, true) => (lower(lower(base)), "; in the name of whoever signs in, for everybody"),
            (false, false) => (base, ""),
        };
        let held = !self.requested && !self.delegated && self.power.is_some();
        Claim {
            what,
            site: self.site.clone(),
            principal,
            place: "the directory",
            role: self.power.map_or_else(String::new, |power| power.name.to_owned()),
            severity,
            possible: self.power.is_none(),
            note,
            evidence: "planned",
            rank: if held { rank(base) } else { 0 },
        }
    }
}

/// The application that asks.
fn asker(block: &Block<'_>) -> Text {
    let own = block.change.resource_type == "azuread_application";
    Text {
        options: Vec::new(),
        blocks: if own {
            vec![block.change.config_address.to_string()]
        } else {
            block.references("application_id")
        },
    }
}

/// Names of application roles that the expression at `attribute` picks: `app_role_ids["User.Read.All"]`.
fn named_roles(block: &Block<'_>, attribute: &str) -> Vec<String> {
    let mut names = block.string(attribute).map(|text| symbols(&text)).unwrap_or_default();
    let expression = block
        .configuration()
        .and_then(|configuration| configuration.get(attribute));
    let mut open: Vec<Value<'_>> = expression.into_iter().collect();
    while let Some(value) = open.pop() {
        for reference in value.get("references").into_iter().flat_map(Value::elements) {
            names.extend(reference.as_str().and_then(|reference| picked(&reference)));
        }
        open.extend(
            value
                .members()
                .filter(|(name, _)| name != "references")
                .map(|(_, value)| value),
        );
        open.extend(value.elements());
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// The same, out of the symbols of a text.
fn symbols(text: &str) -> Vec<String> {
    symbol::parts(text)
        .filter_map(|part| match part {
            symbol::Part::Symbol(origin) => picked(origin),
            symbol::Part::Text(_) => None,
        })
        .collect()
}

fn picked(reference: &str) -> Option<String> {
    let (_, rest) = reference.split_once("app_role_ids[\"")?;
    Some(rest.split_once('"')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_out_of_references() {
        let reference = r#"azuread_service_principal.g.app_role_ids["User.Read.All"]"#;
        assert_eq!(picked(reference).as_deref(), Some("User.Read.All"));
        assert_eq!(picked("azuread_service_principal.g.app_role_ids"), None);
    }
}
