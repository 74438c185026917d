//! `nhi module save`: modules out of the store into one file, with all that belongs to them, for places that no registry
//! reaches.

use std::path::{Path, PathBuf};

use nhi_modules::Wanted;

use super::subject::Subject;
use crate::artefacts;
use crate::exit::{Exit, Failure};
use crate::output::{BOLD, Console, PLAIN, Screen};

/// Options of `nhi module save`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Modules in the store: `oci://registry.example/team/rules:1.2.3`, `sha256:…`, or the file of one that was signed
    #[arg(value_name = "MODULE", required = true, value_parser = Subject::parse)]
    modules: Vec<Subject>,
    /// The archive: an OCI image layout as a tar file
    #[arg(long, short, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    output: PathBuf,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let store = artefacts::store()?;
    let mut wanted: Vec<Wanted> = Vec::new();
    for module in &args.modules {
        let held = module.one(&store)?;
        let next = Wanted {
            manifest: held.artifact.digest(),
            source: held.source,
        };
        if wanted.iter().all(|there| there.manifest != next.manifest) {
            wanted.push(next);
        }
    }
    let path = &args.output;
    let failed = |error: std::io::Error| {
        Failure::undecided(format!("`{}` cannot be written: {error}", path.display()))
            .help("name a file in a folder that exists and is writable")
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // A reader finds the archive as a whole or not at all.
    let mut file = tempfile::Builder::new()
        .prefix(".nhi-")
        .tempfile_in(folder)
        .map_err(failed)?;
    nhi_modules::save(&store, &wanted, file.as_file_mut()).map_err(artefacts::failure)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    let mut screen = Screen::new(console.width);
    let (count, shown) = (wanted.len().to_string(), path.display().to_string());
    let noun = if wanted.len() == 1 {
        " module in "
    } else {
        " modules in "
    };
    screen.line(&[(PLAIN, "saved "), (BOLD, &count), (PLAIN, noun), (BOLD, &shown)]);
    console.answer(&screen.into_text())?;
    Ok(Exit::Clean)
}
