//! Compiles a policy component for embedding: `nhi-precompile IN.wasm OUT.cwasm`. Part of the build, not of the product.

#![expect(clippy::print_stderr, reason = "a build tool talks to the person who builds")]

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [input, output] = arguments.as_slice() else {
        eprintln!("usage: nhi-precompile IN.wasm OUT.cwasm");
        return ExitCode::from(2);
    };
    match compile(Path::new(input), Path::new(output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("nhi-precompile: {message}");
            ExitCode::FAILURE
        }
    }
}

fn compile(input: &Path, output: &Path) -> Result<(), String> {
    let wasm = std::fs::read(input).map_err(|error| format!("reading `{}`: {error}", input.display()))?;
    let compiled = nhi_policy_host::precompile(&wasm)
        .map_err(|error| format!("`{}`: {}: {}", input.display(), error.message, error.help))?;
    std::fs::write(output, compiled).map_err(|error| format!("writing `{}`: {error}", output.display()))
}
