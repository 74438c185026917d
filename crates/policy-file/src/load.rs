//! Files from a disk: the one place of this crate that touches one, within a limit.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::{error, fmt};

use nhi_governance::{Policy, Problem};

use crate::cases::{self, Case};
use crate::code::READ;
use crate::fault::{Collector, Faults};
use crate::modules::ModulesTerms;

/// The largest file, in bytes. The time of the parser grows with the square of an object's members.
pub const BYTES_MAX: usize = 64 << 10;

/// Why a file gave nothing.
#[derive(Debug)]
pub enum LoadError {
    /// It could not be read.
    Io {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// It says something wrong.
    Faults(Faults),
}

impl LoadError {
    /// One line for each thing that is wrong, and what to do about it.
    pub fn problems(&self) -> Vec<(String, String)> {
        match self {
            Self::Io { file, source } => vec![(
                format!("the policy file `{file}` cannot be read: {source} (NHI-POLICY-READ)"),
                "Write the path of a file that can be read; a policy is not read from a URL.".to_owned(),
            )],
            Self::Faults(faults) => {
                let helps = faults.faults.iter().map(|fault| fault.help.clone());
                faults.lines().zip(helps).collect()
            }
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.problems().into_iter().map(|(line, _)| line).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl error::Error for LoadError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Faults(_) => None,
        }
    }
}

/// Reads a policy from a file.
pub fn load(path: &Path) -> Result<Policy, LoadError> {
    let (file, bytes) = bytes(path)?;
    crate::read(&file, &bytes).map_err(LoadError::Faults)
}

/// Reads what a policy file says of modules.
pub fn load_modules(path: &Path) -> Result<ModulesTerms, LoadError> {
    let (file, bytes) = bytes(path)?;
    crate::read_modules(&file, &bytes).map_err(LoadError::Faults)
}

/// Reads test cases from a file.
pub fn load_cases(path: &Path) -> Result<Vec<Case>, LoadError> {
    let (file, bytes) = bytes(path)?;
    cases::read_cases(&file, &bytes).map_err(LoadError::Faults)
}

fn bytes(path: &Path) -> Result<(String, Vec<u8>), LoadError> {
    let file = shown(path);
    let mut bytes = Vec::new();
    // One more than the limit, so that a larger file is told from one that fits.
    let limit = u64::try_from(BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let read = File::open(path).and_then(|opened| opened.take(limit).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok((file, bytes)),
        Err(source) => Err(LoadError::Io { file, source }),
    }
}

/// A path as it may be told to anybody: a URL that was taken for one can hold a password, so only its scheme is.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    match text.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://…"),
        None => text,
    }
}

/// The text of a file, without a byte order mark.
pub(crate) fn text<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, Faults> {
    let refuse = |at: usize, text: &str, message: String, help: &str| {
        let mut faults = Collector::default();
        faults.add(&(at..at), Problem::new(&READ, message, help));
        faults.finish(file, text).map_or(Ok(""), Err)
    };
    if bytes.len() > BYTES_MAX {
        let message = format!("the file has more than {BYTES_MAX} bytes");
        return refuse(0, "", message, "A policy is a page or two: put rules together.");
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let good = String::from_utf8_lossy(good).into_owned();
            refuse(
                good.len(),
                &good,
                "the file is not UTF-8".to_owned(),
                "Save it as UTF-8.",
            )
        }
    }
}
