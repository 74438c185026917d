//! Random numbers from the operating system.

use std::fs::File;
use std::io::Read as _;

use crate::RegistryError;

const SOURCE: &str = "/dev/urandom";

/// A number that nobody can guess.
pub(crate) fn number() -> Result<u128, RegistryError> {
    let mut bytes = [0; 16];
    let read = File::open(SOURCE).and_then(|mut source| source.read_exact(&mut bytes));
    read.map_err(|source| RegistryError::Io {
        what: "read from",
        path: SOURCE.into(),
        source,
    })?;
    Ok(u128::from_be_bytes(bytes))
}
