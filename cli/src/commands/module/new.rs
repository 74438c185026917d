//! `nhi module new`: a folder with a module that builds, passes its tests, and is changed from there.
//!
//! What the files are is the language's affair; nothing that is there already is ever written over.

use std::fs;
use std::path::{Path, PathBuf};

use super::language::{self, Language};
use crate::exit::{Exit, Failure};
use crate::output::{BOLD, Console, DIM, PLAIN, Screen};

/// Options of `nhi module new`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the module is called: small letters, digits and hyphens
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,
    /// The language it is written in
    #[arg(long, value_name = "LANGUAGE", default_value = "rust", value_parser = language::parser())]
    language: &'static Language,
    /// Make it in this folder, which must not be there or be empty [default: the module's name]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    path: Option<PathBuf>,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let folder = args.path.clone().unwrap_or_else(|| PathBuf::from(&args.name));
    let shown = folder.display().to_string();
    let failed = |error: std::io::Error| {
        Failure::undecided(format!("the module's folder `{shown}` cannot be made: {error}"))
            .help("name a folder that is not there yet, below one that you may write to")
    };
    if fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        return Err(Failure::usage(format!("`{shown}` is there already")).help("name another folder with `--path`"));
    }
    if args.language.reserved.contains(&args.name.as_str()) {
        return Err(Failure::usage(format!(
            "a module in {} cannot be called `{}`",
            args.language.title, args.name
        ))
        .help("choose another name, such as `team-policy`"));
    }
    for (path, text) in (args.language.files)(&args.name) {
        write(&folder.join(path), &text).map_err(failed)?;
    }
    let mut screen = Screen::new(console.width);
    screen.line(&[(PLAIN, "made "), (BOLD, &shown)]);
    screen.blank();
    let build = if args.language.has_tools {
        (
            "nhi module build --install",
            "what builds it, once; the component, in target/",
        )
    } else {
        ("nhi module build", "the component, in target/")
    };
    let test = ("nhi module test", "the cases in tests/, in the sandbox");
    screen.line(&[(PLAIN, "  "), (BOLD, &format!("cd {shown}"))]);
    for (command, why) in [build, test] {
        let command = format!("{command:<width$}", width = build.0.len());
        screen.line(&[(PLAIN, "  "), (BOLD, &command), (DIM, "  "), (DIM, why)]);
    }
    console.answer(&screen.into_text())?;
    Ok(Exit::Clean)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

fn name(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_name = text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.len() <= 48
        && !text.ends_with('-')
        && text.bytes().all(allowed);
    is_name
        .then(|| text.to_owned())
        .ok_or_else(|| "use small letters, digits and hyphens, such as `team-policy`".to_owned())
}
