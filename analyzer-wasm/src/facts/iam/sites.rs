//! Where IAM documents and policy ARNs stand in the blocks of a plan.
//!
//! A table, so that a provider's new resource is a row and not a branch.

use nhi_plan::json::Value;
use nhi_plan::symbol;

use super::document::Document;
use super::powers::{self, Powers, Trust};
use super::principal::Principal;
use crate::facts::Block;

/// What a document is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Belongs to one principal.
    Inline,
    /// Stands by itself until something attaches it.
    Managed,
    /// Says who may assume a role.
    Trust,
}

/// What a resource type holds.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) resource_type: &'static str,
    /// Kind of principal, and the attribute that names it; no attribute where the block is the principal.
    pub(crate) principal: (&'static str, &'static str),
    /// Attribute paths of documents; `[*]` is any element.
    pub(crate) documents: &'static [(&'static str, Place)],
    /// Attribute paths of policy ARNs.
    pub(crate) arns: &'static [&'static str],
    /// Attributes by which a managed policy says that it is attached.
    pub(crate) attaches_itself: &'static [&'static str],
    /// It may have a permissions boundary.
    pub(crate) bounded: bool,
}

const NONE: Spec = Spec {
    resource_type: "",
    principal: ("", ""),
    documents: &[],
    arns: &[],
    attaches_itself: &[],
    bounded: false,
};

const fn inline(
    resource_type: &'static str,
    path: &'static [(&'static str, Place)],
    principal: (&'static str, &'static str),
) -> Spec {
    Spec {
        resource_type,
        documents: path,
        principal,
        ..NONE
    }
}

const fn attachment(
    resource_type: &'static str,
    arns: &'static [&'static str],
    principal: (&'static str, &'static str),
) -> Spec {
    Spec {
        resource_type,
        principal,
        arns,
        ..NONE
    }
}

const POLICY: &[(&str, Place)] = &[("policy", Place::Inline)];
const POLICY_DOCUMENT: &[(&str, Place)] = &[("policy_document", Place::Inline)];

/// Every resource type that carries a document or a policy ARN, sorted.
static SPECS: [Spec; 23] = [
    inline("aws_iam_group_policy", POLICY, ("group", "group")),
    attachment("aws_iam_group_policy_attachment", &["policy_arn"], ("group", "group")),
    attachment(
        "aws_iam_group_policy_attachments_exclusive",
        &["policy_arns[*]"],
        ("group", "group_name"),
    ),
    Spec {
        resource_type: "aws_iam_policy",
        principal: ("policy", ""),
        documents: &[("policy", Place::Managed)],
        attaches_itself: &["attachment_count"],
        ..NONE
    },
    attachment("aws_iam_policy_attachment", &["policy_arn"], ("principal", "roles")),
    Spec {
        resource_type: "aws_iam_role",
        principal: ("role", ""),
        documents: &[
            ("assume_role_policy", Place::Trust),
            ("inline_policy[*].policy", Place::Inline),
        ],
        arns: &["managed_policy_arns[*]"],
        bounded: true,
        ..NONE
    },
    inline("aws_iam_role_policy", POLICY, ("role", "role")),
    attachment("aws_iam_role_policy_attachment", &["policy_arn"], ("role", "role")),
    attachment(
        "aws_iam_role_policy_attachments_exclusive",
        &["policy_arns[*]"],
        ("role", "role_name"),
    ),
    Spec {
        resource_type: "aws_iam_user",
        principal: ("user", ""),
        bounded: true,
        ..NONE
    },
    inline("aws_iam_user_policy", POLICY, ("user", "user")),
    attachment("aws_iam_user_policy_attachment", &["policy_arn"], ("user", "user")),
    attachment(
        "aws_iam_user_policy_attachments_exclusive",
        &["policy_arns[*]"],
        ("user", "user_name"),
    ),
    attachment(
        "aws_ssoadmin_managed_policy_attachment",
        &["managed_policy_arn"],
        ("permission set", "permission_set_arn"),
    ),
    inline(
        "aws_ssoadmin_permission_set_inline_policy",
        &[("inline_policy", Place::Inline)],
        ("permission set", "permission_set_arn"),
    ),
    Spec {
        resource_type: "awscc_iam_group",
        principal: ("group", ""),
        documents: &[("policies[*].policy_document", Place::Inline)],
        arns: &["managed_policy_arns[*]"],
        ..NONE
    },
    inline("awscc_iam_group_policy", POLICY_DOCUMENT, ("group", "group_name")),
    Spec {
        resource_type: "awscc_iam_managed_policy",
        principal: ("policy", ""),
        documents: &[("policy_document", Place::Managed)],
        attaches_itself: &["groups", "roles", "users", "attachment_count"],
        ..NONE
    },
    Spec {
        resource_type: "awscc_iam_role",
        principal: ("role", ""),
        documents: &[
            ("assume_role_policy_document", Place::Trust),
            ("policies[*].policy_document", Place::Inline),
        ],
        arns: &["managed_policy_arns[*]"],
        bounded: true,
        ..NONE
    },
    inline("awscc_iam_role_policy", POLICY_DOCUMENT, ("role", "role_name")),
    Spec {
        resource_type: "awscc_iam_user",
        principal: ("user", ""),
        documents: &[("policies[*].policy_document", Place::Inline)],
        arns: &["managed_policy_arns[*]"],
        bounded: true,
        ..NONE
    },
    inline("awscc_iam_user_policy", POLICY_DOCUMENT, ("user", "user_name")),
    inline(
        "awscc_sso_permission_set",
        &[("inline_policy", Place::Inline)],
        ("permission set", ""),
    ),
];

/// What the analyzer reads of a resource type.
pub(crate) fn spec(resource_type: &str) -> Option<&'static Spec> {
    let is_aws = resource_type.starts_with("aws_iam_")
        || resource_type.starts_with("aws_sso")
        || resource_type.starts_with("awscc_");
    let found = is_aws.then(|| {
        SPECS
            .binary_search_by(|spec| spec.resource_type.cmp(resource_type))
            .ok()
    })?;
    found.and_then(|index| SPECS.get(index))
}

/// Where a site's powers come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// A document that was judged.
    Identity { powers: Powers, sids: Vec<String> },
    /// A trust document that was judged.
    Trust { trust: Trust, sids: Vec<String> },
    /// A document that rests on these configuration addresses and is not known yet.
    Pending { trust: bool, blocks: Vec<String> },
    /// Text that is not a policy document.
    Broken,
    /// A policy that the provider manages.
    Managed { arn: String, powers: Powers },
    /// A policy whose ARN is not known yet and leads to no policy of the plan.
    Attached { blocks: Vec<String> },
}

/// A document or an attachment that somebody has to look at.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) address: String,
    pub(crate) config_address: String,
    pub(crate) module_address: String,
    pub(crate) path: String,
    pub(crate) place: Place,
    pub(crate) principal: Principal,
    /// Name or ARN of the policy: with the principal's name it says that two blocks speak of one thing.
    pub(crate) policy: Option<String>,
    pub(crate) source: Source,
}

/// How a set of policies holds one that is known by name; no configuration address looks like it.
pub(crate) fn name_key(name: &str) -> String {
    format!("name {name}")
}

impl Site {
    fn new(block: &Block<'_>, path: String, place: Place, principal: &Principal, source: Source) -> Self {
        Self {
            address: block.change.address.to_string(),
            config_address: block.change.config_address.to_string(),
            module_address: block.change.module_address.to_string(),
            path,
            place,
            principal: principal.clone(),
            policy: None,
            source,
        }
    }

    pub(crate) fn attachment(
        block: &Block<'_>,
        path: String,
        spec: &Spec,
        principal: &Principal,
        source: Source,
    ) -> Self {
        let mut site = Self::new(block, path, Place::Inline, principal, source);
        if spec.principal.1 == "roles" {
            site.principal.kind = attached_kind(block);
        }
        if let Source::Managed { arn, .. } = &site.source {
            site.policy = Some(arn.clone());
        }
        site
    }
}

/// `aws_iam_policy_attachment` reaches all three kinds of principal.
fn attached_kind(block: &Block<'_>) -> &'static str {
    let filled = |attribute: &str| {
        block
            .after()
            .and_then(|after| after.get(attribute))
            .is_some_and(|value| !value.is_empty())
    };
    match (filled("roles"), filled("users"), filled("groups")) {
        (true, false, false) => "role",
        (false, true, false) => "user",
        (false, false, true) => "group",
        _ => "principal",
    }
}

/// The strings at a path with at most one `[*]`; `None` where an element is null.
pub(crate) fn strings_at(block: &Block<'_>, path: &str) -> Vec<(String, Option<String>)> {
    let text = |value: Value<'_>| value.as_str().map(std::borrow::Cow::into_owned);
    let Some(after) = block.after() else { return Vec::new() };
    let Some((list, rest)) = path.split_once("[*]") else {
        let known = after.get(path).filter(|value| !value.is_null());
        return known.map(|value| (path.to_owned(), text(value))).into_iter().collect();
    };
    let elements = after.get(list).into_iter().flat_map(Value::elements).enumerate();
    elements
        .filter_map(|(index, element)| {
            let value = match rest.strip_prefix('.') {
                Some(name) => element.get(name),
                None => Some(element),
            };
            let found = value.and_then(text);
            let path = format!("{list}[{index}]{rest}");
            // A set of nested blocks that were not written holds nothing to read.
            (found.is_some() || rest.is_empty() || block.is_unknown(&path)).then_some((path, found))
        })
        .collect()
}

/// Reads the documents at `path` and keeps those that have something to say.
pub(crate) fn read_documents(
    block: &Block<'_>,
    path: &str,
    place: Place,
    principal: &Principal,
    sites: &mut Vec<Site>,
) {
    let found = strings_at(block, path);
    let trust = place == Place::Trust;
    let base = path.split_once("[*]").map_or(path, |(list, _)| list);
    let optional = base != path;
    let blocks = |at: &str| block.references(at);
    // A wholly unknown block that nobody wrote is one that the provider computes.
    if found.is_empty() && block.is_unknown(base) && (!optional || !blocks(base).is_empty()) {
        let source = Source::Pending {
            trust,
            blocks: blocks(base),
        };
        sites.push(Site::new(block, base.to_owned(), place, principal, source));
    }
    for (at, text) in found {
        let name = at.rsplit_once('.').and_then(|(owner, _)| {
            let owner = block.after()?.at(owner)?;
            ["name", "policy_name"]
                .iter()
                .find_map(|name| owner.get(name)?.as_str())
        });
        let policy = name
            .map(std::borrow::Cow::into_owned)
            .or_else(|| block.string("name"))
            .or_else(|| block.string("policy_name"));
        let source = match text {
            None => Some(Source::Pending {
                trust,
                blocks: blocks(&at),
            }),
            Some(text) if text.trim().is_empty() => None,
            Some(text) => judged(&text, trust),
        };
        if let Some(source) = source {
            sites.push(Site {
                policy,
                ..Site::new(block, at, place, principal, source)
            });
        }
    }
}

/// A trust document that may be one of several: what all say is certain, what only some say may be.
fn judged_trust(text: &str) -> Option<Source> {
    let alternatives = symbol::alternatives(text);
    let mut found = Trust::default();
    let mut open = 0;
    for alternative in &alternatives {
        let trust = match Document::parse(alternative) {
            Some(document) => powers::judge_trust(&document),
            None if symbol::has_symbols(alternative) => Trust {
                anyone: None,
                unknown: Some(usize::MAX),
            },
            None => return Some(Source::Broken),
        };
        open += usize::from(trust.anyone.is_some());
        found.anyone = found.anyone.or(trust.anyone);
        found.unknown = found.unknown.or(trust.unknown);
    }
    if open < alternatives.len()
        && let Some(claim) = found.anyone.take()
    {
        found.unknown = Some(claim.statement);
    }
    (found != Trust::default()).then(|| Source::Trust {
        trust: found,
        sids: Vec::new(),
    })
}

fn judged(text: &str, trust: bool) -> Option<Source> {
    if trust && symbol::has_symbols(text) {
        return judged_trust(text);
    }
    let Some(document) = Document::parse(text) else {
        return Some(Source::Broken);
    };
    let sids = || {
        document
            .statements
            .iter()
            .map(|statement| statement.sid.clone())
            .collect()
    };
    if trust {
        let trust = powers::judge_trust(&document);
        return (trust != Trust::default()).then(|| Source::Trust { trust, sids: sids() });
    }
    let powers = powers::judge(&document);
    (!powers.is_harmless()).then(|| Source::Identity { powers, sids: sids() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_sorted() {
        assert!(SPECS.is_sorted_by(|left, right| left.resource_type < right.resource_type));
    }
}
