//! The passphrase of a key: out of a file, from the program that `SSH_ASKPASS` names, or from the terminal; never from
//! the command line, which others can see.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, Stdio};

use nhi_approvals::{disk, key_problem};
use nhi_governance::Problem;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::output::Console;

/// Bytes of a passphrase.
const PASSPHRASE_BYTES_MAX: usize = 4096;

/// Asks for the passphrase of a key, unless a file has it.
pub(super) fn of(key: &Path, file: Option<&Path>, console: &Console) -> Result<Zeroizing<String>, Problem> {
    if let Some(file) = file {
        let read = disk::read(
            &file.canonicalize().unwrap_or_else(|_| file.to_owned()),
            PASSPHRASE_BYTES_MAX,
        )?;
        let bytes = Zeroizing::new(read.ok_or_else(|| refuse("the file with the passphrase is not there"))?);
        return first_line(&bytes);
    }
    let prompt = format!("Passphrase of {}: ", key.display());
    let is_forced = std::env::var_os("SSH_ASKPASS_REQUIRE").is_some_and(|how| how == "force");
    let terminal = if is_forced {
        None
    } else {
        File::options().read(true).write(true).open("/dev/tty").ok()
    };
    if let Some(terminal) = terminal {
        return from_terminal(&terminal, &prompt, console);
    }
    match std::env::var_os("SSH_ASKPASS").filter(|program| !program.is_empty()) {
        Some(program) => from_program(Path::new(&program), &prompt),
        None => Err(refuse(
            "the key is encrypted, and there is no terminal to ask for its passphrase on",
        )),
    }
}

fn from_program(program: &Path, prompt: &str) -> Result<Zeroizing<String>, Problem> {
    let failed = || refuse("the program of `SSH_ASKPASS` gave no passphrase");
    let mut command = Command::new(program);
    let child = command
        .arg(prompt)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.map_err(|_| failed())?;
    let mut bytes = Zeroizing::new(Vec::new());
    let limit = PASSPHRASE_BYTES_MAX as u64;
    let read = child.stdout.take().map(|out| out.take(limit).read_to_end(&mut bytes));
    let is_success = child.wait().is_ok_and(|status| status.success());
    if is_success && matches!(read, Some(Ok(_))) {
        first_line(&bytes)
    } else {
        Err(failed())
    }
}

/// Turns the terminal's echo off, and on again however it ends.
struct Silent<'t> {
    terminal: &'t File,
    before: Termios,
}

impl<'t> Silent<'t> {
    fn new(terminal: &'t File) -> nix::Result<Self> {
        let before = tcgetattr(terminal.as_fd())?;
        let mut quiet = before.clone();
        quiet.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(terminal.as_fd(), SetArg::TCSAFLUSH, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal.as_fd(), SetArg::TCSAFLUSH, &self.before);
    }
}

fn from_terminal(terminal: &File, prompt: &str, console: &Console) -> Result<Zeroizing<String>, Problem> {
    let silent = Silent::new(terminal).map_err(|_| refuse("the terminal cannot be made to hide a passphrase"))?;
    console.ask(prompt);
    let mut bytes = Zeroizing::new(Vec::new());
    let reader = BufReader::new(terminal);
    let read = reader.take(PASSPHRASE_BYTES_MAX as u64).read_until(b'\n', &mut bytes);
    drop(silent);
    console.ask("\n");
    read.map_err(|_| refuse("the terminal gave no passphrase"))?;
    first_line(&bytes)
}

fn first_line(bytes: &[u8]) -> Result<Zeroizing<String>, Problem> {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(refuse("the passphrase is not UTF-8")),
    }
}

#[cold]
fn refuse(message: &str) -> Problem {
    key_problem(
        message,
        "Add the key to an ssh agent, name a file with `--passphrase-file`, or set `SSH_ASKPASS`.",
    )
}
