//! How a trust root comes after another: a threshold of the people of the last one sign the digest of the next.
//!
//! The digest that is pinned is where trust begins. From the file as it is now, `previous` leads back to it, version by
//! version; then every step is checked forward, with the keys and the threshold of the version before. Whoever adds a
//! person or lowers the threshold therefore needs those whom it was up to until then.

use nhi_governance::{Digest, Name, Timestamp};
use serde::{Deserialize, Serialize};

use crate::code::{INVALID, PIN, Problem, ROOT};
use crate::dsse::{Envelope, Signature, pae};
use crate::person::Person;
use crate::root::TrustRoot;
use crate::sign::Signer;
use crate::strict;

/// The payload type of a signature of a trust root.
pub const SUCCESSION_TYPE: &str = "application/vnd.nhi.approvers.v1+json";
const SCHEMA: &str = "nhi.approvers.v1";
/// How many versions may lie between the one that is pinned and the one in use.
const STEPS_MAX: usize = 64;
const HELP: &str = "Sign the trust root anew with `nhi approvers sign`.";

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Succession {
    schema: String,
    /// Of which organisation.
    pub organisation: Name,
    /// The version that begins to count.
    pub version: u32,
    /// The digest of that version.
    pub digest: Digest,
    /// The digest of the version before.
    pub previous: Digest,
    /// Who signs.
    pub person: Person,
    /// When.
    pub issued_at: Timestamp,
}

impl Succession {
    /// A person's statement that a trust root comes after another.
    pub fn new(root: &TrustRoot, person: Person, issued_at: Timestamp) -> Result<Self, Problem> {
        let previous = root.previous.ok_or_else(|| {
            Problem::new(
                &ROOT,
                "the first version of a trust root is not signed",
                "It counts because its digest is pinned: write it into `approvers_digest`.",
            )
        })?;
        Ok(Self {
            schema: SCHEMA.to_owned(),
            organisation: root.organisation.clone(),
            version: root.version,
            digest: root.digest,
            previous,
            person,
            issued_at,
        })
    }

    /// Signs it: the text of the file.
    pub fn sign(&self, signer: &mut dyn Signer) -> Result<String, Problem> {
        let payload = strict::canonical(self).into_bytes();
        let bytes = signer.sign(&pae(SUCCESSION_TYPE, &payload))?;
        let envelope = Envelope {
            payload_type: SUCCESSION_TYPE.to_owned(),
            payload,
            signatures: vec![Signature {
                key_id: Some(signer.public_key().fingerprint()),
                bytes,
            }],
        };
        Ok(format!("{}\n", envelope.to_canonical_json()))
    }
}

/// A trust root that counts, and how it came to.
#[derive(Debug)]
pub struct Trust {
    /// It.
    pub root: TrustRoot,
    /// The steps from the version that is pinned to it, oldest first; none where it is the pinned one.
    pub steps: Vec<Step>,
}

/// One version after another.
#[derive(Debug)]
pub struct Step {
    /// The version that begins to count.
    pub version: u32,
    /// Its digest.
    pub digest: Digest,
    /// Who of the version before has signed it.
    pub signed_by: Vec<Person>,
}

/// Follows a trust root back to the one that is pinned, and checks every step.
///
/// `earlier` finds the bytes of a version by their digest, `signatures` the envelopes that lie beside a version, each
/// with the name of its file.
pub fn trust(
    current: &[u8],
    pinned: Digest,
    mut earlier: impl FnMut(Digest) -> Result<Option<Vec<u8>>, Problem>,
    mut signatures: impl FnMut(Digest) -> Result<Vec<(String, Vec<u8>)>, Problem>,
) -> Result<Trust, Problem> {
    let mut chain = vec![TrustRoot::parse(current)?];
    while let Some(oldest) = chain.last()
        && oldest.digest != pinned
    {
        let Some(previous) = oldest.previous.filter(|_| chain.len() <= STEPS_MAX) else {
            return Err(not_pinned(&chain, pinned));
        };
        let bytes = earlier(previous)?.ok_or_else(|| version_missing(oldest, previous))?;
        let root = TrustRoot::parse(&bytes)?;
        if root.digest != previous || root.version.checked_add(1) != Some(oldest.version) {
            return Err(version_missing(oldest, previous));
        }
        if root.organisation != oldest.organisation {
            let why = format!("the trust root changes its organisation from `{}`", root.organisation);
            return Err(Problem::new(
                &ROOT,
                why,
                "An organisation keeps its name from version to version.",
            ));
        }
        chain.push(root);
    }
    let mut steps = Vec::new();
    let mut versions = chain.into_iter().rev();
    // INVARIANT: the chain began with the current version, so there is one.
    let mut trusted = versions.next().ok_or_else(|| not_pinned(&[], pinned))?;
    for next in versions {
        let signed_by = signers(&trusted, &next, &signatures(next.digest)?)?;
        steps.push(Step {
            version: next.version,
            digest: next.digest,
            signed_by,
        });
        trusted = next;
    }
    Ok(Trust { root: trusted, steps })
}

/// Who of one version has signed the next, if they are enough.
fn signers(trusted: &TrustRoot, next: &TrustRoot, files: &[(String, Vec<u8>)]) -> Result<Vec<Person>, Problem> {
    let mut signed_by: Vec<Person> = Vec::new();
    let mut refused = Vec::new();
    for (name, bytes) in files {
        match signer(trusted, next, bytes) {
            Ok(person) if signed_by.contains(&person) => refused.push(format!("{name}: {person} has signed already")),
            Ok(person) => signed_by.push(person),
            Err(why) => refused.push(format!("{name}: {why}")),
        }
    }
    signed_by.sort();
    if signed_by.len() >= trusted.threshold {
        return Ok(signed_by);
    }
    let people: Vec<&str> = trusted
        .people()
        .filter(|person| !signed_by.contains(person))
        .map(Person::as_str)
        .collect();
    let mut why = format!(
        "version {} of the trust root is signed by {} of the {} people that version {} calls for",
        next.version,
        signed_by.len(),
        trusted.threshold,
        trusted.version
    );
    if !refused.is_empty() {
        why = format!("{why} ({})", refused.join("; "));
    }
    let help = format!("`nhi approvers sign` by {} adds a signature.", people.join(", "));
    Err(Problem::new(&PIN, why, help))
}

fn signer(trusted: &TrustRoot, next: &TrustRoot, bytes: &[u8]) -> Result<Person, String> {
    let envelope = Envelope::parse(bytes).map_err(|problem| problem.message)?;
    let text = envelope.to_canonical_json();
    if bytes.strip_suffix(b"\n").unwrap_or(bytes) != text.as_bytes() || envelope.signatures.len() != 1 {
        return Err("it is not in the one form that it is written in".to_owned());
    }
    if envelope.payload_type != SUCCESSION_TYPE {
        return Err("it is not a signature of a trust root".to_owned());
    }
    let succession: Succession =
        strict::read(&INVALID, "the statement", HELP, &envelope.payload).map_err(|problem| problem.message)?;
    let is_this = succession.schema == SCHEMA
        && succession.organisation == next.organisation
        && succession.version == next.version
        && succession.digest == next.digest
        && succession.previous == trusted.digest;
    if !is_this {
        return Err("it is about another version".to_owned());
    }
    let keys = trusted.keys(&succession.person);
    if envelope.signed_by(keys).is_empty() {
        return Err(format!(
            "it has no signature by a key that version {} lists for `{}`",
            trusted.version, succession.person
        ));
    }
    Ok(succession.person)
}

#[cold]
fn not_pinned(chain: &[TrustRoot], pinned: Digest) -> Problem {
    let found = chain.first().map(|root| root.digest.to_string()).unwrap_or_default();
    Problem::new(
        &PIN,
        format!("the trust root has the digest {found}, and {pinned} is pinned"),
        "Restore the file, or let a threshold of its people sign the change with `nhi approvers sign`. Who pins another \
         digest decides anew whom to trust.",
    )
}

#[cold]
fn version_missing(root: &TrustRoot, previous: Digest) -> Problem {
    Problem::new(
        &PIN,
        format!(
            "version {} of the trust root comes after {previous}, which is not there",
            root.version
        ),
        "`nhi approvers sign --previous FILE` keeps the version before beside it.",
    )
}
