//! The registry as commands reach it: by its path or URL, for reading, and never created by asking.

use nhi_governance::Policy;
use nhi_registry::{Access, Location, Options, Registry, RegistryError};

use crate::exit::Failure;

/// Where the registry is.
#[derive(Debug, Clone, clap::Args)]
// Clap would name its group `Args`, as it does those of the commands it is flattened into.
#[group(skip)]
pub(crate) struct Args {
    /// What the provider writes to: a file, or `postgres://user@host/database`
    #[arg(
        long,
        global = true,
        value_name = "PATH|URL",
        env = "NHI_REGISTRY",
        default_value = "nhi-registry.db",
        hide_env_values = true,
        value_hint = clap::ValueHint::FilePath
    )]
    pub(crate) registry: String,
}

impl Args {
    /// Where it is.
    pub(crate) fn location(&self) -> Result<Location, Failure> {
        location(&self.registry)
    }

    /// Opens it for reading.
    pub(crate) fn open(&self) -> Result<Box<dyn Registry>, Failure> {
        self.open_for(Access::Read)
    }

    /// Opens it for what is meant.
    pub(crate) fn open_for(&self, access: Access) -> Result<Box<dyn Registry>, Failure> {
        self.open_under(access, Policy::default())
    }

    /// Opens it to take something away: where it cannot be written, to read of what.
    pub(crate) fn open_to_take(&self) -> Result<Box<dyn Registry>, Failure> {
        let opened = self.open_for(Access::Write);
        opened.or_else(|failure| self.open().map_err(|_| failure))
    }

    /// Opens it for changes that the organisation's policy judges.
    pub(crate) fn open_under(&self, access: Access, policy: Policy) -> Result<Box<dyn Registry>, Failure> {
        let options = Options {
            policy: policy.into(),
            ..Options::default()
        };
        nhi_registry::open(&self.location()?, access, options).map_err(|error| failure(&error))
    }
}

/// The place that a text names.
pub(crate) fn location(text: &str) -> Result<Location, Failure> {
    Location::parse(text).map_err(|error| failure(&error))
}

/// The answer could not be had.
pub(crate) fn failure(error: &RegistryError) -> Failure {
    Failure::undecided(format!("{}: {error}", error.code())).help(error.help())
}
