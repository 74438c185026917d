//! `nhi module sign`: whoever stands behind a module signs the digest of its manifest, on this machine.
//!
//! The signature waits in the store until `nhi module push` takes it along, or `nhi module save`.

use std::path::{Path, PathBuf};

use nhi_modules::{Attachment, SigningKey};
use zeroize::Zeroizing;

use super::subject::{Held, Subject};
use super::supply::Supply;
use crate::artefacts;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::output::{BOLD, Console, DIM, PLAIN, Screen};

/// Bytes of a file with a private key.
const KEY_BYTES_MAX: u64 = 64 << 10;

/// Options of `nhi module sign`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A component's file, or a module in the store: `oci://registry.example/team/rules:1.2.3`, `sha256:…`
    #[arg(value_name = "MODULE", value_parser = Subject::parse)]
    module: Subject,
    /// The private key, as `nhi module keygen` writes it
    #[arg(long, value_name = "FILE", env = "NHI_MODULE_KEY", value_hint = clap::ValueHint::FilePath)]
    key: PathBuf,
    /// The list of dependencies, CycloneDX 1.5 or later in JSON [default: made from what was linked in, or from
    /// Cargo.lock]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    sbom: Option<PathBuf>,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let key = private_key(&args.key)?;
    let store = artefacts::store()?;
    let held = args.module.one(&store)?;
    held.version()?;
    let (manifest, digest) = (&held.artifact.manifest, held.artifact.digest());
    let mut added = Vec::new();
    if !has_signed(&held, &key) {
        let bundle = nhi_modules::sign(&key, manifest).map_err(artefacts::failure)?;
        added.push(Attachment::bundle(bundle));
    }
    let supply = Supply::of(&held);
    let sbom = supply.sbom(args.sbom.as_deref())?;
    let provenance = supply.provenance(sbom.as_ref())?;
    if let Some(statement) = provenance.filter(|statement| !has_told(&held, &key, statement)) {
        let bundle = nhi_modules::seal_provenance(&key, &statement).map_err(artefacts::failure)?;
        added.push(Attachment::bundle(bundle));
    }
    added.extend(sbom.filter(|sbom| !held.attachments.contains(sbom)));
    for attachment in &added {
        store.attach(&digest, attachment).map_err(artefacts::failure)?;
    }
    store.put(&held.artifact).map_err(artefacts::failure)?;

    let mut screen = Screen::new(console.width);
    let (name, version) = (held.name(), held.version()?.to_string());
    let done = if added.is_empty() { "had signed " } else { "signed " };
    screen.line(&[(PLAIN, done), (BOLD, &name), (PLAIN, " "), (BOLD, &version)]);
    screen.field(2, "manifest", PLAIN, &format!("sha256:{digest}"));
    screen.field(2, "key     ", PLAIN, &key.public().fingerprint());
    screen.line(&[(DIM, "  `nhi module push` takes the signature along")]);
    console.answer(&screen.into_text())?;
    Ok(Exit::Clean)
}

fn has_signed(held: &Held, key: &SigningKey) -> bool {
    let bundles = nhi_modules::bundles(&held.attachments);
    let manifest = &held.artifact.manifest;
    bundles
        .iter()
        .any(|bundle| nhi_modules::verify(bundle, key.public(), manifest).is_ok())
}

fn has_told(held: &Held, key: &SigningKey, statement: &[u8]) -> bool {
    let manifest = &held.artifact.manifest;
    let wanted = nhi_modules::read_provenance(statement, manifest);
    let bundles = nhi_modules::bundles(&held.attachments);
    let told = |bundle: &Vec<u8>| nhi_modules::provenance_in(bundle, Some(key.public()), manifest);
    bundles.iter().any(|bundle| told(bundle) == wanted)
}

/// A private key out of its file, which nobody else may read.
fn private_key(path: &Path) -> Result<SigningKey, Failure> {
    let shown = path.display();
    let unreadable = |why: String| {
        Failure::usage(format!("the private key `{shown}` cannot be read: {why}"))
            .help("`nhi module keygen` makes one; name it with `--key`")
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = path.metadata().map_err(|error| unreadable(error.to_string()))?;
        if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
            return Err(
                Failure::usage(format!("others may read the private key `{shown}`")).help(format!(
                    "run `chmod 600 {shown}`, and make a new key if somebody may have copied it"
                )),
            );
        }
    }
    let bytes = input::read_file(path, KEY_BYTES_MAX).map_err(|error| unreadable(error.to_string()))?;
    let bytes = Zeroizing::new(bytes.ok_or_else(|| unreadable("it is too long".to_owned()))?);
    SigningKey::read(&bytes, nhi_modules::no_passphrase).map_err(artefacts::failure)
}
