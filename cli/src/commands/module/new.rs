//! `nhi module new`: a folder with a module that builds, passes its tests, and is changed from there.
//!
//! The SDK stands inside the folder, as sources: it is published nowhere, a module has to build in ten years' time too,
//! and its reviewers see all that goes into it. `docs/design/0005-policy-modules.md` weighs the other ways.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::exit::{Exit, Failure};
use crate::output::{BOLD, Console, DIM, PLAIN, Screen};

include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

/// The files of a module in Rust; `{{name}}`, `{{type}}` and `{{code}}` are replaced.
static RUST: [(&str, &str); 9] = [
    (".gitignore", include_str!("../../../templates/rust/gitignore.in")),
    ("Cargo.lock", include_str!("../../../templates/rust/Cargo.lock.in")),
    ("Cargo.toml", include_str!("../../../templates/rust/Cargo.toml.in")),
    ("README.md", include_str!("../../../templates/rust/README.md.in")),
    (
        "sdk/crates/plan/Cargo.toml",
        include_str!("../../../templates/rust/plan.toml.in"),
    ),
    (
        "sdk/crates/policy-sdk/Cargo.toml",
        include_str!("../../../templates/rust/sdk.toml.in"),
    ),
    ("src/lib.rs", include_str!("../../../templates/rust/lib.rs.in")),
    (
        "src/missing_tag.rs",
        include_str!("../../../templates/rust/missing_tag.rs.in"),
    ),
    (
        "tests/missing_tag.hcl",
        include_str!("../../../templates/rust/missing_tag.hcl.in"),
    ),
];

/// Options of `nhi module new`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the module is called: small letters, digits and hyphens
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,
    /// The language it is written in
    #[arg(long, value_enum, value_name = "LANGUAGE", default_value_t = Language::Rust)]
    language: Language,
    /// Make it in this folder, which must not be there or be empty [default: the module's name]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    path: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    /// Rust.
    Rust,
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
    let files = match args.language {
        Language::Rust => &RUST,
    };
    let sdk = SDK
        .iter()
        .map(|(path, text)| (format!("sdk/{path}"), (*text).to_owned()));
    let own = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), fill(text, &args.name)));
    for (path, text) in own.chain(sdk) {
        write(&folder.join(path), &text).map_err(failed)?;
    }
    let mut screen = Screen::new(console.width);
    screen.line(&[(PLAIN, "made "), (BOLD, &shown)]);
    screen.blank();
    for (command, why) in [
        (format!("cd {shown}"), ""),
        ("nhi module build".to_owned(), "  the component, in target/"),
        ("nhi module test".to_owned(), "   the cases in tests/, in the sandbox"),
    ] {
        screen.line(&[(PLAIN, "  "), (BOLD, &command), (DIM, why)]);
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

/// A template with the module's name in it.
fn fill(text: &str, name: &str) -> String {
    let words = || name.split('-').filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_ascii_uppercase() + rest
    };
    let type_name: String = words().map(capital).collect();
    let code: String = words().next().unwrap_or_default().to_ascii_uppercase();
    // The built-in analyzer's codes begin with `NHI`.
    let code = if code.starts_with("NHI") {
        format!("ORG-{code}")
    } else {
        code
    };
    text.replace("{{name}}", name)
        .replace("{{crate}}", &name.replace('-', "_"))
        .replace("{{type}}", &type_name)
        .replace("{{code}}", &format!("{code}001"))
}

fn name(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_name = text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.len() <= 48
        && !text.ends_with('-')
        && text.bytes().all(allowed)
        && !RESERVED.contains(&text);
    is_name
        .then(|| text.to_owned())
        .ok_or_else(|| "use small letters, digits and hyphens, such as `team-policy`".to_owned())
}

/// Names that cargo or Rust keeps for itself, or that the folder has a package of already.
const RESERVED: [&str; 9] = [
    "core",
    "std",
    "alloc",
    "test",
    "proc-macro",
    "self",
    "super",
    "nhi-plan",
    "nhi-policy-sdk",
];
