//! Terraform plugin protocol 6 for providers written in Rust.
//!
//! Two halves: the transport (handshake, mutual TLS, the life of the process) and the language (values, schemas,
//! diagnostics, the traits a provider implements).

#[cfg(not(unix))]
compile_error!("tfplugin serves on a unix socket in a private directory and has no other transport");

// The transport.
#[cfg(feature = "client")]
pub mod client;
pub mod log;
pub mod proto;
mod transport;

pub use transport::{ServeOptions, serve_service};

// The language.
pub mod codec;
pub mod diagnostic;
mod rpc;
pub mod schema;
pub mod server;
pub mod value;

pub use rpc::Adapter;

/// Serves a provider until the core ends it; the process's exit code comes back. See [`serve_service`].
pub fn serve<P: server::Provider>(provider: P, options: ServeOptions) -> std::process::ExitCode {
    serve_service(Adapter::new(provider), options)
}
