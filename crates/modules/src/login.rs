//! How a registry is spoken to, and who asks: the caller's name and password, or what `docker login` keeps.

use std::fmt;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use nhi_governance::Problem;
use zeroize::Zeroizing;

use crate::code::REGISTRY;

/// How a registry is spoken to.
#[derive(Debug, Default)]
pub struct Access {
    /// Without TLS, whichever machine it is. No credentials are sent to another machine then.
    pub plain_http: bool,
    /// Instead of what `docker login` keeps.
    pub login: Option<Login>,
}

/// Who named a registry, which decides whether it is told the caller's name and password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// Whoever typed the command.
    CommandLine,
    /// A file, which a change under review may have written: only a registry that the caller names as well is told.
    File,
}

/// Name and password for a registry.
pub struct Login {
    /// The name.
    pub name: String,
    /// The password, or a token in its place.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

pub(crate) enum Credentials {
    None,
    Basic(Zeroizing<String>),
    /// What stands for name and password where tokens are given.
    Identity(Zeroizing<String>),
}

impl Credentials {
    /// Those of the caller, or what `docker login` has kept; nobody's where it has kept nothing.
    pub(crate) fn of(registry: &str, login: Option<Login>) -> Result<Self, Problem> {
        let basic = |name: &str, password: &Zeroizing<String>| {
            Self::Basic(Zeroizing::new(format!("{name}:{}", password.as_str())))
        };
        if let Some(login) = login {
            return Ok(basic(&login.name, &login.password));
        }
        match docker_credential::get_credential(registry) {
            Ok(DockerCredential::UsernamePassword(name, password)) => Ok(basic(&name, &Zeroizing::new(password))),
            Ok(DockerCredential::IdentityToken(token)) => Ok(Self::Identity(Zeroizing::new(token))),
            Err(
                CredentialRetrievalError::ConfigNotFound
                | CredentialRetrievalError::NoCredentialConfigured
                | CredentialRetrievalError::ConfigReadError,
            ) => Ok(Self::None),
            Err(_) => Err(Problem::new(
                &REGISTRY,
                format!("the credentials for `{registry}` cannot be read"),
                format!("Log in again with `docker login {registry}`."),
            )),
        }
    }
}
