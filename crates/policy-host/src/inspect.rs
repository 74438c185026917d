//! Looks at a module's bytes before the engine does: what it is, what it imports, how big it is inside.
//!
//! The engine would refuse the same modules, but not say what to do; and what makes a compiler slow is cheap to count.

mod body;
pub(crate) mod kept;

use wasmparser::{Encoding, KnownCustom, Parser, Payload};

use crate::limits::{HostLimits, INSTANCES, NESTED_COMPONENTS};
use crate::{HostError, HostErrorKind};

/// The export that makes a component a policy module, without its version.
const CONTRACT: &str = "nhi:policy/policy@";
/// The custom section that names the version of the contract.
pub const ABI_SECTION: &str = "nhi-policy-abi";
/// The major versions of the contract that this host speaks: minor and patch releases only add.
const MAJORS: [&str; 1] = ["1"];
/// Where `cargo auditable` puts the list of dependencies.
const DEPENDENCIES_SECTION: &str = ".dep-v0";

/// What a module's bytes say of themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Bytes of the file.
    pub bytes: usize,
    /// The version of the contract that the module names.
    pub abi: Option<String>,
    /// What it imports; a policy module imports nothing.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
    /// Which tools made it, with their versions.
    pub producers: Vec<(String, String)>,
    /// Functions of all core modules.
    pub functions: usize,
    /// Data segments of all core modules.
    pub data_segments: usize,
    /// The list of dependencies as `cargo auditable` wrote it: JSON, compressed with zlib.
    pub dependencies: Option<Vec<u8>>,
    /// Core modules inside.
    pub core_modules: usize,
}

/// Refuses what cannot be a policy module, with the fix.
pub(crate) fn inspect(name: &str, bytes: &[u8], limits: &HostLimits) -> Result<Facts, HostError> {
    let facts = facts(name, bytes, limits)?;
    if !facts.imports.is_empty() {
        return Err(imports(name, &facts));
    }
    let exported = exports(name, &facts)?;
    abi(name, &facts, exported)?;
    Ok(facts)
}

/// Reads what a component says of itself, also of one that imports something; within the limits.
pub fn facts(name: &str, bytes: &[u8], limits: &HostLimits) -> Result<Facts, HostError> {
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
    read(name, bytes, limits)
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
    let mut facts = Facts {
        bytes: bytes.len(),
        ..Facts::default()
    };
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
            Payload::ModuleSection { .. } => {
                facts.core_modules += 1;
                depth += 1;
                within(name, "core modules", facts.core_modules, INSTANCES)?;
            }
            Payload::ComponentSection { .. } => {
                depth += 1;
                within(name, "levels of components", depth, NESTED_COMPONENTS)?;
            }
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
            Payload::DataSection(section) => {
                facts.data_segments = facts.data_segments.saturating_add(count(section.count()));
                within(name, "data segments", facts.data_segments, limits.data_segments)?;
            }
            Payload::CodeSectionStart { count: functions, .. } => {
                facts.functions = facts.functions.saturating_add(count(functions));
                within(name, "functions", facts.functions, limits.module_functions)?;
            }
            Payload::CodeSectionEntry(body) => {
                within(name, "bytes in one function", body.range().len(), limits.function_bytes)?;
                function(name, limits, body::measure(&body).map_err(malformed)?)?;
            }
            Payload::CustomSection(section) => custom(&mut facts, &section, depth),
            _ => {}
        }
    }
    Ok(facts)
}

fn function(name: &str, limits: &HostLimits, shape: body::Shape) -> Result<(), HostError> {
    let counts = [
        ("locals in one function", shape.locals, limits.function_locals),
        ("levels of blocks in one function", shape.depth, limits.function_depth),
        ("branch targets in one function", shape.targets, limits.function_targets),
    ];
    counts
        .into_iter()
        .try_for_each(|(what, count, limit)| within(name, what, count, limit))
}

/// Custom sections are hints, so damage in one is no error: what it says is then not known.
fn custom(facts: &mut Facts, section: &wasmparser::CustomSectionReader<'_>, depth: usize) {
    match section.name() {
        // Only the component itself speaks for itself: what it is made of may be of another time.
        ABI_SECTION if depth == 0 => facts.abi = String::from_utf8(section.data().to_vec()).ok(),
        DEPENDENCIES_SECTION => facts.dependencies = Some(section.data().to_vec()),
        _ => {}
    }
    if let KnownCustom::Producers(producers) = section.as_known() {
        for (name, version) in names(producers) {
            if !facts.producers.iter().any(|(known, _)| *known == name) {
                facts.producers.push((name, version));
            }
        }
    }
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn within(name: &str, what: &str, count: usize, limit: usize) -> Result<(), HostError> {
    if count <= limit {
        return Ok(());
    }
    let message = format!("{count} {what} are more than the {limit} that a module may have");
    Err(HostError::new(name, HostErrorKind::TooBig, message))
}

/// The tools that made the module.
fn names(producers: wasmparser::ProducersSectionReader<'_>) -> Vec<(String, String)> {
    producers
        .into_iter()
        .flatten()
        .flat_map(|field| field.values.into_iter().flatten())
        .map(|value| (value.name.to_owned(), value.version.to_owned()))
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
    let made_by = |tool: &str| facts.producers.iter().any(|(name, _)| name.eq_ignore_ascii_case(tool));
    let help = if made_by("componentize-py") {
        "built by componentize-py: rebuild with `--stub-wasi`"
    } else if made_by("ComponentizeJS") || made_by("componentize-js") || made_by("StarlingMonkey") {
        "built by componentize-js: rebuild with `--disable stdio random clocks http fetch-event`"
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

/// The version of the contract that is exported, if this host speaks it.
fn exports<'f>(name: &str, facts: &'f Facts) -> Result<&'f str, HostError> {
    let versions: Vec<&str> = facts
        .exports
        .iter()
        .filter_map(|export| export.strip_prefix(CONTRACT))
        .collect();
    if let Some(version) = versions.iter().find(|version| speaks(version)) {
        return Ok(version);
    }
    let Some(version) = versions.first() else {
        return Err(HostError::new(
            name,
            HostErrorKind::Exports,
            "does not export `nhi:policy/policy`",
        ));
    };
    let message = format!(
        "speaks version {} of the contract, this host speaks {}.x",
        crate::error::quote(version),
        MAJORS.join(".x, ")
    );
    Err(HostError::new(name, HostErrorKind::Exports, message))
}

fn speaks(version: &str) -> bool {
    version
        .split_once('.')
        .is_some_and(|(major, _)| MAJORS.contains(&major))
}

/// The version that the module names must be the one that it exports.
fn abi(name: &str, facts: &Facts, exported: &str) -> Result<(), HostError> {
    let wrong = |message: String| Err(HostError::new(name, HostErrorKind::Abi, message));
    match facts.abi.as_deref() {
        None => wrong(format!(
            "has no section `{ABI_SECTION}`, which names the version of the contract"
        )),
        Some(named) if named != exported => wrong(format!(
            "names version {} of the contract and exports version {}",
            crate::error::quote(named),
            crate::error::quote(exported)
        )),
        Some(_) => Ok(()),
    }
}
