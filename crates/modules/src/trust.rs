//! Who has signed a module, and whether that is enough.

use std::collections::{BTreeMap, BTreeSet};

use nhi_governance::Problem;
use nhi_policy_file::{ModulesTerms, Source};

use crate::code::SIGNATURE;
use crate::key::PublicKey;
use crate::signature::verify;

/// The most signatures that are looked at.
const BUNDLES_MAX: usize = 50;

/// Who has signed a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Signers by the names of the policy file, sorted.
    pub signers: Vec<String>,
}

/// Hears the signatures of a manifest, and judges whether they are what the policy file asks for.
///
/// Every block `trust` whose pattern covers the source has to be met. A file needs none: it is reviewed with the
/// repository that it is in.
///
/// # Errors
///
/// A key that cannot be used, a module of a registry that no block covers, and signatures that are missing; the message
/// names them.
pub fn hear(terms: &ModulesTerms, source: &Source, manifest: &[u8], bundles: &[Vec<u8>]) -> Result<Heard, Problem> {
    let mut signers = BTreeSet::new();
    for (name, key) in keys(terms)? {
        let has_signed = |bundle: &Vec<u8>| verify(bundle, &key, manifest).is_ok();
        if bundles.iter().take(BUNDLES_MAX).any(has_signed) {
            signers.insert(name);
        }
    }
    let text = source.to_string();
    let mut is_covered = matches!(source, Source::File(_));
    for trust in terms.trust.iter().filter(|trust| trust.sources.covers(&text)) {
        is_covered = true;
        let has = |name: &&String| signers.contains(name.as_str());
        let missing: Vec<String> = trust.all_of.iter().filter(|name| !has(name)).cloned().collect();
        if !missing.is_empty() {
            return Err(lacking(&format!("`{}`", missing.join("` and `")), &signers));
        }
        if !trust.any_of.is_empty() && !trust.any_of.iter().any(|name| has(&name)) {
            return Err(lacking(&format!("one of `{}`", trust.any_of.join("`, `")), &signers));
        }
    }
    if !is_covered {
        let message = format!("nobody is trusted to sign what comes from `{text}`");
        let help = format!("Write a block `trust \"{text}\" {{ any_of = [\"…\"] }}` with the name of a signer.");
        return Err(Problem::new(&SIGNATURE, message, help));
    }
    Ok(Heard {
        signers: signers.into_iter().map(str::to_owned).collect(),
    })
}

/// Hears the signatures of a manifest by keys that the caller names. Each of them has to have signed.
///
/// # Errors
///
/// A key without a signature of the manifest, with the reason where there is one key and one signature only.
pub fn hear_keys(keys: &[(String, PublicKey)], manifest: &[u8], bundles: &[Vec<u8>]) -> Result<Heard, Problem> {
    let mut signers = BTreeSet::new();
    for (name, key) in keys {
        let verdicts = bundles
            .iter()
            .take(BUNDLES_MAX)
            .map(|bundle| verify(bundle, key, manifest));
        let (good, bad): (Vec<_>, Vec<_>) = verdicts.partition(Result::is_ok);
        if good.is_empty() {
            return Err(match bad.into_iter().find_map(Result::err) {
                Some(problem) if keys.len() == 1 && bundles.len() == 1 => problem,
                _ => lacking(&format!("the key in `{name}`"), &signers),
            });
        }
        signers.insert(name.as_str());
    }
    Ok(Heard {
        signers: signers.into_iter().map(str::to_owned).collect(),
    })
}

/// The keys of a policy file, with the names of their holders.
///
/// # Errors
///
/// A key that cannot be used, or that two signers have.
pub fn signers(terms: &ModulesTerms) -> Result<Vec<(String, PublicKey)>, Problem> {
    let named = |(name, key): (&str, PublicKey)| (name.to_owned(), key);
    Ok(keys(terms)?.into_iter().map(named).collect())
}

/// The keys by signer; two signers with one key would count a signature twice.
fn keys(terms: &ModulesTerms) -> Result<Vec<(&str, PublicKey)>, Problem> {
    let mut holders: BTreeMap<String, &str> = BTreeMap::new();
    let mut keys = Vec::new();
    for (name, text) in &terms.signers {
        let key = PublicKey::parse(text).map_err(|problem| Problem {
            message: format!("signer `{name}`: {}", problem.message),
            ..problem
        })?;
        if let Some(other) = holders.insert(key.fingerprint(), name) {
            let message = format!("signers `{other}` and `{name}` have the same key");
            return Err(Problem::new(&SIGNATURE, message, "Give each signer a key of its own."));
        }
        keys.push((name.as_str(), key));
    }
    Ok(keys)
}

fn lacking(who: &str, signers: &BTreeSet<&str>) -> Problem {
    let signers: Vec<&str> = signers.iter().copied().collect();
    let given = match signers.as_slice() {
        [] => "it has none that counts".to_owned(),
        names => format!("it has that of `{}`", names.join("` and `")),
    };
    Problem::new(
        &SIGNATURE,
        format!("the module needs the signature of {who}, and {given}"),
        "Ask for it: `nhi module sign` adds one. `nhi module verify` shows which there are.",
    )
}
