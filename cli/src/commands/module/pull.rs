//! `nhi module pull`: from a registry into the store of this machine, once the signatures are good.

use nhi_modules::NamedBy;
use nhi_policy_file::Version;
use serde::Serialize;

use super::Format;
use crate::artefacts::{self, Fetched, Reference, RemoteArgs, TrustArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, PLAIN, Screen};

/// Options of `nhi module pull`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The module: `oci://registry.example/team/rules:1.2.3`, with `@sha256:…` where its digest is known
    #[arg(value_name = "REFERENCE", value_parser = Reference::parse)]
    reference: Reference,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    remote: RemoteArgs,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    source: String,
    module_version: String,
    manifest: String,
    wasm: String,
    bytes: usize,
    signers: &'a [String],
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    // What cannot be trusted is not asked for.
    let trust = args.trust.load()?;
    let store = artefacts::store()?;
    let source = &args.reference.source;
    let remote = args.remote.open(source, NamedBy::CommandLine)?;
    let Some(version) = &args.reference.version else {
        let versions = remote.versions().map_err(artefacts::failure)?;
        return Err(no_version(&source.to_string(), &versions));
    };
    let remote = remote.watched(artefacts::watch("pulling"));
    let fetched = artefacts::fetch(&remote, source, version, args.reference.digest.as_ref(), &trust, &store);
    answer(&fetched.map_err(artefacts::failure)?, args.format, console)?;
    Ok(Exit::Clean)
}

fn no_version(source: &str, versions: &[Version]) -> Failure {
    let last: Vec<String> = versions.iter().rev().take(5).map(ToString::to_string).collect();
    let help = match last.first() {
        Some(newest) => format!("there are {}; write `{source}:{newest}`", last.join(", ")),
        None => "there is none: `nhi module push` publishes one".to_owned(),
    };
    Failure::usage(format!("`{source}` names no version")).help(help)
}

fn answer(fetched: &Fetched, format: Format, console: &Console) -> Result<(), Failure> {
    let named = &fetched.named;
    let document = Document {
        version: 1,
        source: named.source.to_string(),
        module_version: named.version.to_string(),
        manifest: format!("sha256:{}", named.manifest),
        wasm: format!("sha256:{}", nhi_governance::Digest::of(&fetched.artifact.wasm)),
        bytes: fetched.artifact.wasm.len(),
        signers: &fetched.signers,
    };
    if format == Format::Json {
        return console.answer_raw(&output::json(&document)?);
    }
    let mut screen = Screen::new(console.width);
    let (source, version) = (document.source.as_str(), document.module_version.as_str());
    screen.line(&[(PLAIN, "pulled "), (BOLD, source), (PLAIN, ":"), (BOLD, version)]);
    screen.field(2, "manifest ", PLAIN, &document.manifest);
    screen.field(2, "signed by", PLAIN, &document.signers.join(", "));
    console.answer(&screen.into_text())
}
