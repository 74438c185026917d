//! Trust in identity providers: which claims of a token a statement demands.

use nhi_plan::symbol;

use super::issuer::{self, Dialect, Issuer, Reach};
use super::subject::{self, Fit, Width};
use super::{Judge, Remark, login};
use crate::facts::iam::condition::{Condition, Operator, Quantifier, Test};
use crate::facts::iam::document::{Document, Effect, Principals, Selection, Statement};
use crate::facts::iam::pattern::{Case, matches};
use crate::facts::iam::who::{Named, Sort};

/// Why a claim that a condition names binds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    /// No test names it.
    Missing,
    /// A test lets everything pass.
    Open,
    /// A test passes where the claim is absent.
    Lenient,
}

/// What the tests of a statement demand of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Demand {
    Gap(Gap),
    Fit(Fit, String),
    Unknown,
}

/// Whether a statement may let somebody do an action.
pub(super) fn allows(statement: &Statement, action: &str) -> bool {
    let hit = |pattern: &String| symbol::has_symbols(pattern) || matches(pattern, action, Case::Ignored);
    statement.effect != Effect::Deny
        && match &statement.actions {
            Selection::Only(patterns) => patterns.unknown || patterns.known.iter().any(hit),
            Selection::Except(patterns) => !patterns.known.iter().any(hit),
        }
}

/// The claim that a key names, and the issuer before it; `None` for keys of AWS itself. An empty claim is not known.
pub(super) fn claim(key: &str) -> Option<(&str, &str)> {
    let lower = key.to_ascii_lowercase();
    if ["aws:", "sts:", "iam:"].iter().any(|own| lower.starts_with(own)) {
        return None;
    }
    if key.is_empty() || key.ends_with(symbol::CLOSE) {
        return Some(("", ""));
    }
    key.rsplit_once(':')
}

/// Claims that bind a token to its owner for issuers of which nobody but the owner gets tokens.
fn binds_elsewhere(claim: &str) -> bool {
    !matches!(
        claim,
        "aud" | "iss" | "azp" | "amr" | "oaud" | "jti" | "iat" | "exp" | "nbf" | "app_id" | ""
    )
}

/// What a test of a claim that is known by its values only seems to be about.
fn guess_claim(test: &Test) -> &'static str {
    let known = test.values.iter().flatten();
    let begins = |text: &String, starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
    for value in known {
        if begins(
            value,
            &[
                "system:serviceaccount:",
                "repo:",
                "project_path:",
                "organization:",
                "org/",
                "space:",
            ],
        ) {
            return "sub";
        }
        if begins(value, &["sts.", "https://", "api://", "aws.workload.identity"]) {
            return "aud";
        }
    }
    ""
}

/// The trust of one statement in one token service.
struct Token<'s> {
    condition: &'s Condition,
    denies: Vec<&'s Statement>,
    issuer: Issuer,
}

impl<'s> Token<'s> {
    fn tests<'a>(&'a self, wanted: &'a str) -> impl Iterator<Item = &'s Test> + 'a {
        self.condition.tests.iter().filter(move |test| {
            claim(&test.key).is_some_and(|(_, name)| {
                let name = if name.is_empty() { guess_claim(test) } else { name };
                name.eq_ignore_ascii_case(wanted)
            })
        })
    }

    /// A test whose key is not known and whose values do not tell.
    fn has_riddles(&self) -> bool {
        let riddle =
            |test: &Test| claim(&test.key).is_some_and(|(_, name)| name.is_empty() && guess_claim(test).is_empty());
        self.condition.unknown || self.condition.tests.iter().any(riddle)
    }

    /// What is demanded of the subject, or of a claim that binds as well.
    fn subject(&self) -> Demand {
        let mut best = Demand::Gap(Gap::Missing);
        for test in self.tests("sub") {
            best = narrower(
                best,
                self.demand(test, |value, is_pattern| {
                    subject::judge(self.issuer.dialect, value, is_pattern)
                }),
            );
        }
        for test in &self.condition.tests {
            if let Some((_, name)) = claim(&test.key) {
                let name = name.to_ascii_lowercase();
                best = narrower(best, self.other_claim(&name, test));
            }
        }
        for test in self.denies.iter().flat_map(|deny| &deny.condition.tests) {
            if claim(&test.key).is_some_and(|(_, name)| name.eq_ignore_ascii_case("sub")) {
                best = narrower(best, self.denied(test));
            }
        }
        if matches!(best, Demand::Gap(_)) && self.has_riddles() {
            return Demand::Unknown;
        }
        best
    }

    fn other_claim(&self, name: &str, test: &Test) -> Demand {
        let github = self.issuer.dialect == Dialect::GitHub;
        let specific = |width: Width, who: &'static str| {
            self.demand(test, move |value, is_pattern| {
                let open = is_pattern && value.starts_with(['*', '?']);
                let owner = value.split('/').next().unwrap_or_default();
                let foreign = is_pattern && github && owner.contains(['*', '?']);
                Some(if open || foreign {
                    Fit {
                        width: Width::Anyone,
                        who: "whoever the issuer gives a token",
                    }
                } else {
                    Fit { width, who }
                })
            })
        };
        match name {
            "sub" => Demand::Gap(Gap::Missing),
            "repository"
            | "repository_id"
            | "job_workflow_ref"
            | "workflow_ref"
            | "project_id"
            | "project_path"
            | "terraform_workspace_id"
            | "email" => specific(Width::Exact, ""),
            "repository_owner"
            | "repository_owner_id"
            | "enterprise"
            | "enterprise_id"
            | "namespace_id"
            | "namespace_path"
            | "terraform_organization_id"
            | "terraform_organization_name" => specific(Width::Organisation, "anything of the organisation"),
            _ if self.issuer.reach != Reach::Public && binds_elsewhere(name) => specific(Width::Exact, ""),
            _ => Demand::Gap(Gap::Missing),
        }
    }

    /// What one test of an `Allow` demands.
    fn demand(&self, test: &Test, judge: impl Fn(&str, bool) -> Option<Fit>) -> Demand {
        let operator = Operator::parse(&test.operator);
        let is_pattern = matches!(operator.base.as_str(), "stringlike" | "arnlike" | "arnequals");
        if operator.negated
            || !is_pattern && !matches!(operator.base.as_str(), "stringequals" | "stringequalsignorecase")
        {
            return Demand::Gap(Gap::Missing);
        }
        let demand = widest(&test.values, is_pattern, judge);
        let lenient = (operator.if_exists || operator.quantifier == Quantifier::All)
            && !self.condition.demands(&test.key.to_ascii_lowercase());
        match demand {
            Demand::Fit(fit, _) if lenient && fit.width != Width::Anyone => Demand::Gap(Gap::Lenient),
            Demand::Fit(fit, value)
                if fit.width == Width::Anyone && value.bytes().all(|byte| matches!(byte, b'*' | b':' | b'?')) =>
            {
                Demand::Gap(Gap::Open)
            }
            other => other,
        }
    }

    /// What a `Deny` of everything but these subjects demands.
    fn denied(&self, test: &Test) -> Demand {
        let operator = Operator::parse(&test.operator);
        if !operator.negated || operator.quantifier == Quantifier::Any {
            return Demand::Gap(Gap::Missing);
        }
        let is_pattern = operator.base == "stringlike";
        widest(&test.values, is_pattern, |value, is_pattern| {
            subject::judge(self.issuer.dialect, value, is_pattern)
        })
    }

    fn audience(&self) -> Option<Gap> {
        let mut gap = Gap::Missing;
        let own = ["aud", "oaud", "azp", "app_id"]
            .into_iter()
            .flat_map(|name| self.tests(name));
        for test in own {
            let operator = Operator::parse(&test.operator);
            let open = |value: &Option<String>| {
                value
                    .as_deref()
                    .is_some_and(|value| value.bytes().all(|byte| byte == b'*'))
            };
            if operator.negated || operator.base == "null" {
                continue;
            }
            if operator.base == "stringlike" && test.values.iter().any(open) {
                gap = Gap::Open;
            } else if operator.if_exists || operator.quantifier == Quantifier::All {
                gap = if gap == Gap::Open { gap } else { Gap::Lenient };
            } else {
                return None;
            }
        }
        Some(gap)
    }
}

fn widest(values: &[Option<String>], is_pattern: bool, judge: impl Fn(&str, bool) -> Option<Fit>) -> Demand {
    let mut widest: Option<(Fit, &str)> = None;
    let mut unknown = false;
    for value in values {
        let judged = match value.as_deref() {
            Some(value) => judge(value, is_pattern).map(|fit| (fit, value)),
            // Equality with one value is as narrow as it gets.
            None if !is_pattern => Some((
                Fit {
                    width: Width::Exact,
                    who: "",
                },
                "",
            )),
            None => None,
        };
        match judged {
            Some((fit, value)) if widest.as_ref().is_none_or(|(old, _)| old.width < fit.width) => {
                widest = Some((fit, value));
            }
            Some(_) => {}
            None => unknown = true,
        }
    }
    match widest {
        Some((fit, value)) if !unknown || fit.width == Width::Anyone => {
            Demand::Fit(fit, symbol::readable(value).into_owned())
        }
        _ if unknown => Demand::Unknown,
        // A test without values lets nobody in.
        _ => Demand::Fit(
            Fit {
                width: Width::Exact,
                who: "",
            },
            String::new(),
        ),
    }
}

/// Tests must all hold: the narrower one counts.
fn narrower(left: Demand, right: Demand) -> Demand {
    let rank = |demand: &Demand| match demand {
        Demand::Fit(fit, _) if fit.width == Width::Exact => 0,
        Demand::Unknown => 1,
        Demand::Fit(fit, _) => {
            2 + u32::from(fit.width == Width::Organisation) + 2 * u32::from(fit.width == Width::Anyone)
        }
        Demand::Gap(Gap::Lenient) => 5,
        Demand::Gap(Gap::Open) => 6,
        Demand::Gap(Gap::Missing) => 7,
    };
    if rank(&right) < rank(&left) { right } else { left }
}

/// What kind of provider a federated principal is.
enum Provider {
    Oidc(Issuer),
    Saml,
    Cognito,
    Anyone,
}

fn provider(name: Option<&str>, statement: &Statement, judge: &Judge<'_>) -> Provider {
    let text = name.unwrap_or_default();
    if text == "*" {
        return Provider::Anyone;
    }
    let saml = allows(statement, "sts:AssumeRoleWithSAML") && !allows(statement, "sts:AssumeRoleWithWebIdentity");
    if text.contains(":saml-provider/") || text.contains("aws_iam_saml_provider") || saml {
        return Provider::Saml;
    }
    if text == "cognito-identity.amazonaws.com" {
        return Provider::Cognito;
    }
    let url = match text.split_once(":oidc-provider/") {
        Some((_, url)) => Some(url.to_owned()),
        None => judge.provider_url(text),
    };
    let mut issuer = url.as_deref().map_or(issuer::UNKNOWN, issuer::recognise);
    if issuer == issuer::UNKNOWN && !text.is_empty() && !symbol::has_symbols(text) && !text.starts_with("arn:") {
        issuer = issuer::recognise(text);
    }
    if issuer == issuer::UNKNOWN && (url.is_none() || symbol::has_symbols(text)) {
        let keys = statement.condition.tests.iter().filter_map(|test| claim(&test.key));
        let known = keys.map(|(host, _)| issuer::recognise(host));
        issuer = known
            .into_iter()
            .find(|found| *found != issuer::UNKNOWN)
            .unwrap_or(issuer);
        if keys_of_cognito(statement) && name.is_none_or(symbol::has_symbols) {
            return Provider::Cognito;
        }
    }
    let subjects = statement
        .condition
        .tests
        .iter()
        .flat_map(|test| test.values.iter().flatten());
    let issuer = subjects.fold(issuer, |issuer, value| issuer::guess(issuer, value));
    Provider::Oidc(issuer)
}

fn keys_of_cognito(statement: &Statement) -> bool {
    let mut keys = statement.condition.tests.iter().filter_map(|test| claim(&test.key));
    keys.any(|(host, _)| host == "cognito-identity.amazonaws.com")
}

/// Denies that narrow who gets in with a web identity.
fn denies(document: &Document) -> Vec<&Statement> {
    let covers = |statement: &Statement| match &statement.actions {
        Selection::Only(patterns) => patterns
            .known
            .iter()
            .any(|pattern| matches(pattern, "sts:AssumeRoleWithWebIdentity", Case::Ignored)),
        Selection::Except(_) => false,
    };
    let everyone = |statement: &Statement| {
        statement.principals == Principals::Anyone || statement.named.iter().any(|named| named.sort == Sort::Federated)
    };
    let one_test = |statement: &Statement| !statement.condition.unknown && statement.condition.tests.len() == 1;
    document
        .statements
        .iter()
        .filter(|statement| {
            statement.effect == Effect::Deny && covers(statement) && everyone(statement) && one_test(statement)
        })
        .collect()
}

/// What a statement says about the identity providers that it names.
pub(super) fn judge(document: &Document, statement: &Statement, judge: &Judge<'_>) -> Vec<(bool, Remark)> {
    let mut found: Vec<(bool, Remark)> = Vec::new();
    let mut push = |remarks: Vec<(bool, Remark)>| {
        for (possible, remark) in remarks {
            let same = |(_, old): &(bool, Remark)| std::mem::discriminant(old) == std::mem::discriminant(&remark);
            if !found.iter().any(same) {
                found.push((possible, remark));
            }
        }
    };
    let federated = statement.named.iter().filter(|named| named.sort == Sort::Federated);
    let uncertain = statement.effect == Effect::Unknown;
    for Named { name, .. } in federated {
        match provider(name.as_deref(), statement, judge) {
            Provider::Oidc(issuer) if allows(statement, "sts:AssumeRoleWithWebIdentity") => {
                push(oidc(document, statement, issuer, uncertain));
            }
            Provider::Saml if allows(statement, "sts:AssumeRoleWithSAML") => push(login::saml(statement)),
            Provider::Cognito if allows(statement, "sts:AssumeRoleWithWebIdentity") => push(login::cognito(statement)),
            // Everybody is the business of another rule.
            _ => {}
        }
    }
    found
}

fn oidc(document: &Document, statement: &Statement, issuer: Issuer, uncertain: bool) -> Vec<(bool, Remark)> {
    let token = Token {
        condition: &statement.condition,
        denies: denies(document),
        issuer,
    };
    let mut found = Vec::new();
    let audience = token.audience();
    let mut open = false;
    match token.subject() {
        Demand::Gap(gap) => {
            open = true;
            let audience = audience.is_none();
            found.push((uncertain, Remark::NoSubject { issuer, gap, audience }));
        }
        Demand::Unknown => {
            let gap = Gap::Missing;
            let audience = audience.is_none();
            found.push((true, Remark::NoSubject { issuer, gap, audience }));
        }
        Demand::Fit(fit, value) if fit.width != Width::Exact => {
            found.push((uncertain, Remark::WideSubject { issuer, fit, value }));
        }
        Demand::Fit(..) => {}
    }
    let pull = token.tests("sub").find_map(|test| {
        let operator = Operator::parse(&test.operator);
        let is_pattern = operator.base == "stringlike";
        let mut values = test.values.iter().flatten().filter(|_| !operator.negated);
        values.find(|value| subject::is_pull_request(value, is_pattern))
    });
    if let Some(value) = pull {
        let value = symbol::readable(value).into_owned();
        found.push((uncertain, Remark::PullRequest { value, reads: false }));
    }
    if let Some(gap) = audience.filter(|_| !open) {
        let possible = uncertain || token.has_riddles();
        found.push((possible, Remark::NoAudience { issuer, gap }));
    }
    found
}
