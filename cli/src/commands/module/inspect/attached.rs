//! What belongs to a module: who has signed it, what it depends on, how it was made, and whose word each of these is.

use nhi_governance::Digest;
use nhi_modules::{Attachment, Kind, Provenance, PublicKey};
use serde::Serialize;

use crate::output::{PLAIN, Screen, YELLOW};

/// What a program reads of the attachments.
#[derive(Debug, Serialize)]
pub(super) struct Attached {
    manifest: String,
    signatures: Vec<Signature>,
    sbom: Vec<Listed>,
    provenance: Vec<Made>,
}

#[derive(Debug, Serialize)]
struct Signature {
    /// Who has signed, by a key that is known here.
    signer: Option<String>,
    /// The key that the signature says it is by, which proves nothing.
    claims: String,
}

#[derive(Debug, Serialize)]
struct Listed {
    format: String,
    components: Vec<String>,
    /// Whether a signed provenance names this very list.
    vouched_for_by: Option<String>,
    problem: Option<String>,
}

#[derive(Debug, Serialize)]
struct Made {
    builder: String,
    source: Option<String>,
    commit: Option<String>,
    modified: bool,
    signer: Option<String>,
    signed: bool,
}

/// A key, and whose it is.
pub(super) type Known = (String, PublicKey);

impl Attached {
    pub(super) fn of(manifest: &[u8], attachments: &[Attachment], known: &[Known]) -> Self {
        let mut attached = Self {
            manifest: format!("sha256:{}", Digest::of(manifest)),
            signatures: Vec::new(),
            sbom: Vec::new(),
            provenance: Vec::new(),
        };
        let mut vouched: Vec<(Digest, String)> = Vec::new();
        for bundle in nhi_modules::bundles(attachments) {
            let Some(claim) = nhi_modules::claim(&bundle) else {
                continue;
            };
            if claim.is_signature {
                let signer = known
                    .iter()
                    .find(|(_, key)| nhi_modules::verify(&bundle, key, manifest).is_ok());
                attached.signatures.push(Signature {
                    signer: signer.map(|(name, _)| name.clone()),
                    claims: claim.hint,
                });
                continue;
            }
            let by = known.iter().find_map(|(name, key)| {
                let told = nhi_modules::provenance_in(&bundle, Some(key), manifest)?;
                Some((name.clone(), told))
            });
            let (signer, told) = match by {
                Some((name, told)) => (Some(name), Some(told)),
                None => (None, nhi_modules::provenance_in(&bundle, None, manifest)),
            };
            let Some(told) = told else { continue };
            vouched.extend(told.sbom.zip(signer.clone()));
            attached.provenance.push(Made::of(told, signer, true));
        }
        for attachment in attachments {
            match attachment.kind {
                Kind::Bundle => {}
                Kind::Sbom => attached.sbom.push(Listed::of(attachment, &vouched)),
                Kind::Statement => {
                    let told = nhi_modules::read_provenance(&attachment.bytes, manifest);
                    attached.provenance.extend(told.map(|told| Made::of(told, None, false)));
                }
            }
        }
        attached
    }

    /// Whether there is a list of its dependencies.
    pub(super) fn is_listed(&self) -> bool {
        self.sbom.iter().any(|listed| listed.problem.is_none())
    }

    pub(super) fn show(&self, screen: &mut Screen) {
        screen.blank();
        screen.field(2, "manifest   ", PLAIN, &self.manifest);
        if self.signatures.is_empty() {
            screen.field(2, "signed by  ", YELLOW, "nobody: `nhi module sign` signs it");
        }
        for Signature { signer, claims } in &self.signatures {
            match signer {
                Some(name) => screen.field(2, "signed by  ", PLAIN, &format!("{name}, {claims}")),
                None => {
                    let text = format!("a key that is not known here, it says {claims}; name it with `--key`");
                    screen.field(2, "signed by  ", YELLOW, &text);
                }
            }
        }
        for listed in &self.sbom {
            screen.field(2, "sbom       ", PLAIN, &listed.sentence());
        }
        for made in &self.provenance {
            screen.field(2, "provenance ", PLAIN, &made.sentence());
        }
    }
}

impl Listed {
    fn of(attachment: &Attachment, vouched: &[(Digest, String)]) -> Self {
        let digest = attachment.digest();
        let by = vouched.iter().find(|(named, _)| *named == digest);
        let (format, components, problem) = match nhi_modules::read_sbom(&attachment.bytes) {
            Ok(sbom) => (format!("CycloneDX {}", sbom.spec_version), sbom.components, None),
            Err(problem) => (String::new(), Vec::new(), Some(problem.message)),
        };
        Self {
            format,
            components,
            vouched_for_by: by.map(|(_, name)| name.clone()),
            problem,
        }
    }

    fn sentence(&self) -> String {
        if let Some(problem) = &self.problem {
            return problem.clone();
        }
        let count = self.components.len();
        let list = self.components.join(", ");
        let by = match &self.vouched_for_by {
            Some(name) => format!("signed by {name}"),
            None => "nobody has signed it".to_owned(),
        };
        format!("{}, {count} components, {by}: {list}", self.format)
    }
}

impl Made {
    fn of(told: Provenance, signer: Option<String>, is_signed: bool) -> Self {
        Self {
            builder: told.builder,
            source: told.source,
            commit: told.commit,
            modified: told.is_modified,
            signer,
            signed: is_signed,
        }
    }

    fn sentence(&self) -> String {
        let mut text = match (&self.source, &self.commit) {
            (Some(source), Some(commit)) => format!("{source} at {commit}"),
            _ => "no commit".to_owned(),
        };
        if self.modified {
            text.push_str(", with changes that are not in it");
        }
        let by = match (&self.signer, self.signed) {
            (Some(name), _) => format!("signed by {name}"),
            (None, true) => "signed by a key that is not known here".to_owned(),
            (None, false) => "nobody has signed it".to_owned(),
        };
        let builder = match self.builder.as_str() {
            nhi_modules::OWN_MACHINE => "somebody's own machine",
            builder => builder,
        };
        format!("{text}; built at {builder}; {by}")
    }
}
