//! How far a condition on the claims of a token binds it, in the language that Google's pool providers use.
//!
//! Only comparisons of a claim with literals bind; of alternatives the weakest counts, of demands the strongest.
//! After the Common Expression Language definition and Google's pages on attribute conditions.

use super::issuer::Dialect;
use super::subject::{self, Width};

/// Nesting that is followed; nobody writes more.
const DEPTH_MAX: u32 = 32;

/// How far a condition binds a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Binding {
    /// Not at all: strangers meet it.
    Free,
    /// To one organisation.
    Owner,
    /// To one project, or to something that this table does not know.
    Exact,
}

/// Claims that whoever gets a token sets as they like, or that everybody has.
const FREE: [&str; 26] = [
    "aud",
    "iss",
    "ref",
    "ref_type",
    "ref_protected",
    "environment",
    "workflow",
    "event_name",
    "head_ref",
    "base_ref",
    "runner_environment",
    "repository_visibility",
    "run_attempt",
    "sha",
    "job_workflow_sha",
    "workflow_sha",
    "pipeline_source",
    "project_visibility",
    "user_access_level",
    "environment_protected",
    "deployment_tier",
    "terraform_run_phase",
    "terraform_workspace_name",
    "terraform_project_name",
    "pipeline_slug",
    "build_branch",
];

/// Claims that name an organisation.
const OWNERS: [&str; 20] = [
    "repository_owner",
    "repository_owner_id",
    "owner",
    "owner_id",
    "enterprise",
    "enterprise_id",
    "namespace_id",
    "namespace_path",
    "root_namespace",
    "root_namespace_id",
    "terraform_organization_id",
    "terraform_organization_name",
    "organization",
    "organization_id",
    "organization_slug",
    "org",
    "org_id",
    "account_id",
    "tid",
    "hd",
];

/// Claims whose value begins with the organisation.
const PATHS: [&str; 5] = [
    "repository",
    "project_path",
    "job_workflow_ref",
    "workflow_ref",
    "ci_config_ref_uri",
];

/// Whether whoever gets a token sets a claim as they like.
pub(super) fn is_free(claim: &str) -> bool {
    FREE.contains(&claim)
}

/// How far one claim binds when it has this value.
pub(crate) fn claim_binding(claim: &str, value: &str, how: Match, dialect: Dialect) -> Binding {
    let is_pattern = how != Match::Whole;
    if value.is_empty() && is_pattern {
        return Binding::Free;
    }
    if matches!(claim, "sub" | "subject") {
        let pattern = match how {
            Match::Whole => value.to_owned(),
            Match::Start => format!("{value}*"),
            Match::Inside => format!("*{value}*"),
        };
        return match subject::judge(dialect, &pattern, is_pattern).map(|fit| fit.width) {
            Some(Width::Anyone) => Binding::Free,
            Some(Width::Organisation) => Binding::Owner,
            _ => Binding::Exact,
        };
    }
    if FREE.contains(&claim) {
        return Binding::Free;
    }
    if OWNERS.contains(&claim) {
        return if is_pattern { Binding::Free } else { Binding::Owner };
    }
    if PATHS.contains(&claim) {
        let after_owner = value.split_once('/').map(|(_, rest)| rest);
        return match (how, after_owner) {
            (Match::Inside, _) | (Match::Start, None) => Binding::Free,
            (Match::Whole, None) | (Match::Start, Some("")) => Binding::Owner,
            _ => Binding::Exact,
        };
    }
    if is_pattern { Binding::Owner } else { Binding::Exact }
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    Whole,
    Start,
    Inside,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

const SIGNS: [&str; 18] = [
    "&&", "||", "==", "!=", "<=", ">=", "(", ")", "[", "]", ",", ".", "!", "?", ":", "<", ">", "+",
];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let quote = matches!(first, '"' | '\'');
        if quote || rest.starts_with("r\"") || rest.starts_with("r'") {
            let body = if quote { rest } else { rest.get(1..)? };
            let mark = body.chars().next()?;
            let body = body.get(1..)?;
            let end = body.find(mark)?;
            found.push(Token::Text(body.get(..end)?.to_owned()));
            rest = body.get(end + 1..)?;
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            found.push(Token::Sign(sign));
            rest = rest.get(sign.len()..)?;
        } else {
            let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-' || !c.is_ascii();
            let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            found.push(Token::Word(rest.get(..end)?.to_owned()));
            rest = rest.get(end..)?;
        }
        rest = rest.trim_start();
    }
    Some(found)
}

/// What an operand of a comparison is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Operand {
    /// A claim, by its last name.
    Claim(String),
    /// Literals.
    Texts(Vec<String>),
    /// A truth of its own.
    Truth(Binding),
    Other,
}

struct Parser<'t> {
    rest: &'t [Token],
    dialect: Dialect,
    depth: u32,
}

/// How far a condition binds; `None` where it cannot be read.
pub(crate) fn binding(condition: &str, dialect: Dialect) -> Option<Binding> {
    let tokens = tokens(condition)?;
    let mut parser = Parser {
        rest: &tokens,
        dialect,
        depth: 0,
    };
    let found = parser.either()?;
    parser.rest.is_empty().then_some(found)
}

impl Parser<'_> {
    fn take(&mut self, sign: &str) -> bool {
        match self.rest.split_first() {
            Some((Token::Sign(found), rest)) if *found == sign => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn either(&mut self) -> Option<Binding> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let mut found = self.both()?;
        while self.take("||") {
            found = found.min(self.both()?);
        }
        if self.take("?") {
            // The condition holds, or it does not: the weaker branch counts.
            let yes = self.either()?;
            let no = self.take(":").then(|| self.either())??;
            found = found.max(yes).min(no);
        }
        self.depth -= 1;
        Some(found)
    }

    fn both(&mut self) -> Option<Binding> {
        let mut found = self.relation()?;
        while self.take("&&") {
            found = found.max(self.relation()?);
        }
        Some(found)
    }

    fn relation(&mut self) -> Option<Binding> {
        let mut negated = false;
        while self.take("!") {
            negated = true;
        }
        if negated {
            self.operand()?;
            return Some(Binding::Free);
        }
        let left = self.operand()?;
        let is_in = matches!(self.rest.first(), Some(Token::Word(word)) if word == "in");
        if is_in {
            self.rest = self.rest.get(1..)?;
            let right = self.operand()?;
            return Some(self.compare(&left, &right));
        }
        if self.take("==") {
            let right = self.operand()?;
            return Some(self.compare(&left, &right));
        }
        if ["!=", "<=", ">=", "<", ">"].iter().any(|sign| self.take(sign)) {
            self.operand()?;
            return Some(Binding::Free);
        }
        Some(match left {
            Operand::Truth(binding) => binding,
            _ => Binding::Free,
        })
    }

    fn compare(&self, left: &Operand, right: &Operand) -> Binding {
        match (left, right) {
            (Operand::Claim(claim), Operand::Texts(values)) | (Operand::Texts(values), Operand::Claim(claim)) => {
                let bindings = values
                    .iter()
                    .map(|value| claim_binding(claim, value, Match::Whole, self.dialect));
                bindings.min().unwrap_or(Binding::Exact)
            }
            // `(a && b) == true`
            (Operand::Truth(binding), Operand::Truth(_)) => *binding,
            _ => Binding::Free,
        }
    }

    fn operand(&mut self) -> Option<Operand> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        let mut operand = match first {
            Token::Text(text) => Operand::Texts(vec![text.clone()]),
            Token::Sign("(") => {
                let inside = self.either()?;
                self.take(")").then_some(Operand::Truth(inside))?
            }
            Token::Sign("[") => Operand::Texts(self.texts("]")?),
            Token::Word(word) if word == "true" || word == "false" => Operand::Truth(Binding::Free),
            Token::Word(word) if matches!(word.as_str(), "assertion" | "attribute" | "google") => {
                Operand::Claim(String::new())
            }
            Token::Word(_) if self.take("(") => {
                self.texts(")")?;
                Operand::Truth(Binding::Free)
            }
            Token::Word(word) if word.bytes().all(|byte| byte.is_ascii_digit()) => Operand::Texts(vec![word.clone()]),
            Token::Word(_) => Operand::Other,
            Token::Sign(_) => return None,
        };
        loop {
            if self.take("[") {
                operand = self.index(operand)?;
            } else if self.take(".") {
                operand = self.member(operand)?;
            } else {
                return Some(operand);
            }
        }
    }

    /// `assertion['repository']`, or one part of what a claim was split into.
    fn index(&mut self, operand: Operand) -> Option<Operand> {
        let inside = self.texts("]")?;
        Some(match operand {
            Operand::Claim(name) if name.is_empty() => Operand::Claim(inside.into_iter().next().unwrap_or_default()),
            other => other,
        })
    }

    fn member(&mut self, operand: Operand) -> Option<Operand> {
        let (Token::Word(name), rest) = self.rest.split_first()? else {
            return None;
        };
        self.rest = rest;
        if !self.take("(") {
            return Some(match operand {
                Operand::Claim(_) => Operand::Claim(name.clone()),
                other => other,
            });
        }
        let arguments = self.texts(")")?;
        let Operand::Claim(claim) = &operand else {
            return Some(operand);
        };
        let how = match name.as_str() {
            "startsWith" => Match::Start,
            "endsWith" | "contains" => Match::Inside,
            "matches" => return Some(Operand::Truth(self.pattern(claim, &arguments))),
            "size" => return Some(Operand::Other),
            // What is taken out of a claim, or its letters in one case.
            _ => return Some(operand),
        };
        let binding = arguments
            .iter()
            .map(|value| claim_binding(claim, value, how, self.dialect))
            .min();
        Some(Operand::Truth(binding.unwrap_or(Binding::Free)))
    }

    /// A regular expression binds as far as it begins with plain letters.
    fn pattern(&self, claim: &str, arguments: &[String]) -> Binding {
        let Some(expression) = arguments.first().and_then(|text| text.strip_prefix('^')) else {
            return Binding::Free;
        };
        let plain = |c: char| c.is_alphanumeric() || matches!(c, ':' | '/' | '-' | '_' | '@');
        let end = expression.find(|c: char| !plain(c)).unwrap_or(expression.len());
        let (start, rest) = expression.split_at(end);
        let how = if rest == "$" { Match::Whole } else { Match::Start };
        claim_binding(claim, start, how, self.dialect)
    }

    /// Literals up to a closing sign; what is no literal is passed over.
    fn texts(&mut self, close: &str) -> Option<Vec<String>> {
        let mut found = Vec::new();
        let mut depth = 0_u32;
        loop {
            let (first, rest) = self.rest.split_first()?;
            self.rest = rest;
            match first {
                Token::Sign(sign) if depth == 0 && *sign == close => return Some(found),
                Token::Sign("(" | "[") => depth += 1,
                Token::Sign(")" | "]") => depth = depth.checked_sub(1)?,
                Token::Text(text) => found.push(text.clone()),
                Token::Sign(_) | Token::Word(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Binding::{Exact, Free, Owner};
    use super::*;

    #[test]
    fn conditions() {
        let table = [
            ("true", Some(Free)),
            ("1 == 1", Some(Free)),
            ("assertion.repository_owner == 'acme'", Some(Owner)),
            (
                "assertion.repository_owner_id == '123' && assertion.ref == 'refs/heads/main'",
                Some(Owner),
            ),
            ("assertion.repository == 'acme/app'", Some(Exact)),
            (
                "assertion.repository=='acme/app' && assertion.ref_type=='branch'",
                Some(Exact),
            ),
            ("'acme/app' == assertion.repository", Some(Exact)),
            ("assertion.repository in ['acme/app', \"acme/lib\"]", Some(Exact)),
            ("assertion.repository_owner in ['acme', 'acme-labs']", Some(Owner)),
            ("assertion['repository'] == 'acme/app'", Some(Exact)),
            ("attribute.repository == \"acme/app\"", Some(Exact)),
            ("google.subject == 'repo:acme/app:environment:prod'", Some(Exact)),
            ("assertion.sub.startsWith('repo:acme/')", Some(Owner)),
            ("assertion.sub.startsWith('repo:acme')", Some(Free)),
            ("assertion.sub.contains('acme')", Some(Free)),
            ("assertion.repository.startsWith('acme/')", Some(Owner)),
            ("assertion.repository.startsWith('acme')", Some(Free)),
            ("assertion.repository.split('/')[0] == 'acme'", Some(Owner)),
            ("assertion.repository.matches('^acme/[a-z]+$')", Some(Owner)),
            ("assertion.repository.matches('acme/.*')", Some(Free)),
            ("assertion.ref == 'refs/heads/main'", Some(Free)),
            ("assertion.environment == 'production'", Some(Free)),
            ("assertion.repository_owner != 'evil'", Some(Free)),
            ("!(assertion.repository_owner == 'acme')", Some(Free)),
            ("assertion.repository == 'acme/app' || true", Some(Free)),
            (
                "(assertion.repository == 'acme/app' || assertion.repository_owner == 'acme')",
                Some(Owner),
            ),
            ("has(assertion.repository)", Some(Free)),
            (
                "has(assertion.repository) && assertion.repository == 'acme/app'",
                Some(Exact),
            ),
            ("assertion.namespace_path == 'acme'", Some(Owner)),
            ("assertion.aud == 'x'", Some(Free)),
            ("assertion.actor == 'robot'", Some(Exact)),
            ("assertion.terraform_organization_id == 'org-1'", Some(Owner)),
            ("assertion.repository == 'acme/app", None),
            ("assertion.repository ==", None),
            ("((((", None),
        ];
        for (text, want) in table {
            assert_eq!(binding(text, Dialect::GitHub), want, "{text}");
        }
        let deep = format!("{}true{}", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(binding(&deep, Dialect::Plain), None);
        let negated = format!("{}true", "!".repeat(100_001));
        assert_eq!(binding(&negated, Dialect::Plain), Some(Free));
    }
}
