//! Environments, as tags and labels name them, and policies that let one into another.

use std::borrow::Cow;

use nhi_plan::json::{self, Kind, Value};
use nhi_plan::{Mode, symbol};

use super::Crossing;
use super::principal::{Principals, is_identity};
use crate::facts::Block;
use crate::facts::cloud::{Site, Text};

/// An environment by its usual name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Environment(&'static str);

/// Names that mean the same; the first is the usual one.
const NAMES: [&[&str]; 6] = [
    &["production", "prod", "prd", "live"],
    &["development", "dev", "develop"],
    &["test", "testing", "tst", "qa", "uat", "integration", "int"],
    &[
        "staging",
        "stage",
        "stg",
        "preprod",
        "pre-production",
        "preproduction",
        "acceptance",
        "acc",
    ],
    &["sandbox", "sbx", "playground", "lab", "demo"],
    &["non-production", "nonprod", "non-prod", "nonproduction"],
];

const KEYS: [&str; 6] = [
    "environment",
    "env",
    "stage",
    "environment_name",
    "deployment_environment",
    "env_name",
];

impl Environment {
    pub(crate) fn as_str(&self) -> &'static str {
        self.0
    }

    pub(crate) fn is_production(&self) -> bool {
        self.0 == "production"
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase().replace('_', "-");
        let names = NAMES.iter().find(|names| names.contains(&text.as_str()))?;
        names.first().map(|name| Self(name))
    }
}

/// The environment that a block says it is of.
pub(super) fn of(block: &Block<'_>) -> Option<Environment> {
    let after = block.after()?;
    ["tags", "tags_all", "labels", "metadata[0].labels"]
        .iter()
        .filter_map(|path| after.at(path))
        .flat_map(Value::members)
        .find_map(|(key, value)| {
            let own = key.rsplit(['/', ':']).next()?.to_ascii_lowercase().replace('-', "_");
            KEYS.contains(&own.as_str())
                .then(|| Environment::parse(&value.as_str()?))
                .flatten()
        })
}

/// Types that carry tags and a policy in one block, and where the policy stands.
const POLICIES: [(&str, &str); 7] = [
    ("aws_elasticsearch_domain", "access_policies"),
    ("aws_iam_role", "assume_role_policy"),
    ("aws_kms_key", "policy"),
    ("aws_opensearch_domain", "access_policies"),
    ("aws_secretsmanager_secret", "policy"),
    ("aws_sns_topic", "policy"),
    ("aws_sqs_queue", "policy"),
];

/// A policy of something in production, and whom it lets in.
#[derive(Debug)]
pub(super) struct Policy {
    site: Site,
    environment: Environment,
    /// Whom the statements name; blocks that the text rests on where it is not known.
    named: Vec<Text>,
    unverified: bool,
}

/// The policy of a block of which the environment is known.
pub(super) fn policy(block: &Block<'_>) -> Option<Policy> {
    let row = POLICIES.iter().find(|row| row.0 == block.change.resource_type)?;
    if block.change.mode != Mode::Managed {
        return None;
    }
    let path = row.1;
    let environment = of(block).filter(Environment::is_production)?;
    let text = block.string(path).filter(|text| !text.is_empty());
    let (named, unverified) = match &text {
        Some(text) => (principals(text), false),
        None => {
            let blocks: Vec<_> = block
                .references(path)
                .into_iter()
                .filter(|address| is_identity(address))
                .collect();
            let named = blocks.into_iter().map(|address| Text {
                options: Vec::new(),
                blocks: vec![address],
            });
            (named.collect(), true)
        }
    };
    (!named.is_empty()).then(|| Policy {
        site: Site::new(block, path),
        environment,
        named,
        unverified,
    })
}

/// The AWS principals of the statements that allow.
fn principals(text: &str) -> Vec<Text> {
    let Ok(document) = json::parse(text) else {
        return Vec::new();
    };
    let one_or_many = |value: Value<'_>| -> Vec<String> {
        match value.kind() {
            Kind::Array => value
                .elements()
                .filter_map(Value::as_str)
                .map(Cow::into_owned)
                .collect(),
            _ => value.as_str().map(Cow::into_owned).into_iter().collect(),
        }
    };
    let mut named = Vec::new();
    let Some(statements) = document.root().get("Statement") else {
        return named;
    };
    let mut each = |statement: Value<'_>| {
        let allows = statement
            .get("Effect")
            .and_then(Value::as_str)
            .is_some_and(|effect| effect == "Allow");
        if let Some(principal) = statement
            .get("Principal")
            .and_then(|principal| principal.get("AWS"))
            .filter(|_| allows)
        {
            named.extend(one_or_many(principal).iter().map(|text| Text::of(text, Vec::new())));
        }
    };
    match statements.kind() {
        Kind::Array => statements.elements().for_each(&mut each),
        _ => each(statements),
    }
    named
}

/// What a policy lets in from elsewhere: the first such identity.
pub(super) fn let_in(policy: &Policy, principals: &Principals) -> Option<Crossing> {
    policy.named.iter().find_map(|text| {
        let found = principals.resolve(text, &policy.site);
        let [key] = found.as_slice() else { return None };
        let environment = principals
            .environment(key)
            .filter(|other| *other != policy.environment)?;
        let unverified = policy.unverified || text.options.iter().any(|option| !is_whole(option));
        Some(Crossing {
            site: policy.site.clone(),
            one: (policy.site.address.clone(), policy.environment.clone()),
            other: (key.clone(), environment),
            by_policy: true,
            unverified,
        })
    })
}

/// Whether a text is one symbol, or holds none: it means the identity and nothing inside it.
fn is_whole(text: &str) -> bool {
    !symbol::has_symbols(text) || symbol::parts(text).count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_environments() {
        for (text, name) in [
            ("PRD", "production"),
            ("pre_production", "staging"),
            ("dev ", "development"),
        ] {
            assert_eq!(Environment::parse(text).map(|found| found.as_str()), Some(name));
        }
        assert_eq!(Environment::parse("blue"), None);
        assert_eq!(Environment::parse("product"), None);
    }
}
