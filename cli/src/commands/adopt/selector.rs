//! Some of what was found: `name=deploy-*,environment=production`.

use nhi_governance::{Environment, Kind, Owner, Pattern, Problem};

use super::Row;
use crate::operate::selection::terms;

const KEYS: &str = "`address`, `environment`, `kind`, `name` and `owner`";

/// Those of which everything that is said is true.
#[derive(Debug, Clone, Default)]
pub(super) struct Selector {
    address: Option<Pattern>,
    environment: Option<Environment>,
    kind: Option<Kind>,
    name: Option<Pattern>,
    owner: Option<Owner>,
}

impl std::str::FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut selector = Self::default();
        terms(text, KEYS, |key, value| selector.term(key, value))?;
        Ok(selector)
    }
}

impl Selector {
    fn term(&mut self, key: &str, value: &str) -> Result<(), String> {
        let said = |problem: Problem| format!("{}: {}", problem.message, problem.help);
        match key {
            "address" => self.address = Some(Pattern::parse(value).map_err(said)?),
            "environment" => self.environment = Some(Environment::parse(value).map_err(said)?),
            "kind" => self.kind = Some(Kind::parse(value).map_err(said)?),
            "name" => self.name = Some(Pattern::parse(value).map_err(said)?),
            "owner" => self.owner = Some(Owner::parse(value).map_err(said)?),
            _ => return Err(format!("`{key}` is not a key of a selector; the keys are {KEYS}")),
        }
        Ok(())
    }

    pub(super) fn selects(&self, row: &Row) -> bool {
        let proposal = &row.proposal;
        let matches = |pattern: &Option<Pattern>, text: &str| pattern.as_ref().is_none_or(|one| one.covers(text));
        let environment = self.environment.as_ref().map(Environment::as_str);
        let owners = [proposal.technical_owner(), proposal.policy_owner()];
        let is_owner = |owner: &Owner| {
            let parsed = owners.iter().flatten().filter_map(|text| Owner::parse(text).ok());
            parsed.into_iter().any(|other| other == *owner)
        };
        matches(&self.address, &row.found.address)
            && matches(&self.name, &proposal.name)
            && environment.is_none_or(|environment| proposal.environment.as_deref() == Some(environment))
            && self.kind.is_none_or(|kind| kind == row.found.kind)
            && self.owner.as_ref().is_none_or(is_owner)
    }
}

#[cfg(test)]
mod tests {
    use super::Selector;

    #[test]
    fn selectors() {
        for text in [
            "name=deploy-*",
            "address=module.a.*, kind=ci_pipeline,owner=team:a,environment=production",
        ] {
            assert!(text.parse::<Selector>().is_ok(), "{text}");
        }
        for (text, said) in [
            ("", "key=value"),
            ("name", "key=value"),
            ("name=a,name=b", "written twice"),
            ("tier=low", "not a key"),
            ("kind=robot", "robot"),
            ("owner=payments", "is not an owner"),
        ] {
            let refused = text.parse::<Selector>().unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
