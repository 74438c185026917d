//! Whom a role trusts, by name: services, principals, accounts, identity providers.
//!
//! Whether strangers may assume a role is judged elsewhere; here the question is which principal of the plan may, and
//! which service may be handed the role.

use std::borrow::Cow;

use nhi_plan::json::{self, Value};
use nhi_plan::symbol;

use crate::facts::Block;
use crate::facts::iam::condition::Condition;
use crate::facts::iam::document::{Document, Effect, Selection, Statement};
use crate::facts::iam::pattern::{Case, matches};

/// Who is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Who {
    /// `lambda.amazonaws.com`.
    Service(String),
    /// An ARN, a unique id, or a symbol.
    Principal(String),
    /// Every principal of this account that has the permission; no account is any, or the own one.
    Account(Option<String>),
    /// An identity provider.
    Federated(String),
    /// Known only after apply.
    Unknown,
}

/// One principal of one statement.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) who: Who,
    pub(crate) condition: Condition,
    /// Whichever of several texts the trust turns out to be.
    pub(crate) sure: bool,
}

/// The trust of a role.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trust {
    pub(crate) entries: Vec<Entry>,
    /// There may be more than is known.
    pub(crate) open: bool,
}

/// How a trust answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Welcome {
    No,
    /// It depends on what is known only after apply.
    Possibly,
    Yes,
}

impl Trust {
    /// Reads a trust document; the value may be one of several texts.
    pub(crate) fn parse(value: &str) -> Self {
        let texts = symbol::alternatives(value).into_iter();
        // A text that is only a symbol may be anything; one that is no document lets nobody in.
        let read = texts.map(|text| {
            Self::parse_one(text).unwrap_or_else(|| Self {
                open: symbol::has_symbols(text),
                ..Self::default()
            })
        });
        let read: Vec<_> = read.collect();
        Self::one_of(&read)
    }

    /// The trust that will be one of these: sure is what all of them say.
    pub(crate) fn one_of(all: &[Self]) -> Self {
        let mut trust = Self::default();
        let everywhere = |who: &Who| all.iter().all(|one| one.entries.iter().any(|entry| entry.who == *who));
        for one in all {
            trust.open |= one.open;
            trust.entries.extend(one.entries.iter().map(|entry| Entry {
                sure: entry.sure && everywhere(&entry.who),
                ..entry.clone()
            }));
        }
        trust
    }

    fn parse_one(text: &str) -> Option<Self> {
        let document = Document::parse(text)?;
        let parsed = json::parse(text).ok()?;
        let root = parsed.root();
        let statements = member(root, "Statement")?;
        let principals = one_or_many(statements).map(|statement| {
            let mut found = Vec::new();
            match member(statement, "Principal") {
                Some(value) if value.kind() == json::Kind::Object => {
                    for (kind, names) in value.members() {
                        found.extend(one_or_many(names).map(|name| who(&kind, name.as_str().as_deref())));
                    }
                }
                Some(value) => found.extend(one_or_many(value).map(|name| who("AWS", name.as_str().as_deref()))),
                None => {}
            }
            found
        });
        let principals: Vec<_> = principals.collect();
        Some(Self::gather(&document, principals))
    }

    /// Reads the statements of a deferred `aws_iam_policy_document`.
    pub(crate) fn planned(block: &Block<'_>) -> Self {
        let unknown = |path: &str| block.is_unknown(path);
        let Some(after) = block.after() else {
            return Self {
                open: true,
                ..Self::default()
            };
        };
        let document = Document::from_planned(after, &unknown);
        let statements = after.get("statement").into_iter().flat_map(Value::elements).enumerate();
        let principals = statements.map(|(index, statement)| {
            let mut found = Vec::new();
            if unknown(&format!("statement[{index}].principals")) {
                found.push(Who::Unknown);
            }
            for principal in statement.get("principals").into_iter().flat_map(Value::elements) {
                let kind = principal.get("type").and_then(Value::as_str).unwrap_or_default();
                match principal.get("identifiers").filter(|names| !names.is_null()) {
                    Some(names) => found.extend(names.elements().map(|name| who(&kind, name.as_str().as_deref()))),
                    None => found.push(Who::Unknown),
                }
            }
            found
        });
        let principals: Vec<_> = principals.collect();
        let builds_on = ["source_policy_documents", "override_policy_documents"];
        let more = builds_on
            .iter()
            .any(|name| unknown(name) || after.get(name).is_some_and(|value| !value.is_empty()));
        let mut trust = Self::gather(&document, principals);
        trust.open |= more || document.open;
        trust
    }

    fn gather(document: &Document, principals: Vec<Vec<Who>>) -> Self {
        let mut trust = Self::default();
        let denied = document.statements.iter().any(|statement| {
            statement.effect == Effect::Deny
                && assumes(statement)
                && statement.condition.tests.is_empty()
                && !statement.condition.unknown
                && statement.principals == crate::facts::iam::document::Principals::Anyone
        });
        if denied {
            return trust;
        }
        for (statement, names) in document.statements.iter().zip(principals) {
            if statement.effect == Effect::Deny || !assumes(statement) {
                continue;
            }
            let condition = &statement.condition;
            let entries = names.into_iter().map(|who| Entry {
                who,
                condition: condition.clone(),
                sure: true,
            });
            trust.entries.extend(entries);
        }
        trust
    }

    /// Whether one of these services may be handed the role.
    pub(crate) fn welcomes_service(&self, services: &[&str]) -> Welcome {
        let wanted = |name: &str| services.iter().any(|service| is_service(name, service));
        let named = |entry: &&Entry| match &entry.who {
            // A condition on where the service calls from holds for whoever uses the service in this account.
            Who::Service(name) | Who::Federated(name) => wanted(name),
            _ => false,
        };
        let yes = self.entries.iter().filter(named).any(|entry| entry.sure);
        let perhaps = self.entries.iter().filter(named).any(|entry| !entry.sure);
        let unknown = perhaps
            || self.open
            || self.entries.iter().any(|entry| match &entry.who {
                Who::Unknown => true,
                Who::Service(name) => symbol::has_symbols(name),
                _ => false,
            });
        answer(yes, unknown)
    }

    /// Whether a SAML provider is among those that the role trusts: the names by which it goes.
    pub(crate) fn saml_providers(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| match &entry.who {
            Who::Federated(name) if name.contains(":saml-provider/") || name.contains("aws_iam_saml_provider.") => {
                Some(name.as_str())
            }
            _ => None,
        })
    }
}

fn answer(yes: bool, unknown: bool) -> Welcome {
    match (yes, unknown) {
        (true, _) => Welcome::Yes,
        (false, true) => Welcome::Possibly,
        (false, false) => Welcome::No,
    }
}

/// Service names carry a region or the suffix of a partition in places.
fn is_service(name: &str, service: &str) -> bool {
    let Some(stem) = service.strip_suffix(".amazonaws.com") else {
        return name.eq_ignore_ascii_case(service);
    };
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".cn").unwrap_or(&name);
    let Some(found) = name.strip_suffix(".amazonaws.com") else {
        return false;
    };
    found == stem || found.strip_prefix(stem).is_some_and(|region| region.starts_with('.'))
}

fn assumes(statement: &Statement) -> bool {
    const WAYS: [&str; 3] = [
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
    ];
    let hit = |pattern: &String| WAYS.iter().any(|way| matches(pattern, way, Case::Ignored));
    match &statement.actions {
        Selection::Only(patterns) => patterns.unknown || patterns.known.iter().any(hit),
        Selection::Except(patterns) => !patterns.known.iter().any(hit),
    }
}

fn who(kind: &str, name: Option<&str>) -> Who {
    let Some(name) = name else { return Who::Unknown };
    if kind.eq_ignore_ascii_case("service") {
        return Who::Service(name.to_owned());
    }
    if kind.eq_ignore_ascii_case("federated") {
        return Who::Federated(name.to_owned());
    }
    let is_number = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let account = name.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next());
    if is_number(name) {
        Who::Account(Some(name.to_owned()))
    } else if name == "*" || is_account_symbol(name) {
        Who::Account(None)
    } else if name.ends_with(":root") {
        Who::Account(account.filter(|account| is_number(account)).map(str::to_owned))
    } else {
        Who::Principal(name.to_owned())
    }
}

/// `${data.aws_caller_identity.current.account_id}`.
fn is_account_symbol(name: &str) -> bool {
    let mut parts = symbol::parts(name);
    let (Some(symbol::Part::Symbol(origin)), None) = (parts.next(), parts.next()) else {
        return false;
    };
    origin.ends_with(".account_id")
}

fn member<'d>(object: Value<'d>, name: &str) -> Option<Value<'d>> {
    let found = |(key, _): &(Cow<'_, str>, Value<'d>)| key.eq_ignore_ascii_case(name);
    object.members().find(found).map(|(_, value)| value)
}

fn one_or_many(value: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let is_list = value.kind() == json::Kind::Array;
    value.elements().chain((!is_list).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(principal: &str) -> Trust {
        Trust::parse(&format!(
            r#"{{"Statement":{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{principal}}}}}"#
        ))
    }

    #[test]
    fn services() {
        let both = trust(r#"{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]}"#);
        assert_eq!(both.welcomes_service(&["lambda.amazonaws.com"]), Welcome::Yes);
        assert_eq!(both.welcomes_service(&["glue.amazonaws.com"]), Welcome::No);
        for (name, service) in [
            ("states.eu-west-1.amazonaws.com", "states.amazonaws.com"),
            ("ec2.amazonaws.com.cn", "ec2.amazonaws.com"),
            ("EC2.amazonaws.com", "ec2.amazonaws.com"),
        ] {
            assert!(is_service(name, service), "{name}");
        }
        assert!(!is_service("ec2fleet.amazonaws.com", "ec2.amazonaws.com"));
        let unknown = trust(&format!(r#"{{"Service":"{}"}}"#, symbol::symbol("var.service")));
        assert_eq!(unknown.welcomes_service(&["lambda.amazonaws.com"]), Welcome::Possibly);
    }

    #[test]
    fn principals() {
        let who = |principal: &str| trust(principal).entries.first().map(|entry| entry.who.clone());
        let account = Some(Who::Account(Some(String::from("111122223333"))));
        assert_eq!(who(r#"{"AWS":"111122223333"}"#), account);
        assert_eq!(who(r#"{"AWS":"arn:aws:iam::111122223333:root"}"#), account);
        assert_eq!(who(r#""*""#), Some(Who::Account(None)));
        let role = "arn:aws:iam::111122223333:role/ci";
        assert_eq!(
            who(&format!(r#"{{"AWS":["{role}"]}}"#)),
            Some(Who::Principal(role.to_owned()))
        );
        let denied = Trust::parse(
            r#"{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"111122223333"}},{"Effect":"Deny","Action":"*","Principal":"*"}]}"#,
        );
        assert!(denied.entries.is_empty());
        assert!(Trust::parse(&symbol::symbol("data.aws_iam_policy_document.d.json")).open);
    }
}
