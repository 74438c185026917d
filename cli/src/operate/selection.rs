//! Several identities at once: `owner=team:payments,environment=production,name=deploy-*`.

use nhi_governance::{
    Environment, Identity, KillSelector, Kind, Owner, Pattern, Policy, Problem, Record as _, RecordId, Registered,
    RiskTier, Selector, Vendor,
};
use nhi_registry::{Filter, RecordFilter, RecordsExt as _, Registry, RegistryError};

use crate::exit::{Exit, Failure};
use crate::policy;

/// The code of a selection that selects nothing.
pub(crate) const NO_MATCH: &str = "NHI-NO-MATCH";

/// Those of which everything that is said is true.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    text: String,
    terms: Selector,
    name: Option<Pattern>,
    vendor: Option<String>,
}

const KEYS: &str = "`owner`, `environment`, `kind`, `tier`, `name` and `vendor`";

/// Hands each term of a selector to `take`; `keys` are told where something is no term.
pub(crate) fn terms(
    text: &str,
    keys: &str,
    mut take: impl FnMut(&str, &str) -> Result<(), String>,
) -> Result<(), String> {
    let mut seen = Vec::new();
    for term in text.split(',').map(str::trim) {
        let (key, value) = term
            .split_once('=')
            .ok_or_else(|| format!("`{term}` is not of the form key=value; the keys are {keys}"))?;
        if seen.contains(&key) {
            return Err(format!(
                "`{key}` is written twice; everything that is said has to be true"
            ));
        }
        seen.push(key);
        take(key, value)?;
    }
    Ok(())
}

impl std::str::FromStr for Selection {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut selection = Self {
            text: text.to_owned(),
            ..Self::default()
        };
        if text.trim().is_empty() {
            return Err(format!(
                "an empty selector would select everything; write at least one of {KEYS}, `name=*` where everything is meant"
            ));
        }
        terms(text, KEYS, |key, value| selection.term(key, value))?;
        Ok(selection)
    }
}

impl Selection {
    /// Everything of an owner.
    pub(crate) fn of_owner(owner: &Owner) -> Self {
        let mut selection = Self {
            text: format!("owner={owner}"),
            ..Self::default()
        };
        selection.terms.owner = Some(owner.clone());
        selection
    }

    fn term(&mut self, key: &str, value: &str) -> Result<(), String> {
        let said = |problem: Problem| format!("{}: {}", problem.message, problem.help);
        match key {
            "environment" => self.terms.environment = Some(Environment::parse(value).map_err(said)?),
            "kind" => self.terms.kind = Some(Kind::parse(value).map_err(said)?),
            "name" => self.name = Some(Pattern::parse(value).map_err(said)?),
            "owner" => self.terms.owner = Some(Owner::parse(value).map_err(said)?),
            "tier" => self.terms.risk_tier = Some(RiskTier::parse(value).map_err(said)?),
            "vendor" if !value.is_empty() => self.vendor = Some(value.to_owned()),
            "vendor" => return Err("`vendor` is empty; write its name or its id".to_owned()),
            _ => return Err(format!("`{key}` is not a key of a selector; the keys are {KEYS}")),
        }
        Ok(())
    }

    /// Everything that this vendor goes by in a declaration: its name and the ids of every record of it.
    fn vendors(&self, registry: &dyn Registry) -> Result<Option<Vec<String>>, RegistryError> {
        let Some(vendor) = &self.vendor else {
            return Ok(None);
        };
        let mut known = vec![vendor.clone()];
        if let Ok(id) = RecordId::parse(vendor)
            && let Some(found) = registry.get_record::<Registered<Vendor>>(id)?
        {
            known.push(found.key());
        }
        let filter = |key: &String| RecordFilter {
            key: Some(key.clone()),
            with_ended: true,
            ..RecordFilter::default()
        };
        for key in known.clone() {
            let found = registry.list_records::<Registered<Vendor>>(&filter(&key))?;
            known.extend(found.iter().map(|vendor| vendor.id().to_string()));
        }
        Ok(Some(known))
    }

    /// The policy that decides what it selects. Where no tier is asked for none does, and a mistake in the policy file
    /// must not stand in the way.
    pub(crate) fn policy(&self, args: &policy::Args) -> Result<Policy, Failure> {
        match self.terms.risk_tier {
            Some(_) => args.load(),
            None => Ok(Policy::default()),
        }
    }

    /// Those that have not ended and that it selects now.
    pub(crate) fn among(&self, registry: &dyn Registry, policy: &Policy) -> Result<Vec<Identity>, RegistryError> {
        let mut identities = registry.list(&Filter::default())?;
        identities.retain(self.matcher(registry, policy)?);
        Ok(identities)
    }

    /// The same as the registry keeps it for good.
    pub(crate) fn for_kill(&self, registry: &dyn Registry) -> Result<KillSelector, RegistryError> {
        Ok(KillSelector {
            terms: self.terms.clone(),
            name: self.name.clone(),
            vendors: self.vendors(registry)?.unwrap_or_default(),
        })
    }

    /// What tells whether an identity that has not ended is one of them.
    pub(crate) fn matcher<'a>(
        &'a self,
        registry: &dyn Registry,
        policy: &'a Policy,
    ) -> Result<impl Fn(&Identity) -> bool + 'a, RegistryError> {
        let vendors = self.vendors(registry)?;
        Ok(move |identity: &Identity| {
            let declaration = identity.declaration();
            self.terms.selects(identity, identity.assess(policy).tier)
                && self
                    .name
                    .as_ref()
                    .is_none_or(|name| name.covers(declaration.name().as_str()))
                && vendors.as_ref().is_none_or(|vendors| {
                    declaration
                        .vendor_id()
                        .is_some_and(|id| vendors.iter().any(|vendor| vendor == id))
                })
        })
    }

    /// The refusal where it selects nothing.
    #[cold]
    pub(crate) fn no_match(&self, registry: &dyn Registry) -> Failure {
        Failure {
            exit: Exit::Findings,
            message: format!(
                "{NO_MATCH}: no identity in {} matches `{}`",
                registry.place(),
                self.text
            ),
            help: "every word has to be true of one that is not revoked; `nhi identities` lists them".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Selection;

    #[test]
    fn selectors() {
        for text in [
            "owner=team:payments",
            "owner=alice@example.com, environment=production,kind=ai_agent,tier=high,name=deploy-*,vendor=acme",
            "name=*",
        ] {
            assert!(text.parse::<Selection>().is_ok(), "{text}");
        }
        for (text, said) in [
            ("", "empty selector"),
            (" ", "empty selector"),
            ("owner", "key=value"),
            ("owner=team:a,", "key=value"),
            ("owner=payments", "is not an owner"),
            ("owner=team:a,owner=team:b", "written twice"),
            ("env=production", "not a key"),
            ("kind=robot", "robot"),
            ("tier=severe", "severe"),
            ("name=", "pattern"),
            ("name=**", "pattern"),
            ("vendor=", "empty"),
        ] {
            let refused = text.parse::<Selection>().unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
