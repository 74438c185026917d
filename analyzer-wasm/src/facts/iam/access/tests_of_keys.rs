//! Conditions of a statement against a request of which some keys are given.
//!
//! A key that is given is tested; of every other key only the class of its test counts ([`Condition::narrowing`]).

use nhi_plan::symbol;

use super::answer::Verdict;
use super::matching::covers;
use super::request::Request;
use crate::facts::iam::condition::{Condition, Narrowing, Operator, Quantifier, Test, Use, is_always_present};
use crate::facts::iam::pattern::Case;

/// Whether the condition of an `Allow` holds, and what it takes away where it does.
pub(super) fn allow(condition: &Condition, request: &Request<'_>) -> (Verdict, Narrowing) {
    let mut verdict = if condition.unknown {
        Verdict::Unknown
    } else {
        Verdict::Yes
    };
    for test in &condition.tests {
        verdict = verdict.and(given(test, request).unwrap_or(Verdict::Yes));
        if is_impossible(test) {
            verdict = Verdict::No;
        }
    }
    (verdict, rest(condition, request).narrowing(Use::Identity))
}

/// Whether the condition of a `Deny` holds; `true` beside it where that depends on circumstances.
pub(super) fn deny(condition: &Condition, request: &Request<'_>) -> (Verdict, bool) {
    let mut verdict = if condition.unknown {
        Verdict::Unknown
    } else {
        Verdict::Yes
    };
    for test in &condition.tests {
        verdict = verdict.and(given(test, request).unwrap_or(Verdict::Yes));
        if is_impossible(test) {
            verdict = Verdict::No;
        }
    }
    let rest = rest(condition, request);
    let known = Condition {
        unknown: false,
        ..rest.into_owned()
    };
    if known.takes_back(Use::Identity) {
        (verdict, false)
    } else {
        (Verdict::No, verdict != Verdict::No)
    }
}

/// The tests of keys that are not given.
fn rest<'c>(condition: &'c Condition, request: &Request<'_>) -> std::borrow::Cow<'c, Condition> {
    if request.context.is_empty() || condition.tests.is_empty() {
        return std::borrow::Cow::Borrowed(condition);
    }
    let tests = condition
        .tests
        .iter()
        .filter(|test| request.values(&test.key).is_none());
    std::borrow::Cow::Owned(Condition {
        tests: tests.cloned().collect(),
        unknown: condition.unknown,
    })
}

/// A test that no request passes.
fn is_impossible(test: &Test) -> bool {
    let operator = Operator::parse(&test.operator);
    if operator.base == "null" {
        let demands_absence = !test.values.is_empty()
            && test
                .values
                .iter()
                .all(|value| value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case("true")));
        return demands_absence && is_always_present(&test.key.to_ascii_lowercase());
    }
    test.values.is_empty() && !operator.negated && !operator.if_exists && operator.quantifier != Quantifier::All
}

/// The outcome of a test whose key is given.
fn given(test: &Test, request: &Request<'_>) -> Option<Verdict> {
    let values = request.values(&test.key)?;
    let operator = Operator::parse(&test.operator);
    if operator.base == "null" {
        let outcomes = test.values.iter().map(|wanted| match wanted.as_deref() {
            Some(wanted) => Verdict::from_bool(wanted.eq_ignore_ascii_case("true") == values.is_empty()),
            None => Verdict::Unknown,
        });
        return Some(outcomes.fold(Verdict::No, Verdict::or));
    }
    if values.is_empty() {
        let passes = operator.if_exists
            || operator.quantifier == Quantifier::All
            || operator.negated && operator.quantifier == Quantifier::One;
        return Some(Verdict::from_bool(passes));
    }
    let hit = |value: &str| {
        let outcomes = test
            .values
            .iter()
            .map(|wanted| compare(&operator.base, wanted.as_deref(), value));
        let any = outcomes.fold(Verdict::No, Verdict::or);
        if operator.negated { any.not() } else { any }
    };
    let all = || values.iter().map(|value| hit(value)).fold(Verdict::Yes, Verdict::and);
    let any = || values.iter().map(|value| hit(value)).fold(Verdict::No, Verdict::or);
    Some(match operator.quantifier {
        Quantifier::All => all(),
        Quantifier::One if operator.negated => all(),
        Quantifier::Any | Quantifier::One => any(),
    })
}

/// One value of a policy against one value of a request.
fn compare(base: &str, wanted: Option<&str>, value: &str) -> Verdict {
    let Some(wanted) = wanted else { return Verdict::Unknown };
    let literal = |case: Case| {
        if wanted.contains("${") || wanted.contains("&{") || symbol::has_symbols(wanted) {
            return covers(wanted, value, case).and(Verdict::Unknown);
        }
        Verdict::from_bool(match case {
            Case::Exact => wanted == value,
            Case::Ignored => wanted.eq_ignore_ascii_case(value),
        })
    };
    match base {
        "stringequals" | "binaryequals" => literal(Case::Exact),
        "stringequalsignorecase" | "bool" => literal(Case::Ignored),
        "stringlike" | "arnlike" | "arnequals" => covers(wanted, value, Case::Exact),
        _ => match (wanted.parse::<f64>(), value.parse::<f64>()) {
            (Ok(wanted), Ok(value)) => number(base, value, wanted),
            _ => Verdict::Unknown,
        },
    }
}

fn number(base: &str, value: f64, wanted: f64) -> Verdict {
    match base {
        "numericequals" => Verdict::from_bool(value.total_cmp(&wanted).is_eq()),
        "numericlessthan" => Verdict::from_bool(value < wanted),
        "numericlessthanequals" => Verdict::from_bool(value <= wanted),
        "numericgreaterthan" => Verdict::from_bool(value > wanted),
        "numericgreaterthanequals" => Verdict::from_bool(value >= wanted),
        _ => Verdict::Unknown,
    }
}
