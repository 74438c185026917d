//! `nhi module verify`: whether a module has the signatures that it needs. Asks nobody: a file, the store and the keys
//! decide.

use nhi_modules::{Kind, bundles};
use nhi_policy_file::Source;
use serde::Serialize;

use super::Format;
use super::subject::{Held, Subject};
use crate::artefacts::{self, Trust, TrustArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, GREEN, PLAIN, RED, Screen};

/// Options of `nhi module verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A component's file, an archive, or a module in the store: `oci://registry.example/team/rules:1.2.3`, `sha256:…`
    #[arg(value_name = "MODULE", value_parser = Subject::parse)]
    module: Subject,
    /// Judge it as one from this repository: `oci://registry.example/team/rules`
    #[arg(long, value_name = "REPOSITORY", value_parser = source)]
    source: Option<Source>,
    #[command(flatten)]
    trust: TrustArgs,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    modules: Vec<Verdict>,
}

#[derive(Debug, Serialize)]
struct Verdict {
    module: String,
    module_version: Option<String>,
    manifest: String,
    source: Option<String>,
    is_trusted: bool,
    signers: Vec<String>,
    sbom: bool,
    problem: Option<String>,
    help: Option<String>,
}

/// Reads a repository.
pub(super) fn source(text: &str) -> Result<Source, String> {
    match Source::parse(text) {
        Ok(source @ Source::Oci { .. }) => Ok(source),
        Ok(Source::File(_)) => Err("write a repository: `oci://registry.example/team/rules`".to_owned()),
        Err(problem) => Err(problem.message),
    }
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let trust = args.trust.load()?;
    let store = artefacts::store()?;
    let held = args.module.all(&store)?;
    let verdicts = held.iter().map(|held| judge(held, args.source.as_ref(), &trust));
    let document = Document {
        version: 1,
        modules: verdicts.collect::<Result<_, _>>()?,
    };
    answer(&document, args.format, console)?;
    // An archive without a module has nothing that could be trusted.
    let is_good = !document.modules.is_empty() && document.modules.iter().all(|verdict| verdict.is_trusted);
    Ok(if is_good { Exit::Clean } else { Exit::Findings })
}

fn judge(held: &Held, source: Option<&Source>, trust: &Trust) -> Result<Verdict, Failure> {
    let source = source.or(held.source.as_ref());
    let heard = artefacts::hear(trust, source, &held.artifact.manifest, &bundles(&held.attachments))?;
    let (signers, problem) = match heard {
        Ok(signers) => (signers, None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    Ok(Verdict {
        module: held.name(),
        module_version: held.version().ok().map(|version| version.to_string()),
        manifest: format!("sha256:{}", held.artifact.digest()),
        source: source.map(ToString::to_string),
        is_trusted: problem.is_none(),
        signers,
        sbom: held.attachments.iter().any(|attachment| attachment.kind == Kind::Sbom),
        problem: problem
            .as_ref()
            .map(|problem| format!("{}: {}", problem.code, problem.message)),
        help: problem.map(|problem| problem.help),
    })
}

fn answer(document: &Document, format: Format, console: &Console) -> Result<(), Failure> {
    if format == Format::Json {
        return console.answer_raw(&output::json(document)?);
    }
    let mut screen = Screen::new(console.width);
    for verdict in &document.modules {
        let version = verdict.module_version.as_deref().unwrap_or_default();
        let (style, word) = if verdict.is_trusted {
            (GREEN, "trusted")
        } else {
            (RED, "not trusted")
        };
        screen.line(&[
            (style, word),
            (PLAIN, "  "),
            (BOLD, &verdict.module),
            (PLAIN, " "),
            (PLAIN, version),
        ]);
        screen.field(2, "manifest ", PLAIN, &verdict.manifest);
        if let Some(source) = &verdict.source {
            screen.field(2, "source   ", PLAIN, source);
        }
        if verdict.is_trusted {
            screen.field(2, "signed by", PLAIN, &verdict.signers.join(", "));
        }
        if let (Some(problem), Some(help)) = (&verdict.problem, &verdict.help) {
            screen.field(2, "why      ", PLAIN, problem);
            screen.field(2, "fix      ", PLAIN, help);
        }
    }
    if document.modules.is_empty() {
        screen.line(&[(RED, "the archive holds no module")]);
    }
    console.answer(&screen.into_text())
}
