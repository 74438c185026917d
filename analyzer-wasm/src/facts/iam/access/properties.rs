//! Properties of [`Principal::may`] against a reference of its own: brute force over every request and over every
//! text that the unknown values can turn out to be.
//!
//! The reference is written from
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>
//! and shares nothing with the engine but the text of the policies.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use nhi_plan::symbol::{one_of, symbol};
use nhi_policy_sdk::testing;

use super::{Principal, Request, Resource, Verdict};
use crate::facts::{Block, Facts};

const ACTIONS: [&str; 4] = ["s:Ga", "s:Gb", "s:Pa", "t:Ga"];
const ACTION_PATTERNS: [&str; 9] = ["*", "s:*", "s:G*", "S:g?", "s:Ga", "*:Ga", "t:*", "?:Pa", "<act>"];
const RESOURCES: [&str; 5] = ["r:x/a", "r:x/b", "r:y", "R:Y", "r:x/<tail>"];
const RESOURCE_PATTERNS: [&str; 10] = [
    "*",
    "r:*",
    "r:x/*",
    "r:?/a",
    "r:y",
    "*/b",
    "r:x/<tail>",
    "<whole>",
    "<whole>/*",
    "R:*",
];
const VALUES: [&str; 5] = ["u", "v", "*", "u*", "<value>"];
const OPERATORS: [&str; 9] = [
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIfExists",
    "ForAllValues:StringEquals",
    "ForAnyValue:StringEquals",
    "ForAnyValue:StringNotEquals",
    "Null",
];
/// What the request carries of the one key.
const CARRIED: [&[&str]; 4] = [&[], &["u"], &["v"], &["u", "v"]];

/// Unknown texts, and what each may turn out to be.
const UNKNOWNS: [(&str, &[&str]); 5] = [
    ("<act>", &["s:Ga", "t:Ga", "z:Z"]),
    ("<tail>", &["a", "b", "c"]),
    ("<whole>", &["r:x/a", "r:y", "r:x", "q"]),
    ("<value>", &["u", "w"]),
    ("<effect>", &["Allow", "Deny"]),
];

#[derive(Debug, Clone)]
struct Rule {
    effect: &'static str,
    not_action: bool,
    actions: Vec<&'static str>,
    not_resource: bool,
    resources: Vec<&'static str>,
    tests: Vec<(&'static str, Vec<&'static str>)>,
}

/// A policy attribute: one text, or several of which one holds.
type Policy = Vec<Vec<Rule>>;

#[derive(Debug, Clone)]
struct World {
    policies: Vec<Policy>,
    boundary: Option<Vec<Rule>>,
}

fn rule(unknown: bool) -> impl Strategy<Value = Rule> {
    let known = move |text: &&'static str| unknown || !text.contains('<');
    let pick = move |from: &[&'static str]| from.iter().copied().filter(|text| known(text)).collect::<Vec<_>>();
    let effects = pick(&["Allow", "Allow", "Allow", "Deny", "<effect>"]);
    let test = (select(OPERATORS.to_vec()), vec(select(pick(&VALUES)), 0..3)).prop_map(|(operator, values)| {
        let wanted = if values.is_empty() { "false" } else { "true" };
        (operator, if operator == "Null" { vec![wanted] } else { values })
    });
    (
        select(effects),
        prop::bool::weighted(0.2),
        vec(select(pick(&ACTION_PATTERNS)), 1..3),
        prop::bool::weighted(0.2),
        vec(select(pick(&RESOURCE_PATTERNS)), 1..3),
        prop_oneof![3 => Just(Vec::new()).boxed(), 1 => vec(test, 1..2).boxed()],
    )
        .prop_map(|(effect, not_action, actions, not_resource, resources, tests)| Rule {
            effect,
            not_action,
            actions,
            not_resource,
            resources,
            tests,
        })
}

fn world(unknown: bool) -> impl Strategy<Value = World> {
    let alternatives = if unknown { 1..3 } else { 1..2 };
    let policy = vec(vec(rule(unknown), 1..3), alternatives);
    let boundary = prop_oneof![2 => Just(None).boxed(), 1 => vec(rule(unknown), 1..3).prop_map(Some).boxed()];
    (vec(policy, 1..3), boundary).prop_map(|(policies, boundary)| World { policies, boundary })
}

// The side of the engine: JSON in a plan.

fn quoted(text: &str) -> String {
    let mut text = text.to_owned();
    for (name, _) in UNKNOWNS {
        text = text.replace(name, &symbol(&format!("unknown.{}", name.trim_matches(['<', '>']))));
    }
    nhi_plan::json::quote(&text)
}

fn list(texts: &[&str]) -> String {
    format!(
        "[{}]",
        texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(",")
    )
}

fn document(rules: &[Rule]) -> String {
    let statements = rules.iter().map(|rule| {
        let not = |is: bool| if is { "Not" } else { "" };
        let tests: Vec<_> = rule
            .tests
            .iter()
            .map(|(operator, values)| format!(r#""{operator}":{{"k:Key":{}}}"#, list(values)))
            .collect();
        format!(
            r#"{{"Effect":{},"{}Action":{},"{}Resource":{},"Condition":{{{}}}}}"#,
            quoted(rule.effect),
            not(rule.not_action),
            list(&rule.actions),
            not(rule.not_resource),
            list(&rule.resources),
            tests.join(",")
        )
    });
    format!(r#"{{"Statement":[{}]}}"#, statements.collect::<Vec<_>>().join(","))
}

fn principal(world: &World) -> Principal {
    let bound = world.boundary.as_ref().map_or(
        "",
        |_| r#","permissions_boundary":"arn:aws:iam::111122223333:policy/b""#,
    );
    let mut blocks = vec![("aws_iam_role.r".to_owned(), format!(r#"{{"name":"r"{bound}}}"#))];
    for (index, policy) in world.policies.iter().enumerate() {
        let texts: Vec<_> = policy.iter().map(|rules| document(rules)).collect();
        let text = nhi_plan::json::quote(&one_of(texts.iter().map(String::as_str)));
        blocks.push((
            format!("aws_iam_role_policy.p{index}"),
            format!(r#"{{"role":"r","name":"p{index}","policy":{text}}}"#),
        ));
    }
    if let Some(rules) = &world.boundary {
        let text = nhi_plan::json::quote(&document(rules));
        blocks.push((
            "aws_iam_policy.b".to_owned(),
            format!(r#"{{"name":"b","policy":{text}}}"#),
        ));
    }
    let mut facts = Facts::default();
    for (address, after) in &blocks {
        facts.collect(&Block::new(&testing::change(address, after), "2026-01-01T00:00:00Z"));
    }
    facts.settle();
    let mut roles = facts.settled.principals;
    assert_eq!(roles.len(), 1, "{blocks:?}");
    roles.remove(0)
}

// The side of the reference: plain recursion over plain texts.

fn glob(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => glob(rest, text) || !text.is_empty() && glob(pattern, &text[1..]),
        (['?', rest @ ..], [_, tail @ ..]) => glob(rest, tail),
        ([want, rest @ ..], [have, tail @ ..]) => want == have && glob(rest, tail),
        _ => false,
    }
}

fn is_like(pattern: &str, text: &str) -> bool {
    glob(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}

/// One way in which everything unknown turns out.
type Completion = Vec<(&'static str, &'static str)>;

fn fill(text: &str, completion: &Completion) -> String {
    completion
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

fn holds(operator: &str, wanted: &[String], carried: &[&str]) -> bool {
    let (quantifier, operator) = match operator.split_once(':') {
        Some((quantifier, operator)) => (quantifier, operator),
        None => ("", operator),
    };
    if operator == "Null" {
        return wanted.iter().any(|wanted| (wanted == "true") == carried.is_empty());
    }
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let negated = operator.contains("Not");
    let equal = |value: &str| {
        wanted.iter().any(|wanted| {
            if operator.ends_with("Like") {
                is_like(wanted, value)
            } else {
                wanted == value
            }
        })
    };
    match (quantifier, carried) {
        ("ForAllValues", _) => carried.iter().all(|value| equal(value) != negated),
        ("ForAnyValue", _) => carried.iter().any(|value| equal(value) != negated),
        (_, []) => if_exists || negated,
        (_, _) => carried.iter().any(|value| equal(value)) != negated,
    }
}

fn applies(rule: &Rule, action: &str, resource: &str, carried: &[&str], completion: &Completion) -> bool {
    let lower = action.to_lowercase();
    let action = rule
        .actions
        .iter()
        .any(|pattern| is_like(&fill(pattern, completion).to_lowercase(), &lower));
    let resource = rule
        .resources
        .iter()
        .any(|pattern| is_like(&fill(pattern, completion), resource));
    let tests = rule.tests.iter().all(|(operator, values)| {
        let values: Vec<_> = values.iter().map(|value| fill(value, completion)).collect();
        holds(operator, &values, carried)
    });
    action != rule.not_action && resource != rule.not_resource && tests
}

/// Whether the rules allow, and whether they deny.
fn says(rules: &[Rule], action: &str, resource: &str, carried: &[&str], completion: &Completion) -> (bool, bool) {
    let any = |effect: &str| {
        rules
            .iter()
            .any(|rule| fill(rule.effect, completion) == effect && applies(rule, action, resource, carried, completion))
    };
    (any("Allow"), any("Deny"))
}

fn allows(
    world: &World,
    choice: &[usize],
    action: &str,
    resource: &str,
    carried: &[&str],
    completion: &Completion,
) -> bool {
    let said: Vec<_> = world
        .policies
        .iter()
        .zip(choice)
        .map(|(policy, index)| says(&policy[*index], action, resource, carried, completion))
        .collect();
    let bound = world.boundary.as_ref().map_or((true, false), |rules| {
        says(rules, action, resource, carried, completion)
    });
    let denied = bound.1 || said.iter().any(|(_, deny)| *deny);
    !denied && bound.0 && said.iter().any(|(allow, _)| *allow)
}

/// Every combination of one item of each list.
fn product<T: Clone>(lists: &[Vec<T>]) -> Vec<Vec<T>> {
    lists.iter().fold(vec![Vec::new()], |all, list| {
        all.iter()
            .flat_map(|head| list.iter().map(|item| [head.clone(), vec![item.clone()]].concat()))
            .collect()
    })
}

fn completions(world: &World) -> Vec<(Vec<usize>, Completion)> {
    let text = format!("{world:?}");
    // Requests name `<tail>` too.
    let used = UNKNOWNS
        .iter()
        .filter(|(name, _)| text.contains(name) || *name == "<tail>");
    let values: Vec<Vec<(&str, &str)>> = used
        .map(|(name, values)| values.iter().map(|value| (*name, *value)).collect())
        .collect();
    let choices: Vec<Vec<usize>> = world
        .policies
        .iter()
        .map(|policy| (0..policy.len()).collect())
        .collect();
    let values = product(&values);
    product(&choices)
        .into_iter()
        .flat_map(|choice| values.iter().map(move |value| (choice.clone(), value.clone())))
        .collect()
}

fn named(resource: &str) -> String {
    resource.replace("<tail>", &symbol("unknown.tail"))
}

fn check_one(world: &World, is_exact: bool) -> Result<(), TestCaseError> {
    let principal = principal(world);
    let all = completions(world);
    for action in ACTIONS {
        for resource in RESOURCES {
            for carried in CARRIED {
                let names = [named(resource)];
                let context = [("K:key", carried)];
                let request = Request::new(action).on(Resource::Exactly(&names)).with(&context);
                let answer = principal.may(&request);
                let outcome = |(choice, completion): &(Vec<usize>, Completion)| {
                    allows(world, choice, action, &fill(resource, completion), carried, completion)
                };
                let (some, every) = (all.iter().any(outcome), all.iter().all(outcome));
                match answer.verdict {
                    Verdict::Yes => prop_assert!(every, "yes to {request:?}: {answer:?}"),
                    Verdict::No => prop_assert!(!some, "no to {request:?}: {answer:?}"),
                    Verdict::Unknown => {
                        prop_assert!(
                            !is_exact || resource.contains('<'),
                            "unknown to {request:?}: {answer:?}"
                        );
                        prop_assert!(!answer.doubts.is_empty(), "no doubt about {request:?}: {answer:?}");
                    }
                }
                prop_assert!(
                    answer.verdict != Verdict::Yes || !answer.because.is_empty(),
                    "no cause: {answer:?}"
                );
            }
        }
    }
    Ok(())
}

const SCOPES: [&str; 5] = ["*", "r:x/*", "r:*", "*/b", "r:y"];

/// Texts that some resource may have: those of the alphabet, and of each pattern, or the start of one and the end of
/// another, one that nobody would name.
fn universe(completion: &Completion) -> Vec<String> {
    let patterns = || RESOURCE_PATTERNS.iter().chain(&SCOPES);
    let head = |pattern: &'static str| pattern.split('*').next().unwrap_or_default();
    let tail = |pattern: &'static str| pattern.split('*').next_back().unwrap_or_default();
    let crossed = patterns().flat_map(|left| patterns().map(move |right| format!("{}*{}", head(left), tail(right))));
    let mut texts: Vec<_> = RESOURCES
        .iter()
        .chain(patterns())
        .map(|text| (*text).to_owned())
        .chain(crossed)
        .collect();
    for text in &mut texts {
        *text = fill(&text.replace('*', "qxzj").replace('?', "q"), completion);
    }
    texts.sort();
    texts.dedup();
    texts
}

fn check_some(world: &World) -> Result<(), TestCaseError> {
    let principal = principal(world);
    let completions = completions(world);
    let all: Vec<_> = completions
        .iter()
        .map(|completion| (completion, universe(&completion.1)))
        .collect();
    for action in ACTIONS {
        for scope in SCOPES {
            for carried in [CARRIED[0], CARRIED[1]] {
                let context = [("k:Key", carried)];
                let resource = if scope == "*" {
                    Resource::Any
                } else {
                    Resource::Within(scope)
                };
                let request = Request::new(action).on(resource).with(&context);
                let answer = principal.may(&request);
                if answer.verdict == Verdict::Unknown {
                    continue;
                }
                let outcome = |((choice, completion), texts): &(&(Vec<usize>, Completion), Vec<String>)| {
                    let mut inside = texts.iter().filter(|text| is_like(scope, text));
                    inside.any(|text| allows(world, choice, action, text, carried, completion))
                };
                match answer.verdict {
                    Verdict::Yes => prop_assert!(all.iter().all(outcome), "yes to {request:?}: {answer:?}"),
                    Verdict::No => prop_assert!(!all.iter().any(outcome), "no to {request:?}: {answer:?}"),
                    Verdict::Unknown => {}
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_known_is_decided(world in world(false)) {
        check_one(&world, true)?;
    }

    #[test]
    fn what_is_unknown_is_never_claimed(world in world(true)) {
        check_one(&world, false)?;
    }

    #[test]
    fn a_witness_is_one(world in world(false)) {
        check_some(&world)?;
    }

    #[test]
    fn a_witness_is_one_whatever_is_unknown(world in world(true)) {
        check_some(&world)?;
    }
}
