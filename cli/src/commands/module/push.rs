//! `nhi module push`: publishes a module under the tag of its version, with its signatures, the list of its
//! dependencies and how it was made.
//!
//! What no run would take is refused here, while its author can still do something about it. A version that was
//! published is never exchanged; pushing the same module again only adds signatures.

use std::path::PathBuf;

use nhi_modules::{Attachment, Kind, Named, NamedBy};
use serde::Serialize;

use super::Format;
use super::subject::{Held, Subject};
use super::supply::Supply;
use crate::artefacts::{self, Reference, RemoteArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, PLAIN, Screen, YELLOW};

/// Options of `nhi module push`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A component's file, or a module in the store: `oci://registry.example/team/rules:1.2.3`, `sha256:…`
    #[arg(value_name = "MODULE", value_parser = Subject::parse)]
    module: Subject,
    /// The repository: `oci://registry.example/team/rules`; the tag is the module's own version
    #[arg(value_name = "REPOSITORY", value_parser = Reference::parse)]
    repository: Reference,
    /// The list of dependencies, CycloneDX 1.5 or later in JSON [default: made from what was linked in, or from
    /// Cargo.lock]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    sbom: Option<PathBuf>,
    #[command(flatten)]
    remote: RemoteArgs,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    source: String,
    module: String,
    module_version: String,
    manifest: String,
    signatures: usize,
    sbom: bool,
    provenance: bool,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let store = artefacts::store()?;
    let held = args.module.one(&store)?;
    let version = held.version()?;
    let source = &args.repository.source;
    if let Some(wanted) = args.repository.version.as_ref().filter(|wanted| **wanted != version) {
        return Err(
            Failure::usage(format!("the module is version {version}, not {wanted}")).help(format!(
                "write `{source}`: the tag is the version that the module itself says"
            )),
        );
    }
    if args.repository.digest.is_some() {
        return Err(Failure::usage("a digest is given by what is pushed").help(format!("write `{source}`")));
    }
    let attachments = attachments(args, &held)?;
    let remote = args.remote.open(source, NamedBy::CommandLine)?;
    let remote = remote.watched(artefacts::watch("pushing"));
    remote.push(&held.artifact, &version).map_err(artefacts::failure)?;
    for attachment in &attachments {
        remote
            .attach(&held.artifact.manifest, attachment)
            .map_err(artefacts::failure)?;
    }
    let named = Named {
        source: source.clone(),
        version: version.clone(),
        manifest: held.artifact.digest(),
    };
    // The registry has it under this name: what the store says is told by it, whatever it was before.
    store
        .put(&held.artifact)
        .and_then(|_| store.name(&named, true))
        .map_err(artefacts::failure)?;
    let bundles = nhi_modules::bundles(&attachments);
    let claims = || bundles.iter().filter_map(|bundle| nhi_modules::claim(bundle));
    let document = Document {
        version: 1,
        source: source.to_string(),
        module: held.name(),
        module_version: version.to_string(),
        manifest: format!("sha256:{}", named.manifest),
        signatures: claims().filter(|claim| claim.is_signature).count(),
        sbom: attachments.iter().any(|attachment| attachment.kind == Kind::Sbom),
        provenance: claims().any(|claim| !claim.is_signature)
            || attachments.iter().any(|attachment| attachment.kind == Kind::Statement),
    };
    answer(&document, args.format, console)?;
    Ok(Exit::Clean)
}

/// What goes along: all that is in the store, and what can be said of the module's making without a key.
fn attachments(args: &Args, held: &Held) -> Result<Vec<Attachment>, Failure> {
    let mut attachments = held.attachments.clone();
    let supply = Supply::of(held);
    let sbom = supply.sbom(args.sbom.as_deref())?;
    let is_told = |bundle: &Vec<u8>| nhi_modules::claim(bundle).is_some_and(|claim| !claim.is_signature);
    if !nhi_modules::bundles(&attachments).iter().any(is_told)
        && let Some(bytes) = supply.provenance(sbom.as_ref())?
    {
        let kind = Kind::Statement;
        let attachment = Attachment { kind, bytes };
        attachments.extend((!held.attachments.contains(&attachment)).then_some(attachment));
    }
    attachments.extend(sbom.filter(|sbom| !held.attachments.contains(sbom)));
    Ok(attachments)
}

fn answer(document: &Document, format: Format, console: &Console) -> Result<(), Failure> {
    if format == Format::Json {
        return console.answer_raw(&output::json(document)?);
    }
    let mut screen = Screen::new(console.width);
    let reference = format!("{}:{}", document.source, document.module_version);
    screen.line(&[(PLAIN, "pushed "), (BOLD, &reference)]);
    screen.field(2, "manifest  ", PLAIN, &document.manifest);
    let yes = |is: bool, no: &str| if is { "attached".to_owned() } else { no.to_owned() };
    match document.signatures {
        0 => screen.field(
            2,
            "signatures",
            YELLOW,
            "none: nobody can pull it before `nhi module sign` and another `nhi module push`",
        ),
        count => screen.field(2, "signatures", PLAIN, &count.to_string()),
    }
    screen.field(
        2,
        "sbom      ",
        PLAIN,
        &yes(document.sbom, "none: name one with `--sbom FILE`"),
    );
    let none = "none: neither a commit nor a lock file is beside the component";
    screen.field(2, "provenance", PLAIN, &yes(document.provenance, none));
    console.answer(&screen.into_text())
}
