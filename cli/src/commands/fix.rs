//! `nhi fix`: shows, or writes, the patches that are safe.

use std::path::{Path, PathBuf};

use nhi_plan::Severity;

use crate::examine::{Inputs, Wish};
use crate::exit::{Exit, Failure};
use crate::fix::{FixedFile, Fixes};
use crate::output::{self, BOLD, Console, GREEN, PLAIN, RED, Screen, YELLOW};
use crate::report::{Report, Threshold};

const EXAMPLES: &str = "\
Examples:
  nhi fix tfplan                 show what would change in the current directory
  nhi fix tfplan --write         change it
  nhi fix plan.json --source infrastructure --write";

/// Options of `nhi fix`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    inputs: Inputs,
    /// Change the files; without it the changes are only shown
    #[arg(long)]
    write: bool,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let mut report = Report::new(Threshold {
        fail_on: Severity::Critical,
        fail_on_unverified: false,
    });
    let examined = args.inputs.examine(&Wish::default(), &mut report)?;
    if !report.is_complete() {
        console.talk(&output::summary(&report, console.talk_width));
        return Ok(Exit::Undecided);
    }
    if examined.sources.is_empty() {
        return Err(Failure::usage("there is no configuration to change")
            .help("name the plan file, which holds it, or add `--source DIR`"));
    }
    let root = args.inputs.source.directory().unwrap_or(Path::new("."));
    let fixes = Fixes::of(&report, &examined.sources, root);
    if args.write {
        for file in &fixes.files {
            output::write_file(&written(&file.path), &file.text)?;
        }
    }
    console.answer(&shown(&fixes, args.write, console.width))?;
    Ok(if fixes.refused.is_empty() {
        Exit::Clean
    } else {
        Exit::Findings
    })
}

/// A link keeps pointing where it does.
fn written(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

fn shown(fixes: &Fixes, is_written: bool, width: usize) -> String {
    let mut screen = Screen::new(width);
    for file in &fixes.files {
        diff(&mut screen, file);
    }
    for refused in &fixes.refused {
        screen.line(&[
            (YELLOW, "not changed"),
            (PLAIN, "  "),
            (BOLD, &refused.code),
            (PLAIN, " "),
            (PLAIN, &refused.address),
            (PLAIN, ", "),
            (PLAIN, &refused.patch),
        ]);
        screen.field(2, "", PLAIN, &refused.why);
    }
    let findings: usize = fixes.files.iter().map(|file| file.findings).sum();
    let plural = if findings == 1 { "" } else { "s" };
    let said = match (findings, is_written) {
        (0, _) => "nothing that can be changed safely".to_owned(),
        (_, true) => format!("changed for {findings} finding{plural}: plan again and check the new plan"),
        (_, false) => format!("would change for {findings} finding{plural}; `--write` changes the files"),
    };
    screen.line(&[(BOLD, &said)]);
    screen.into_text()
}

/// A unified diff without surrounding lines.
fn diff(screen: &mut Screen, file: &FixedFile) {
    screen.line(&[(BOLD, &format!("--- a/{}", file.name))]);
    screen.line(&[(BOLD, &format!("+++ b/{}", file.name))]);
    for hunk in &file.hunks {
        let head = format!(
            "@@ -{},{} +{},{} @@",
            hunk.old_start,
            hunk.old.len(),
            hunk.new_start,
            hunk.new.len()
        );
        screen.line(&[(PLAIN, &head)]);
        for (style, sign, lines) in [(RED, "-", &hunk.old), (GREEN, "+", &hunk.new)] {
            for line in lines {
                screen.line(&[(style, sign), (style, &line.replace('\t', "    "))]);
            }
        }
    }
}
