//! Workload identity pools of Google Cloud: which tokens a pool takes, and which of its identities get something.

use std::collections::BTreeMap;

use nhi_plan::json::{self, Value};
use nhi_plan::{Mode, symbol};

use super::accounts::block_of;
use super::cel::{self, Binding, Match, binding, claim_binding};
use super::issuer::{self, Issuer, Reach};
use crate::facts::paper::Placed;
use crate::facts::{Block, cloud, setting};

/// What is wrong with a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remark {
    /// A provider takes tokens of strangers.
    Provider { issuer: Issuer, condition: Condition },
    /// Identities of the pool are named after a claim that anybody sets.
    Subject { claim: String },
    /// Identities of a pool that somebody else may have are given something.
    Grant(Grant),
}

/// What a provider demands of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Missing,
    Free,
    /// Anything of one organisation.
    Owner,
    Unknown,
}

/// A grant to identities of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// What was written after the pool.
    pub(crate) who: String,
    pub(crate) width: Width,
    /// How far the providers of the pool bind, where they are in the plan.
    pub(crate) pool: Option<Binding>,
    pub(crate) role: String,
}

/// How many identities of a pool a grant reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// All of them.
    Pool,
    /// All with a claim that anybody sets.
    Free,
    /// Those of one organisation.
    Owner,
    Unknown,
}

#[derive(Debug)]
struct Provider {
    keys: Vec<String>,
    bound: Binding,
    mapping: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Member {
    address: String,
    path: String,
    role: String,
    /// `None` where it is known only after apply and leads to a pool.
    text: Option<String>,
}

/// Pools and grants of the plan.
#[derive(Debug, Default)]
pub(crate) struct Google {
    providers: Vec<Provider>,
    members: Vec<Member>,
    found: Vec<Placed<Remark>>,
}

const PREFIX: &str = "principalSet://iam.googleapis.com/";

fn placed(address: &str, path: &str, possible: bool, remark: Remark) -> Placed<Remark> {
    Placed {
        address: address.to_owned(),
        path: path.to_owned(),
        statement: String::new(),
        document: None,
        evidence: "planned",
        possible,
        remark,
    }
}

impl Google {
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        let resource_type = block.change.resource_type.as_ref();
        if block.change.mode != Mode::Managed || !resource_type.starts_with("google_") {
            return;
        }
        if resource_type == "google_iam_workload_identity_pool_provider" {
            self.provider(block);
        } else if resource_type.ends_with("_iam_member") || resource_type.ends_with("_iam_binding") {
            self.grant(block);
        } else if resource_type.ends_with("_iam_policy") {
            self.policy(block);
        }
    }

    fn provider(&mut self, block: &Block<'_>) {
        let address = &*block.change.address;
        let oidc = block.after().and_then(|after| after.get("oidc")?.index(0));
        let url = oidc.and_then(|oidc| oidc.get("issuer_uri")?.as_str());
        let foreign = oidc.is_none() && !block.is_unknown("oidc");
        let unnamed = !foreign && is_unnamed(block, url.as_deref());
        let issuer = url.as_deref().map_or(issuer::UNKNOWN, issuer::recognise);
        let text = block
            .string("attribute_condition")
            .filter(|text| !text.trim().is_empty());
        let unknown = text.is_none() && block.is_unknown("attribute_condition");
        let bound = text.as_deref().map(|text| {
            let own = binding(text, issuer.dialect);
            // It may turn out to be the issuer of whom most is known.
            own.filter(|_| unnamed)
                .map_or(own, |own| Some(own.min(binding(text, issuer::Dialect::GitHub)?)))
        });
        let condition = match bound {
            _ if unknown => Some(Condition::Unknown),
            None => Some(Condition::Missing),
            Some(Some(Binding::Free)) => Some(Condition::Free),
            Some(Some(Binding::Owner)) => Some(Condition::Owner),
            Some(Some(Binding::Exact)) => None,
            Some(None) => Some(Condition::Unknown),
        };
        if let Some(condition) = condition.filter(|_| !foreign && issuer.reach != Reach::Tenant) {
            // An issuer that nobody knows may serve its owner only.
            let vague = unnamed && matches!(condition, Condition::Free | Condition::Unknown);
            let quiet = issuer.reach == Reach::Unknown && condition != Condition::Missing && !vague;
            if !quiet {
                let possible = vague || condition == Condition::Unknown;
                let remark = Remark::Provider { issuer, condition };
                self.found
                    .push(placed(address, "attribute_condition", possible, remark));
            }
        }
        let own = foreign || issuer.reach == Reach::Tenant;
        let mapping = block.after().and_then(|after| after.get("attribute_mapping"));
        let pairs = mapping.into_iter().flat_map(Value::members);
        let mapping: BTreeMap<String, String> = pairs
            .filter_map(|(name, value)| Some((name.into_owned(), value.as_str()?.into_owned())))
            .collect();
        let subject = mapping
            .get("google.subject")
            .and_then(|text| text.trim().strip_prefix("assertion."));
        if let Some(claim) = subject.filter(|claim| cel::is_free(claim) && bound.flatten() != Some(Binding::Exact)) {
            let remark = Remark::Subject {
                claim: claim.to_owned(),
            };
            self.found.push(placed(address, "attribute_mapping", false, remark));
        }
        self.providers.push(Provider {
            keys: pool_keys(block),
            bound: if own {
                Binding::Owner
            } else {
                bound.flatten().unwrap_or(Binding::Free)
            },
            mapping,
        });
    }

    fn grant(&mut self, block: &Block<'_>) {
        let role = block.string("role").unwrap_or_default();
        let address = block.change.address.to_string();
        for attribute in ["member", "members"] {
            let leads = || {
                let blocks = block.references(attribute);
                blocks
                    .iter()
                    .any(|block| block.contains("google_iam_workload_identity_pool"))
            };
            let value = block
                .after()
                .and_then(|after| after.get(attribute))
                .filter(|value| !value.is_null());
            let Some(value) = value else {
                if block.is_unknown(attribute) && leads() {
                    self.member(&address, attribute, &role, None);
                }
                continue;
            };
            if let Some(text) = value.as_str() {
                self.member(&address, attribute, &role, Some(text.into_owned()));
            }
            let mut riddle = false;
            for (index, text) in value.elements().map(Value::as_str).enumerate() {
                match text {
                    Some(text) => {
                        self.member(
                            &address,
                            &format!("{attribute}[{index}]"),
                            &role,
                            Some(text.into_owned()),
                        );
                    }
                    None => riddle = true,
                }
            }
            if riddle && leads() {
                self.member(&address, attribute, &role, None);
            }
        }
    }

    fn policy(&mut self, block: &Block<'_>) {
        let Some(text) = block.string("policy_data") else {
            return;
        };
        let Ok(document) = json::parse(&text) else { return };
        let bindings = document.root().get("bindings").into_iter().flat_map(Value::elements);
        for binding in bindings {
            let role = binding.get("role").and_then(Value::as_str).unwrap_or_default();
            for member in binding.get("members").into_iter().flat_map(Value::elements) {
                let text = member.as_str().map(std::borrow::Cow::into_owned);
                if text.is_some() {
                    self.member(&block.change.address, "policy_data", &role, text);
                }
            }
        }
    }

    fn member(&mut self, address: &str, path: &str, role: &str, text: Option<String>) {
        if text.as_deref().is_none_or(|text| text.starts_with(PREFIX)) {
            self.members.push(Member {
                address: address.to_owned(),
                path: path.to_owned(),
                role: role.to_owned(),
                text,
            });
        }
    }

    pub(crate) fn settle(&self) -> Vec<Placed<Remark>> {
        let mut found = self.found.clone();
        for member in &self.members {
            if let Some((possible, grant)) = self.judge(member) {
                found.push(placed(&member.address, &member.path, possible, Remark::Grant(grant)));
            }
        }
        found
    }

    fn judge(&self, member: &Member) -> Option<(bool, Grant)> {
        let grant = |who: &str, width: Width, pool: Option<Binding>| Grant {
            who: symbol::readable(who).into_owned(),
            width,
            pool,
            role: member.role.clone(),
        };
        let Some(text) = &member.text else {
            return Some((true, grant("", Width::Unknown, None)));
        };
        let (pool, who) = split(text.strip_prefix(PREFIX)?)?;
        if pool.contains("/workforcePools/") {
            // People, and another rule's business.
            return None;
        }
        let providers: Vec<&Provider> = self.providers.iter().filter(|provider| provider.serves(pool)).collect();
        let bound = providers.iter().map(|provider| provider.bound).min();
        if who == "*" {
            return (bound != Some(Binding::Exact)).then(|| (false, grant(who, Width::Pool, bound)));
        }
        let (attribute, value) = who.strip_prefix("attribute.")?.split_once('/')?;
        let claim = providers
            .iter()
            .find_map(|provider| provider.mapping.get(&format!("attribute.{attribute}")))
            .and_then(|expression| expression.strip_prefix("assertion."))
            .unwrap_or(attribute);
        let width = match claim_binding(claim, value, Match::Whole, issuer::Dialect::GitHub) {
            Binding::Free => Width::Free,
            Binding::Owner => Width::Owner,
            Binding::Exact => return None,
        };
        let inside = bound == Some(Binding::Exact);
        (!inside).then(|| (false, grant(who, width, bound)))
    }
}

/// Splits what follows the host into the pool and what is meant of it.
fn split(rest: &str) -> Option<(&str, &str)> {
    // `projects/1/locations/global/workloadIdentityPools/pool/attribute.repository/acme/app`, or a symbol for the pool.
    if let Some(at) = rest.find("/attribute.") {
        return Some((rest.get(..at)?, rest.get(at + 1..)?));
    }
    let (pool, who) = rest.rsplit_once('/')?;
    Some((pool, who))
}

impl Provider {
    fn serves(&self, pool: &str) -> bool {
        let named = pool.rsplit('/').next().unwrap_or_default();
        let mut origins = symbol::parts(pool).filter_map(|part| match part {
            symbol::Part::Symbol(origin) => Some(block_of(origin)),
            symbol::Part::Text(_) => None,
        });
        let by_block = origins.any(|origin| self.keys.contains(&origin));
        by_block || self.keys.iter().any(|key| key.strip_prefix("name ") == Some(named))
    }
}

/// Whether which issuer it is will be known only after apply; clusters have issuers of their own.
fn is_unnamed(block: &Block<'_>, url: Option<&str>) -> bool {
    let path = "oidc[0].issuer_uri";
    let open = url.map_or_else(|| setting::is_open(block, path), setting::is_symbol);
    let mut origins = block.references(path);
    origins.extend(url.into_iter().flat_map(symbol::parts).filter_map(|part| match part {
        symbol::Part::Symbol(origin) => Some(block_of(origin)),
        symbol::Part::Text(_) => None,
    }));
    let cluster = |address: &String| cloud::type_of(address).ends_with("_cluster");
    open && !origins.iter().any(cluster)
}

fn pool_keys(block: &Block<'_>) -> Vec<String> {
    let attribute = "workload_identity_pool_id";
    let name = block.string(attribute).map(|name| format!("name {name}"));
    name.into_iter().chain(block.references(attribute)).collect()
}
