//! `nhi policy check`: every mistake of a file at once.

use nhi_policy_file::LoadError;
use serde::Serialize;

use super::{File, Format};
use crate::exit::{Exit, Failure};
use crate::output::{self, Console, DIM, GREEN, PLAIN, RED, Screen};
use crate::policy;

/// Options of `nhi policy check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    file: File,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    file: String,
    digest: Option<String>,
    faults: Vec<Fault<'a>>,
}

#[derive(Debug, Serialize)]
struct Fault<'a> {
    code: &'static str,
    line: usize,
    column: usize,
    message: &'a str,
    help: &'a str,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let path = args.file.path();
    let file = path.display().to_string();
    let (digest, faults) = match nhi_policy_file::load(&path) {
        Ok(policy) => (Some(policy.digest().to_string()), Vec::new()),
        Err(LoadError::Faults(faults)) => (None, faults.faults),
        Err(error @ LoadError::Io { .. }) => return Err(policy::failure(&error)),
    };
    match args.format {
        Format::Human => {
            let mut screen = Screen::new(console.width);
            for fault in &faults {
                let place = format!("{file}:{}:{}:", fault.line, fault.column);
                let code = format!("({})", fault.code);
                screen.line(&[
                    (RED, &place),
                    (PLAIN, " "),
                    (PLAIN, &fault.message),
                    (PLAIN, " "),
                    (DIM, &code),
                ]);
                screen.field(2, "help:", PLAIN, &fault.help);
            }
            if let Some(digest) = &digest {
                screen.line(&[
                    (PLAIN, &file),
                    (PLAIN, " "),
                    (GREEN, "holds together"),
                    (PLAIN, ", digest "),
                    (DIM, digest),
                ]);
            }
            console.answer(&screen.into_text())?;
        }
        Format::Json => {
            let faults = faults.iter().map(|fault| Fault {
                code: fault.code.id,
                line: fault.line,
                column: fault.column,
                message: &fault.message,
                help: &fault.help,
            });
            let document = Document {
                version: 1,
                file,
                digest: digest.clone(),
                faults: faults.collect(),
            };
            console.answer_raw(&output::json(&document)?)?;
        }
    }
    Ok(if digest.is_some() { Exit::Clean } else { Exit::Findings })
}
