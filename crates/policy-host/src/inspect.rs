//! Looks at a module's bytes before the engine does: what it is, what it imports, how big it is inside.
//!
//! The engine would refuse the same modules, but not say what to do.

use wasmparser::{Encoding, KnownCustom, Parser, Payload};

use crate::limits::HostLimits;
use crate::{HostError, HostErrorKind};

/// The export that makes a component a policy module, without its version.
const CONTRACT: &str = "nhi:policy/policy@";
/// The version that this host speaks: minor and patch releases only add.
const MAJOR: &str = "1.";

/// What the bytes say of themselves.
#[derive(Debug, Default)]
struct Facts {
    imports: Vec<String>,
    exports: Vec<String>,
    producers: Vec<String>,
    functions: usize,
}

/// Refuses what cannot be a policy module, with the fix.
pub(crate) fn inspect(name: &str, bytes: &[u8], limits: &HostLimits) -> Result<(), HostError> {
    if bytes.len() > limits.module_bytes {
        let message = format!(
            "{} bytes are more than the {} that a module may have",
            bytes.len(),
            limits.module_bytes
        );
        return Err(HostError::new(name, HostErrorKind::TooBig, message));
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(not_wasm(name, bytes));
    }
    let facts = read(name, bytes, limits)?;
    if !facts.imports.is_empty() {
        return Err(imports(name, &facts));
    }
    exports(name, &facts)
}

fn not_wasm(name: &str, bytes: &[u8]) -> HostError {
    let text = bytes.trim_ascii_start();
    let message = "not a WebAssembly binary";
    let error = HostError::new(name, HostErrorKind::Malformed, message);
    if text.starts_with(b"(component") || text.starts_with(b"(module") {
        return error.help("translate the text to a binary: `wasm-tools parse module.wat -o module.wasm`");
    }
    error
}

fn read(name: &str, bytes: &[u8], limits: &HostLimits) -> Result<Facts, HostError> {
    let malformed = |error: wasmparser::BinaryReaderError| {
        let message = format!("damaged at byte {}: {}", error.offset(), error.message());
        HostError::new(name, HostErrorKind::Malformed, message)
    };
    let mut facts = Facts::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(malformed)? {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if depth == 0 => {
                return Err(HostError::new(
                    name,
                    HostErrorKind::CoreModule,
                    "a core module, not a component",
                ));
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    facts.imports.push(import.map_err(malformed)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    facts.exports.push(export.map_err(malformed)?.name.name.to_owned());
                }
            }
            Payload::CodeSectionStart { count, .. } => {
                facts.functions = facts
                    .functions
                    .saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
                within(name, "functions", facts.functions, limits.module_functions)?;
            }
            Payload::CodeSectionEntry(body) => {
                within(name, "bytes in one function", body.range().len(), limits.function_bytes)?;
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Producers(producers) = section.as_known() {
                    facts.producers.extend(names(producers));
                }
            }
            _ => {}
        }
    }
    Ok(facts)
}

fn within(name: &str, what: &str, count: usize, limit: usize) -> Result<(), HostError> {
    if count <= limit {
        return Ok(());
    }
    let message = format!("{count} {what} are more than the {limit} that a module may have");
    Err(HostError::new(name, HostErrorKind::TooBig, message))
}

/// The tools that made the module. The section is only a hint for the help text, so damage in it is no error.
fn names(producers: wasmparser::ProducersSectionReader<'_>) -> Vec<String> {
    producers
        .into_iter()
        .flatten()
        .flat_map(|field| field.values.into_iter().flatten())
        .map(|value| value.name.to_owned())
        .collect()
}

#[cold]
fn imports(name: &str, facts: &Facts) -> HostError {
    let list = facts
        .imports
        .iter()
        .map(|import| format!("`{}`", crate::error::quote(import)))
        .collect::<Vec<_>>()
        .join(", ");
    let made_by = |tool: &str| {
        facts
            .producers
            .iter()
            .any(|producer| producer.eq_ignore_ascii_case(tool))
    };
    let help = if made_by("componentize-py") {
        "built by componentize-py: rebuild with `--stub-wasi`"
    } else if made_by("ComponentizeJS") || made_by("componentize-js") || made_by("StarlingMonkey") {
        "built by componentize-js: rebuild with `--disable all`"
    } else if facts.imports.iter().any(|import| import.starts_with("wasi:")) && made_by("rustc") {
        "built from Rust with WASI: rebuild with `--target wasm32-unknown-unknown`"
    } else {
        HostErrorKind::Imports.help()
    };
    HostError::new(
        name,
        HostErrorKind::Imports,
        format!("imports {list}, and a policy module may import nothing"),
    )
    .help(help)
}

fn exports(name: &str, facts: &Facts) -> Result<(), HostError> {
    let versions: Vec<&str> = facts
        .exports
        .iter()
        .filter_map(|export| export.strip_prefix(CONTRACT))
        .collect();
    if versions.iter().any(|version| version.starts_with(MAJOR)) {
        return Ok(());
    }
    let Some(version) = versions.first() else {
        return Err(HostError::new(
            name,
            HostErrorKind::Exports,
            "does not export `nhi:policy/policy`",
        ));
    };
    let message = format!(
        "speaks version {} of the contract, this host speaks {MAJOR}x",
        crate::error::quote(version)
    );
    Err(HostError::new(name, HostErrorKind::Exports, message))
}
