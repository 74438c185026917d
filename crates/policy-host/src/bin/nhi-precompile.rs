//! Compiles a policy component for embedding: `nhi-precompile IN.wasm OUT.cwasm`. Part of the build, not of the product.

#![expect(clippy::print_stderr, reason = "a build tool talks to the person who builds")]

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// Compiles from standard input to standard output, under limits of its own.
const CHILD: &str = "--child";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if arguments == [CHILD] {
        let (input, output) = (std::io::stdin().lock(), std::io::stdout().lock());
        return match nhi_policy_host::compile_child(input, output) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
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
