//! The core's side of the protocol, for tests: starts a provider and speaks to it as Terraform and OpenTofu do.
//!
//! It can also be a client that no core is: one with another certificate, with none, with a stolen one. A test of the
//! refusals is worth nothing without a client that is able to try.

mod calls;
mod connect;
mod identity;
mod launch;

pub use calls::{received, sent};
pub use connect::{Tls, channel, dial};
pub use identity::Identity;
pub use launch::{Ended, Launcher, Plugin, handshake};

/// What went wrong between the test and the provider.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The provider's process could not be started or spoken to.
    #[error("{0}: {1}")]
    Io(&'static str, #[source] std::io::Error),
    /// The provider did not do in time what it should.
    #[error("the provider did not {0} in time")]
    TooSlow(&'static str),
    /// The provider ended, or printed something else, where a handshake line was due.
    #[error("no handshake but `{line}`; stderr: {stderr}")]
    NoHandshake {
        /// What it printed.
        line: String,
        /// What it said about it.
        stderr: String,
    },
    /// A certificate could not be made.
    #[error("make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// TLS could not be set up.
    #[error("set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The connection could not be made.
    #[error("connect: {0}")]
    Connect(#[from] tonic::transport::Error),
    /// A call failed.
    #[error("call: {0}")]
    Call(Box<tonic::Status>),
}

impl From<tonic::Status> for ClientError {
    fn from(status: tonic::Status) -> Self {
        Self::Call(Box::new(status))
    }
}
