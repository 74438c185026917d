//! The registry as commands reach it: by its path, for reading, and never created by asking.

use std::path::PathBuf;

use nhi_registry::{RegistryError, SqliteRegistry};

use crate::exit::Failure;

/// Where the registry is.
#[derive(Debug, Clone, clap::Args)]
// Clap would name its group `Args`, as it does those of the commands it is flattened into.
#[group(skip)]
pub(crate) struct Args {
    /// The file that the provider writes
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "NHI_REGISTRY",
        default_value = "nhi-registry.db",
        value_hint = clap::ValueHint::FilePath
    )]
    pub(crate) registry: PathBuf,
}

impl Args {
    /// Opens it for reading.
    pub(crate) fn open(&self) -> Result<SqliteRegistry, Failure> {
        SqliteRegistry::open_read_only(&self.registry).map_err(|error| failure(&error))
    }
}

/// The answer could not be had.
pub(crate) fn failure(error: &RegistryError) -> Failure {
    Failure::undecided(format!("{}: {error}", error.code())).help(error.help())
}
