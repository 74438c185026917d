//! Where a registry is, and how it is opened whatever keeps it.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::options::Options;
use crate::postgres::{PostgresRegistry, Target, is_url};
use crate::transaction::Backend;
use crate::{Registry, RegistryError, SqliteRegistry};

/// Where a registry is. Neither form of its text shows a password.
#[derive(Debug, Clone)]
pub struct Location(Place);

#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    Server(Box<Target>),
}

/// What a registry is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To write, and to create it where there is none.
    Create,
    /// To write to one that exists.
    Write,
    /// To read one that exists.
    Read,
}

impl Location {
    /// The path of a file, or a URL `postgres://…`. What a URL leaves out of the password is read from `PGPASSWORD` or
    /// from a password file.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        if is_url(text) {
            return Ok(Self(Place::Server(Box::new(Target::parse(text)?))));
        }
        if let Some((scheme, _)) = text.split_once("://") {
            let scheme: String = scheme.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
            return Err(RegistryError::BadUrl(format!(
                "a registry at `{scheme}://` is not supported"
            )));
        }
        Ok(Self::file(Path::new(text)))
    }

    /// A file, whatever its path looks like.
    pub fn file(path: &Path) -> Self {
        Self(Place::File(path.to_owned()))
    }

    /// The path, where it is a file.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Place::File(path) => Some(path),
            Place::Server(_) => None,
        }
    }

    /// Refuses a file that is not there; a server is asked when it is opened. A file that cannot be looked at is not
    /// one that is missing: every identity would be planned anew.
    pub fn refuse_missing_file(&self) -> Result<(), RegistryError> {
        let Some(path) = self.path() else { return Ok(()) };
        match path.try_exists() {
            Ok(true) => Ok(()),
            Ok(false) => Err(RegistryError::Missing(path.display().to_string())),
            Err(source) => Err(RegistryError::Io {
                what: "look at",
                path: path.to_owned(),
                source,
            }),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::File(path) => write!(f, "{}", path.display()),
            Place::Server(target) => write!(f, "{target}"),
        }
    }
}

/// Opens a registry. One that is not there is [`RegistryError::Missing`] unless it is to be created.
pub fn open(location: &Location, access: Access, options: Options) -> Result<Box<dyn Registry>, RegistryError> {
    Ok(backend(location, access, options)?)
}

/// The same, with its backend's own calls.
pub(crate) fn backend(
    location: &Location,
    access: Access,
    options: Options,
) -> Result<Box<dyn Backend>, RegistryError> {
    match (&location.0, access) {
        (Place::File(path), Access::Create) => Ok(Box::new(SqliteRegistry::open_with(path, options)?)),
        (Place::File(path), Access::Write) => {
            location.refuse_missing_file()?;
            Ok(Box::new(SqliteRegistry::open_with(path, options)?))
        }
        (Place::File(path), Access::Read) => Ok(Box::new(SqliteRegistry::open_read_only_with(path, options)?)),
        (Place::Server(target), Access::Create) => {
            Ok(Box::new(PostgresRegistry::create(Target::clone(target), options)?))
        }
        (Place::Server(target), Access::Write) => Ok(Box::new(PostgresRegistry::open(Target::clone(target), options)?)),
        (Place::Server(target), Access::Read) => Ok(Box::new(PostgresRegistry::open_read_only(
            Target::clone(target),
            options,
        )?)),
    }
}
