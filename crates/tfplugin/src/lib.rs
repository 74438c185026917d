//! Terraform plugin protocol 6 for providers written in Rust.
//!
//! Two halves: the transport (handshake, mutual TLS, the life of the process) and the language (values, schemas,
//! diagnostics, the traits a provider implements).

#[cfg(not(unix))]
compile_error!("tfplugin serves on a unix socket in a private directory and has no other transport");

// The transport.
pub mod proto;

// The language.
