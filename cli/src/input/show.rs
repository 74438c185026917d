//! Turns a plan file into JSON with the command that made it: `tofu show -json` or `terraform show -json`.
//!
//! Both refuse plan files of another version than their own, so trying the one and then the other never shows a plan
//! that the wrong command misread.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use nhi_plan::error::code;

use super::planfile::{Maker, PlanFile};
use super::read_within;
use crate::codes;
use crate::report::Problem;

/// What is kept of a command's own error messages.
const STDERR_BYTES_MAX: u64 = 16 << 10;

const TOFU: &str = "tofu";
const TERRAFORM: &str = "terraform";

/// A plan file to show.
#[derive(Debug)]
pub(super) struct Show<'a> {
    pub(super) file: &'a Path,
    pub(super) kind: PlanFile,
    /// The command that the operator wants.
    pub(super) with: Option<&'a OsStr>,
    /// The directory that the operator wants.
    pub(super) chdir: Option<&'a Path>,
    /// Bytes of JSON.
    pub(super) limit: u64,
}

/// The plan as JSON.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) json: Vec<u8>,
    /// The command that made it.
    pub(super) command: String,
}

/// Why one command did not do it.
enum Refusal {
    /// There is no such command.
    Missing,
    /// It said this.
    Failed(String),
    /// It is no use to try another one.
    Final(Problem),
}

impl Show<'_> {
    pub(super) fn run(&self) -> Result<Shown, Problem> {
        let mut tried = Vec::new();
        let candidates = self
            .candidates()
            .map_err(|error| self.problem(codes::PLAN_SHOW, error.to_string()))?;
        for command in &candidates {
            match self.attempt(command) {
                Ok(json) => {
                    return Ok(Shown {
                        json,
                        command: command.display().to_string(),
                    });
                }
                Err(Refusal::Missing) => {}
                Err(Refusal::Failed(message)) => tried.push(format!("`{} show -json`: {message}", command.display())),
                Err(Refusal::Final(problem)) => return Err(problem),
            }
        }
        Err(self.refused(&candidates, &tried))
    }

    /// The commands to try, the likeliest first.
    fn candidates(&self) -> io::Result<Vec<OsString>> {
        if let Some(command) = self.with {
            let path = Path::new(command);
            // A relative path means the operator's directory, not the one the command will run in.
            let is_name = path.components().count() == 1 && path.parent() == Some(Path::new(""));
            return Ok(vec![if is_name {
                command.to_owned()
            } else {
                std::path::absolute(path)?.into()
            }]);
        }
        let names: &[&str] = match self.kind {
            PlanFile::Encrypted => &[TOFU],
            PlanFile::Zip(Some(Maker::Terraform)) => &[TERRAFORM, TOFU],
            PlanFile::Zip(_) => &[TOFU, TERRAFORM],
        };
        Ok(names.iter().map(OsString::from).collect())
    }

    /// Where the providers of the plan are: beside it, or where we are, if only there is a `.terraform`.
    fn directory(&self) -> PathBuf {
        if let Some(directory) = self.chdir {
            return directory.to_path_buf();
        }
        let beside = match self.file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let here = Path::new(".");
        let is_initialised = |directory: &Path| directory.join(".terraform").is_dir();
        if !is_initialised(beside) && is_initialised(here) {
            here.to_path_buf()
        } else {
            beside.to_path_buf()
        }
    }

    fn attempt(&self, command: &OsStr) -> Result<Vec<u8>, Refusal> {
        let failed = |error: &io::Error| Refusal::Failed(error.to_string());
        let file = std::path::absolute(self.file).map_err(|error| failed(&error))?;
        let directory = self.directory();
        if !directory.is_dir() {
            let message = format!("`{}` is not a directory", directory.display());
            return Err(Refusal::Final(self.problem(codes::PLAN_SHOW, message)));
        }
        let spawned = Command::new(command)
            .args(["show", "-json", "-no-color"])
            .arg(&file)
            .current_dir(directory)
            // Nothing but the plan may be asked for, and nobody may be asked for input or called home.
            .env_remove("TF_CLI_ARGS")
            .env_remove("TF_CLI_ARGS_show")
            .env("CHECKPOINT_DISABLE", "1")
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Refusal::Missing),
            Err(error) => return Err(failed(&error)),
        };
        let (json, errors) = collect(&mut child, self.limit).map_err(|error| failed(&error))?;
        let Some(json) = json else {
            // The command may still be writing into the closed pipe; its result no longer matters.
            let _ = child.kill();
            let _ = child.wait();
            return Err(Refusal::Final(
                self.problem(code::BUDGET, format!("the plan has more than {} bytes", self.limit)),
            ));
        };
        let status = child.wait().map_err(|error| failed(&error))?;
        if !status.success() {
            let said = tidied(&errors);
            let message = if said.is_empty() { status.to_string() } else { said };
            return Err(Refusal::Failed(message));
        }
        Ok(json)
    }

    #[cold]
    fn refused(&self, candidates: &[OsString], tried: &[String]) -> Problem {
        if self.kind == PlanFile::Encrypted {
            let mut message = "the plan file is encrypted by OpenTofu".to_owned();
            for failure in tried {
                message.push('\n');
                message.push_str(failure);
            }
            return self.problem(codes::PLAN_ENCRYPTED, message);
        }
        if tried.is_empty() {
            let names: Vec<String> = candidates.iter().map(|name| format!("`{}`", name.display())).collect();
            let message = format!(
                "this is a plan file, and to show it there is no {}",
                names.join(" and no ")
            );
            let mut problem = self.problem(codes::PLAN_SHOW, message);
            "install the command that made the plan, name it with `--with`, or check the output of `show -json`"
                .clone_into(&mut problem.help);
            return problem;
        }
        self.problem(codes::PLAN_SHOW, tried.join("\n"))
    }

    #[cold]
    fn problem(&self, code: &'static str, message: String) -> Problem {
        Problem {
            code,
            subject: self.file.display().to_string(),
            byte_offset: None,
            message,
            help: codes::help(code),
        }
    }
}

/// What a command says, without the frame it draws around it, empty lines and the last full stop.
fn tidied(text: &str) -> String {
    let is_frame = |c: char| c.is_whitespace() || matches!(c, '\u{2502}' | '\u{2575}' | '\u{2577}');
    let lines = text.lines().map(|line| line.trim_matches(is_frame));
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("\n").trim_end_matches('.').to_owned()
}

/// Standard output up to the limit (`None`: there is more), and the start of standard error.
fn collect(child: &mut Child, limit: u64) -> io::Result<(Option<Vec<u8>>, String)> {
    let stderr = child.stderr.take();
    // A command that fills the one pipe while we wait for the other would wait for ever.
    let errors = thread::spawn(move || stderr.map(start_of).unwrap_or_default());
    let json = match child.stdout.take() {
        Some(mut stdout) => read_within(&mut stdout, limit, 0)?,
        None => Some(Vec::new()),
    };
    if json.is_none() {
        return Ok((None, String::new()));
    }
    let errors = errors
        .join()
        .map_err(|_| io::Error::other("the reader of standard error ended early"))?;
    Ok((json, errors))
}

fn start_of(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    // An unreadable error message is an empty one; the exit status tells the rest.
    let _ = stream.by_ref().take(STDERR_BYTES_MAX).read_to_end(&mut bytes);
    let _ = io::copy(&mut stream, &mut io::sink());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_says_is_tidied() {
        for (said, kept) in [
            (
                "\u{2577}\n\u{2502} Error: Failed to read the plan\n\u{2502} \n\u{2502} It is of another version.\n\u{2575}\n",
                "Error: Failed to read the plan\nIt is of another version",
            ),
            ("\nError: no such file..\n\n", "Error: no such file"),
            (" \n", ""),
        ] {
            assert_eq!(tidied(said), kept);
        }
    }
}
