//! The executable that Terraform and OpenTofu start: handshake and serve, nothing else.
//!
//! Started by hand it answers `--version`, `schema` (the schemas as JSON, from which the documents are generated) and
//! `--debug` (serve for a debugger).

mod actions;
mod anchor;
mod data_sources;
#[cfg(debug_assertions)]
mod failpoint;
mod functions;
mod governed;
mod kind_resource;
mod list_resources;
mod provider;
mod report;
mod resources;
mod schemas;
mod spelling;
mod values;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use nhi_registry::Actor;
use tfplugin::ServeOptions;

use crate::governed::Governed;
use crate::provider::Nhi;

/// Where a registry would publish the provider; its last part names it in logs.
const ADDRESS: &str = "registry.terraform.io/nhi/nhi";
const USAGE: &str = "usage: terraform-provider-nhi [--version | schema | --debug]\n\
                     Terraform and OpenTofu start it without arguments.\n";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => serve(false),
        ["--debug"] => serve(true),
        ["--version"] => say(concat!("terraform-provider-nhi ", env!("CARGO_PKG_VERSION"), "\n")),
        ["schema"] => say(&format!("{:#}\n", schemas::json(ADDRESS))),
        _ => {
            let _ = std::io::stderr().lock().write_all(USAGE.as_bytes());
            ExitCode::from(2)
        }
    }
}

fn serve(debug: bool) -> ExitCode {
    let governed = Arc::new(Governed::new(Actor::from_surroundings()));
    let options = ServeOptions::new(ADDRESS).debug(debug).on_shutdown({
        let governed = Arc::clone(&governed);
        // The core has every answer: what this process created is known to it, and is no longer to be adopted.
        move || governed::blocking(governed, Governed::confirm_created)
    });
    tfplugin::serve(Nhi::new(governed), options)
}

fn say(text: &str) -> ExitCode {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has read enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
