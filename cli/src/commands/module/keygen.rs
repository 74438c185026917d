//! `nhi module keygen`: a key to sign modules with, and what of it belongs into the policy file.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use nhi_modules::{KeyKind, SigningKey};

use crate::artefacts;
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, DIM, PLAIN, Screen};

/// Options of `nhi module keygen`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Write the private key here, for you alone, and the public one beside it with `.pub` at its end
    #[arg(long, short, value_name = "FILE", default_value = "nhi-module.pem", value_hint = clap::ValueHint::FilePath)]
    output: PathBuf,
    /// Which kind of key
    #[arg(long, value_enum, value_name = "KIND", default_value_t = Kind::Ed25519)]
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Ed25519.
    Ed25519,
    /// ECDSA with the curve P-256.
    P256,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let path = &args.output;
    let public_path = PathBuf::from(format!("{}.pub", path.display()));
    for path in [path, &public_path] {
        if path.symlink_metadata().is_ok() {
            return Err(there_already(path));
        }
    }
    let kind = match args.kind {
        Kind::Ed25519 => KeyKind::Ed25519,
        Kind::P256 => KeyKind::P256,
    };
    let private = SigningKey::generate(kind).map_err(artefacts::failure)?;
    // What is written is read first: a key that signs nothing would be found out too late.
    let key = SigningKey::read(private.as_bytes(), nhi_modules::no_passphrase).map_err(artefacts::failure)?;
    let public = key.public().to_pem();
    make_folder(path)?;
    if !output::create_file(&public_path, &public)? {
        return Err(there_already(&public_path));
    }
    if let Err(failure) = write_private(path, &private) {
        // Without its private half it is of no use to anybody.
        let _ = std::fs::remove_file(&public_path);
        return Err(failure);
    }
    let mut screen = Screen::new(console.width);
    let (shown, shown_public) = (path.display().to_string(), public_path.display().to_string());
    screen.line(&[
        (PLAIN, "made "),
        (BOLD, &shown),
        (DIM, "  sign with it, and keep it to yourself"),
    ]);
    screen.line(&[
        (PLAIN, "made "),
        (BOLD, &shown_public),
        (DIM, "  give it to whoever verifies"),
    ]);
    screen.blank();
    screen.line(&[(DIM, "In the policy file, nhi.hcl:")]);
    screen.blank();
    screen.line(&[(PLAIN, "signer \"NAME\" {")]);
    let text = format!("  key = \"{}\"", public.trim_end().replace('\n', "\\n"));
    screen.line(&[(PLAIN, &text)]);
    screen.line(&[(PLAIN, "}")]);
    console.answer(&screen.into_text())?;
    Ok(Exit::Clean)
}

/// Makes the folder of a key where it is not there, for its owner alone.
fn make_folder(path: &Path) -> Result<(), Failure> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder).map_err(|error| {
        Failure::undecided(format!("the folder `{}` cannot be made: {error}", folder.display()))
            .help("name a file in a folder that you may write to with `--output`")
    })
}

fn there_already(path: &Path) -> Failure {
    Failure::usage(format!("`{}` is there already", path.display()))
        .help("name another file with `--output`: a key that somebody trusts is never overwritten")
}

/// Writes the key as a whole or not at all, readable by its owner only.
fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let written = (|| {
        // Such files have the mode 0600 from the beginning.
        let mut file = tempfile::Builder::new().prefix(".nhi-").tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|error| error.error)
    })();
    match written {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(there_already(path)),
        Err(error) => Err(
            Failure::undecided(format!("`{}` cannot be written: {error}", path.display()))
                .help("name a file in a folder that exists and is writable"),
        ),
    }
}
