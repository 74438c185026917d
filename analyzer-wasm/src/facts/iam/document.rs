//! Policy documents, from JSON text and from `aws_iam_policy_document` blocks that are not read yet.
//!
//! What is unknown stays unknown here: a judge decides whether it can matter.

use std::borrow::Cow;

use nhi_plan::json::{self, Value};
use nhi_plan::symbol;

use super::condition::{Condition, Test};
use super::origin;
use super::who::{self, Named, Sort};

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
    Unknown,
}

/// Patterns, some of which may not be known yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Patterns {
    pub(crate) known: Vec<String>,
    /// There is at least one more.
    pub(crate) unknown: bool,
}

/// Actions or resources of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selection {
    Only(Patterns),
    Except(Patterns),
}

impl Selection {
    const NOTHING: Self = Self::Only(Patterns {
        known: Vec::new(),
        unknown: false,
    });
}

/// Who a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Principals {
    /// Everybody there is.
    Anyone,
    /// Somebody in particular, or nobody.
    Named,
    /// `NotPrincipal`: everybody but a few.
    AnyoneBut,
    Unknown,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) sid: String,
    pub(crate) effect: Effect,
    pub(crate) actions: Selection,
    pub(crate) resources: Selection,
    pub(crate) principals: Principals,
    /// Whom `Principal` names, one by one.
    pub(crate) named: Vec<Named>,
    pub(crate) condition: Condition,
}

impl Statement {
    /// Whether a name among its principals is not known, and may turn out to be everybody.
    pub(crate) fn may_name_anyone(&self) -> bool {
        let chosen = |name: &str| origin::at_worst(name).is_some_and(|name| name.chars().all(|c| c == '*'));
        let open = |named: &Named| named.sort == Sort::Aws && named.name.as_deref().is_none_or(chosen);
        self.principals == Principals::Named && self.named.iter().any(open)
    }
}

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Document {
    pub(crate) statements: Vec<Statement>,
    /// There may be statements that are not known yet.
    pub(crate) open: bool,
}

impl Document {
    /// Adds statements the way `aws_iam_policy_document` does: one with the same sid replaces the earlier one.
    pub(crate) fn merge(&mut self, newer: Self) {
        self.open |= newer.open;
        for statement in newer.statements {
            let same = |old: &&mut Statement| !statement.sid.is_empty() && old.sid == statement.sid;
            match self.statements.iter_mut().find(same) {
                Some(old) => *old = statement,
                None => self.statements.push(statement),
            }
        }
    }

    /// Reads the JSON text of a policy; `None` when it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let document = json::parse(text).ok()?;
        let statements = member(document.root(), "Statement")?;
        // What IAM would refuse is not read as a document that allows nothing.
        let is_plain = |object: Value<'_>| object.kind() == json::Kind::Object && !is_ambiguous(object);
        // A statement, or all of them, that a symbol stands for.
        let is_hidden = |value: &Value<'_>| value.as_str().is_some_and(|text| nhi_plan::symbol::has_symbols(&text));
        let known = || one_or_many(statements).filter(|value| !is_hidden(value));
        if !is_plain(document.root()) || !known().all(is_plain) {
            return None;
        }
        Some(Self {
            statements: known().map(from_policy).collect(),
            open: one_or_many(statements).any(|value| is_hidden(&value)),
        })
    }

    /// Reads one of several texts that a policy may turn out to be: an empty one, and a document without statements,
    /// as a data source writes it where no statement is left, allow nothing.
    pub(crate) fn parse_choice(text: &str) -> Option<Self> {
        let is_without_statements = || {
            let document = json::parse(text).ok()?;
            let root = document.root();
            let is_document = root.kind() == json::Kind::Object && !is_ambiguous(root);
            (is_document && member(root, "Statement").is_none() && !nhi_plan::symbol::has_symbols(text)).then_some(())
        };
        match Self::parse(text) {
            Some(document) => Some(document),
            None if text.trim().is_empty() => Some(Self::default()),
            None => is_without_statements().map(|()| Self::default()),
        }
    }

    /// Reads a planned `aws_iam_policy_document`; `unknown` tells of attribute paths whether they are known.
    pub(crate) fn from_planned(after: Value<'_>, unknown: &dyn Fn(&str) -> bool) -> Self {
        let blocks = || after.get("statement").into_iter().flat_map(Value::elements).enumerate();
        let hidden = blocks().any(|(index, _)| unknown(&format!("statement[{index}]")));
        let statements = blocks()
            .map(|(index, block)| from_block(block, &|name| unknown(&format!("statement[{index}].{name}"))))
            .collect();
        Self {
            statements,
            open: hidden || unknown("statement"),
        }
    }

    /// Reads the constants of an `aws_iam_policy_document`; an expression that is not constant is unknown.
    pub(crate) fn from_configuration(expressions: Value<'_>) -> Option<Self> {
        let blocks = expressions.get("statement")?;
        let statements = one_or_many(blocks).map(from_expressions).collect();
        Some(Self {
            statements,
            open: false,
        })
    }
}

/// IAM takes element names in any case.
fn member<'d>(object: Value<'d>, name: &str) -> Option<Value<'d>> {
    object.get(name).or_else(|| {
        object
            .members()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// Whether an element stands twice, in different cases.
fn is_ambiguous(object: Value<'_>) -> bool {
    let mut names: Vec<String> = object.members().map(|(key, _)| key.to_ascii_lowercase()).collect();
    names.sort_unstable();
    !names.is_sorted_by(|left, right| left < right)
}

/// IAM takes one thing where it takes a list.
pub(super) fn one_or_many(value: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let is_list = value.kind() == json::Kind::Array;
    value.elements().chain((!is_list).then_some(value))
}

pub(super) fn text(value: Value<'_>) -> Option<String> {
    value
        .as_str()
        .map(Cow::into_owned)
        .or_else(|| value.as_bool().map(|value| value.to_string()))
        .or_else(|| value.number_text().map(str::to_owned))
}

fn effect(text: Option<&str>) -> Effect {
    match text {
        Some(text) if text.eq_ignore_ascii_case("allow") => Effect::Allow,
        Some(text) if text.eq_ignore_ascii_case("deny") => Effect::Deny,
        _ => Effect::Unknown,
    }
}

fn from_policy(statement: Value<'_>) -> Statement {
    let patterns = |value: Value<'_>| Patterns {
        known: one_or_many(value).filter_map(text).collect(),
        unknown: false,
    };
    let select = |only: &str, except: &str| match (member(statement, only), member(statement, except)) {
        (Some(value), _) => Selection::Only(patterns(value)),
        (None, Some(value)) => Selection::Except(patterns(value)),
        (None, None) => Selection::NOTHING,
    };
    let string = |name: &str| member(statement, name).and_then(nhi_plan::json::Value::as_str);
    Statement {
        sid: string("Sid").unwrap_or_default().into_owned(),
        effect: effect(string("Effect").as_deref()),
        actions: select("Action", "NotAction"),
        resources: select("Resource", "NotResource"),
        principals: match (member(statement, "Principal"), member(statement, "NotPrincipal")) {
            (Some(value), _) if is_anyone(value) => Principals::Anyone,
            (Some(value), _) if hides(value) => Principals::Unknown,
            // Everybody but everybody is nobody.
            (None, Some(value)) if !is_anyone(value) => Principals::AnyoneBut,
            _ => Principals::Named,
        },
        named: member(statement, "Principal").map(who::of_policy).unwrap_or_default(),
        condition: policy_condition(member(statement, "Condition")),
    }
}

/// Whether the kinds of principal are not known yet.
fn hides(principal: Value<'_>) -> bool {
    principal.as_str().is_some_and(|text| symbol::has_symbols(&text))
}

fn is_star(value: Value<'_>) -> bool {
    value.as_str().is_some_and(|text| text == "*")
}

fn is_anyone(principal: Value<'_>) -> bool {
    let open = |(kind, value): (Cow<'_, str>, Value<'_>)| is_open_kind(&kind) && one_or_many(value).any(is_star);
    is_star(principal) || principal.elements().any(is_star) || principal.members().any(open)
}

/// Services are not strangers: only these kinds of principal can be everybody.
fn is_open_kind(kind: &str) -> bool {
    kind == "*" || kind.eq_ignore_ascii_case("aws") || kind.eq_ignore_ascii_case("federated")
}

fn policy_condition(condition: Option<Value<'_>>) -> Condition {
    let mut tests = Vec::new();
    for (operator, keys) in condition.into_iter().flat_map(Value::members) {
        for (key, values) in keys.members() {
            let values = one_or_many(values).map(text).collect();
            tests.push(Test {
                operator: operator.to_string(),
                key: key.into_owned(),
                values,
            });
        }
    }
    // A condition, or what stands under an operator, that is one unknown value.
    let hidden = |value: Value<'_>| value.as_str().is_some_and(|text| symbol::has_symbols(&text));
    let unknown =
        condition.is_some_and(|condition| hidden(condition) || condition.members().any(|(_, keys)| hidden(keys)));
    Condition { tests, unknown }
}

/// A `statement` block with planned values; unknown elements of a list are null.
fn from_block(block: Value<'_>, unknown: &dyn Fn(&str) -> bool) -> Statement {
    let patterns = |name: &str| -> Option<Patterns> {
        let value = block.get(name).filter(|value| !value.is_null());
        if value.is_none() && unknown(name) {
            return Some(Patterns {
                known: Vec::new(),
                unknown: true,
            });
        }
        let value = value?;
        let nulls = value.elements().any(Value::is_null);
        let patterns = Patterns {
            known: value.elements().filter_map(text).collect(),
            unknown: nulls,
        };
        (patterns.unknown || !patterns.known.is_empty()).then_some(patterns)
    };
    let effect_text = block.get("effect").and_then(Value::as_str);
    Statement {
        sid: block
            .get("sid")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .into_owned(),
        effect: match effect_text {
            None if !unknown("effect") => Effect::Allow,
            found => effect(found.as_deref()),
        },
        actions: select(patterns("actions"), patterns("not_actions")),
        resources: select(patterns("resources"), patterns("not_resources")),
        principals: block_principals(block, unknown),
        named: who::of_block(block),
        condition: block_condition(block, unknown),
    }
}

fn select(only: Option<Patterns>, except: Option<Patterns>) -> Selection {
    match (only, except) {
        (Some(patterns), _) => Selection::Only(patterns),
        (None, Some(patterns)) => Selection::Except(patterns),
        (None, None) => Selection::NOTHING,
    }
}

fn block_principals(block: Value<'_>, unknown: &dyn Fn(&str) -> bool) -> Principals {
    let of = |name: &str| block.get(name).into_iter().flat_map(Value::elements);
    let open = |principal: Value<'_>| {
        let kind = principal.get("type").and_then(Value::as_str).unwrap_or_default();
        is_open_kind(&kind)
            && principal
                .get("identifiers")
                .into_iter()
                .flat_map(Value::elements)
                .any(is_star)
    };
    if of("principals").any(open) {
        Principals::Anyone
    } else if of("not_principals").next().is_some() && !of("not_principals").any(open) {
        Principals::AnyoneBut
    } else if unknown("principals") || unknown("not_principals") {
        Principals::Unknown
    } else {
        Principals::Named
    }
}

fn block_condition(block: Value<'_>, unknown: &dyn Fn(&str) -> bool) -> Condition {
    let string = |test: Value<'_>, name: &str| test.get(name).and_then(text).unwrap_or_default();
    let tests = block
        .get("condition")
        .into_iter()
        .flat_map(Value::elements)
        .map(|test| Test {
            operator: string(test, "test"),
            key: string(test, "variable"),
            // Values that are wholly unknown are absent: one unknown value stands for them.
            values: test
                .get("values")
                .filter(|values| !values.is_null())
                .map_or_else(|| vec![None], |values| values.elements().map(text).collect()),
        });
    Condition {
        tests: tests.collect(),
        unknown: unknown("condition"),
    }
}

/// A `statement` block as the configuration holds it: `{"actions": {"constant_value": ["*"]}}`.
fn from_expressions(block: Value<'_>) -> Statement {
    let constant = |owner: Value<'_>, name: &str| {
        owner
            .get(name)
            .and_then(|expression| expression.get("constant_value"))
            .and_then(text)
    };
    let patterns = |name: &str| -> Option<Patterns> {
        let expression = block.get(name)?;
        Some(match expression.get("constant_value") {
            Some(values) => Patterns {
                known: one_or_many(values).filter_map(text).collect(),
                unknown: false,
            },
            None => Patterns {
                known: Vec::new(),
                unknown: true,
            },
        })
    };
    let blocks = |name: &str| block.get(name).into_iter().flat_map(one_or_many);
    let open = |principal: Value<'_>| {
        is_open_kind(&constant(principal, "type").unwrap_or_default())
            && principal
                .get("identifiers")
                .and_then(|value| value.get("constant_value"))
                .into_iter()
                .flat_map(one_or_many)
                .any(is_star)
    };
    let computed = |principal: Value<'_>| {
        let is_constant = |name: &str| {
            principal
                .get(name)
                .is_some_and(|expression| expression.get("constant_value").is_some())
        };
        let kind = constant(principal, "type");
        kind.is_none_or(|kind| is_open_kind(&kind)) && !is_constant("identifiers")
    };
    let effect_text = constant(block, "effect");
    Statement {
        sid: constant(block, "sid").unwrap_or_default(),
        effect: match effect_text {
            None if block.get("effect").is_none() => Effect::Allow,
            found => effect(found.as_deref()),
        },
        actions: select(patterns("actions"), patterns("not_actions")),
        resources: select(patterns("resources"), patterns("not_resources")),
        principals: if blocks("principals").any(open) {
            Principals::Anyone
        } else if blocks("not_principals").next().is_some() && !blocks("not_principals").any(open) {
            Principals::AnyoneBut
        } else if blocks("principals").any(computed) {
            Principals::Unknown
        } else {
            Principals::Named
        },
        named: who::of_expressions(block),
        condition: Condition {
            tests: blocks("condition")
                .map(|test| Test {
                    operator: constant(test, "test").unwrap_or_default(),
                    key: constant(test, "variable").unwrap_or_default(),
                    values: test
                        .get("values")
                        .and_then(|value| value.get("constant_value"))
                        .map_or_else(|| vec![None], |values| one_or_many(values).map(text).collect()),
                })
                .collect(),
            unknown: false,
        },
    }
}
