//! `nhi audit verify`: whether anybody rewrote the registry, alone or against what was published of it.

use std::path::{Path, PathBuf};

use nhi_registry::{Registry, Verification};
use serde::Serialize;
use tlog::NoteKey;

use super::Format;
use super::published::{Difference, Published};
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, DIM, GREEN, PLAIN, RED, Screen};
use crate::registry::{self, failure};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
    /// A published log that the registry has to continue
    #[arg(long, value_name = "DIRECTORY", value_hint = clap::ValueHint::DirPath)]
    log: Option<PathBuf>,
    /// The public key that signed the published log, as `nhi audit key` printed it
    #[arg(long, value_name = "KEY", requires = "log")]
    log_key: Option<String>,
}

#[derive(Debug, Serialize)]
struct Verified<'a> {
    version: u32,
    verdict: &'static str,
    registry_id: &'a str,
    rows: u64,
    identities: u64,
    head: String,
    tampering: Option<Found<'a>>,
    /// Only where the registry is compared with a published log.
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<Log>,
}

#[derive(Debug, Serialize)]
struct Log {
    verdict: &'static str,
    size: u64,
    signature: &'static str,
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
struct Found<'a> {
    seq: Option<u64>,
    identity: Option<&'a str>,
    reason: &'a str,
}

pub(super) fn run(place: &registry::Args, args: &Args, console: &Console) -> Result<Exit, Failure> {
    let key = args.log_key.as_deref().map(NoteKey::parse).transpose();
    let key = key.map_err(|error| Failure::usage(format!("`--log-key`: {error}")))?;
    let registry = place.open()?;
    let verification = registry.verify().map_err(|error| failure(&error))?;
    let compared = match &args.log {
        Some(directory) if verification.tampering.is_none() => Some(compare(&*registry, directory, key.as_ref())?),
        _ => None,
    };
    let is_clean =
        verification.tampering.is_none() && compared.as_ref().is_none_or(|compared| compared.difference.is_none());
    match args.format {
        Format::Human => {
            let mut screen = Screen::new(console.width);
            human_verdict(&verification, &mut screen);
            if let Some(compared) = &compared {
                human_comparison(compared, &mut screen);
            }
            console.answer(&screen.into_text())?;
        }
        Format::Json => console.answer_raw(&output::json(&verdict(&verification, compared.as_ref()))?)?,
    }
    Ok(if is_clean { Exit::Clean } else { Exit::Findings })
}

/// What a published log says of a registry.
struct Compared {
    size: u64,
    is_signed: bool,
    difference: Option<Difference>,
}

fn compare(registry: &dyn Registry, directory: &Path, key: Option<&NoteKey>) -> Result<Compared, Failure> {
    let published = Published { directory };
    // The checkpoint first: rows that come meanwhile continue it.
    let then = published.checkpoint(key)?.ok_or_else(|| {
        Failure::undecided(format!("there is no published log in `{}`", directory.display()))
            .help("name the directory that `nhi audit publish` wrote to")
    })?;
    let log = registry.transparency().map_err(|error| failure(&error))?;
    let difference = match published.difference(&log, &then)? {
        None => published.changed(&log, then.size)?,
        difference => difference,
    };
    Ok(Compared {
        size: then.size,
        is_signed: key.is_some(),
        difference,
    })
}

fn verdict<'a>(verification: &'a Verification, compared: Option<&Compared>) -> Verified<'a> {
    let tampering = verification.tampering.as_ref();
    Verified {
        version: 1,
        verdict: if tampering.is_none() { "intact" } else { "tampered" },
        registry_id: &verification.registry_id,
        rows: verification.rows,
        identities: verification.identities,
        head: verification.head.to_string(),
        tampering: tampering.map(|tampering| Found {
            seq: tampering.seq,
            identity: tampering.subject.as_deref(),
            reason: &tampering.reason,
        }),
        log: compared.map(|compared| Log {
            verdict: compared.difference.as_ref().map_or("continued", Difference::verdict),
            size: compared.size,
            signature: if compared.is_signed { "valid" } else { "unchecked" },
            reason: compared.difference.as_ref().map(ToString::to_string),
        }),
    }
}

fn human_verdict(verification: &Verification, screen: &mut Screen) {
    let (rows, head) = (verification.rows.to_string(), verification.head.to_string());
    match &verification.tampering {
        None => {
            let identities = verification.identities.to_string();
            screen.line(&[
                (GREEN, "intact"),
                (PLAIN, ": "),
                (BOLD, &rows),
                (
                    PLAIN,
                    if verification.rows == 1 {
                        " audit row, "
                    } else {
                        " audit rows, "
                    },
                ),
                (BOLD, &identities),
                (
                    PLAIN,
                    if verification.identities == 1 {
                        " identity"
                    } else {
                        " identities"
                    },
                ),
            ]);
            screen.line(&[(DIM, "head "), (PLAIN, &head)]);
            screen.line(&[(
                DIM,
                "keep the head elsewhere: it also shows when the whole file is replaced by an older one",
            )]);
        }
        Some(tampering) => {
            screen.line(&[(RED, "tampered with"), (PLAIN, ": "), (BOLD, &tampering.to_string())]);
            screen.line(&[
                (DIM, "good up to row "),
                (PLAIN, &rows),
                (DIM, ", head "),
                (PLAIN, &head),
            ]);
            screen.line(&[(
                DIM,
                "keep the file for the inquiry, and restore the last copy that verifies",
            )]);
        }
    }
}

fn human_comparison(compared: &Compared, screen: &mut Screen) {
    match &compared.difference {
        None => {
            let size = compared.size.to_string();
            screen.line(&[
                (GREEN, "continues"),
                (PLAIN, " the published log of "),
                (BOLD, &size),
                (PLAIN, " audit rows"),
            ]);
        }
        Some(difference) => {
            screen.line(&[(RED, &difference.to_string())]);
            screen.line(&[(DIM, "keep registry and log for the inquiry")]);
        }
    }
    if !compared.is_signed {
        screen.line(&[(
            DIM,
            "the signature of the checkpoint was not checked: name the key with --log-key",
        )]);
    }
}
