//! Trust in the logins of people and apps: SAML assertions and identity pools of Cognito.

use super::Remark;
use super::federated::claim;
use crate::facts::iam::condition::Operator;
use crate::facts::iam::document::Statement;
use crate::facts::iam::pattern::{Case, matches};

/// Assertions of a SAML provider.
pub(super) fn saml(statement: &Statement) -> Vec<(bool, Remark)> {
    let condition = &statement.condition;
    let bound = condition.tests.iter().any(|test| {
        let operator = Operator::parse(&test.operator);
        let own = claim(&test.key).is_some_and(|(provider, name)| {
            provider.eq_ignore_ascii_case("saml") && !matches!(name, "namequalifier") || name.is_empty()
        });
        let open = test.values.iter().flatten().any(|value| value == "*");
        own && !operator.negated && !operator.if_exists && operator.base != "null" && !open
    });
    if bound {
        return Vec::new();
    }
    vec![(condition.unknown, Remark::Saml)]
}

/// Identity pools of Cognito.
pub(super) fn cognito(statement: &Statement) -> Vec<(bool, Remark)> {
    let tests = |name: &'static str| {
        let found = statement.condition.tests.iter().filter(move |test| {
            claim(&test.key).is_some_and(|(_, claim)| claim.eq_ignore_ascii_case(name) || claim.is_empty())
        });
        found.filter(|test| {
            let operator = Operator::parse(&test.operator);
            let open = |value: &Option<String>| {
                value
                    .as_deref()
                    .is_some_and(|value| value.bytes().all(|byte| byte == b'*'))
            };
            !operator.negated && !operator.if_exists && operator.base != "null" && !test.values.iter().any(open)
        })
    };
    let unknown = statement.condition.unknown;
    if tests("aud").next().is_none() {
        return vec![(unknown, Remark::CognitoAnyPool)];
    }
    let values: Vec<&str> = tests("amr")
        .flat_map(|test| test.values.iter().filter_map(|value| value.as_deref()))
        .collect();
    if tests("amr").next().is_none() {
        return vec![(unknown, Remark::CognitoGuests { named: false })];
    }
    if values
        .iter()
        .any(|value| matches(value, "unauthenticated", Case::Exact))
    {
        return vec![(unknown, Remark::CognitoGuests { named: true })];
    }
    Vec::new()
}
