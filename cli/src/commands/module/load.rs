//! `nhi module load`: modules out of an archive into the store, once their signatures are good.

use std::path::PathBuf;

use nhi_modules::bundles;
use nhi_policy_file::Source;

use super::subject::{Held, Subject};
use super::verify;
use crate::artefacts::{self, TrustArgs};
use crate::exit::{Exit, Failure};
use crate::output::{BOLD, Console, PLAIN, Screen};

/// Options of `nhi module load`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// An archive that `nhi module save` wrote
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    archive: PathBuf,
    /// Take what is in it as from this repository: `oci://registry.example/team/rules` [default: what the archive says]
    #[arg(long, value_name = "REPOSITORY", value_parser = verify::source)]
    source: Option<Source>,
    #[command(flatten)]
    trust: TrustArgs,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let trust = args.trust.load()?;
    let store = artefacts::store()?;
    let mut held = Subject::File(args.archive.clone()).all(&store)?;
    if held.is_empty() || held.iter().any(|held| held.packed.is_some()) {
        return Err(
            Failure::usage(format!("`{}` is no archive of modules", args.archive.display()))
                .help("name a file that `nhi module save` wrote"),
        );
    }
    // All of them are judged before the first goes in.
    let mut signers = Vec::new();
    for held in &mut held {
        if args.source.is_some() {
            held.source.clone_from(&args.source);
        }
        let found = bundles(&held.attachments);
        let heard = artefacts::hear(&trust, held.source.as_ref(), &held.artifact.manifest, &found)?;
        signers.push(heard.map_err(artefacts::failure)?);
        if let Some(named) = held.named()? {
            store.refuse_moved(&named).map_err(artefacts::failure)?;
        }
    }
    let mut screen = Screen::new(console.width);
    for (held, signers) in held.iter().zip(&signers) {
        put(held, &store)?;
        let (name, version) = (held.name(), held.version()?.to_string());
        screen.line(&[(PLAIN, "loaded "), (BOLD, &name), (PLAIN, " "), (BOLD, &version)]);
        screen.field(2, "manifest ", PLAIN, &format!("sha256:{}", held.artifact.digest()));
        screen.field(2, "signed by", PLAIN, &signers.join(", "));
    }
    console.answer(&screen.into_text())?;
    Ok(Exit::Clean)
}

fn put(held: &Held, store: &nhi_modules::Store) -> Result<(), Failure> {
    let digest = held.artifact.digest();
    let put = held
        .attachments
        .iter()
        .try_for_each(|attachment| store.attach(&digest, attachment));
    put.and_then(|()| store.put(&held.artifact))
        .map_err(artefacts::failure)?;
    match held.named()? {
        Some(named) => store.name(&named, false).map_err(artefacts::failure),
        None => Ok(()),
    }
}
