//! A name for a finding that stays the same from run to run, so that tools can tell old from new.
//!
//! Addresses change when code is reorganised; the object's own name and the address before a `moved` block do not.

use std::collections::HashMap;
use std::fmt::Write as _;

use nhi_plan::{Change, json, path, symbol};
use sha2::{Digest as _, Sha256};

use crate::report::Entry;

/// Bytes of the digest that are kept: far beyond chance, still short.
const BYTES: usize = 16;

/// Attributes that name an object in the world, the most telling first.
const NAMES: [&str; 4] = ["name", "user_name", "display_name", "account_id"];

/// Attributes that tell what an object without a name of its own connects.
const LINKS: [&str; 18] = [
    "arn",
    "bucket",
    "function_name",
    "group",
    "instance_name",
    "member",
    "permission_set_arn",
    "policy_arn",
    "principal_arn",
    "principal_id",
    "project",
    "repository",
    "role",
    "role_definition_name",
    "scope",
    "service_account_id",
    "user",
    "username",
];

/// What an object without a name of its own is known by in the world: what it connects.
pub(crate) fn links(change: &Change<'_>, values: json::Value<'_>) -> Option<String> {
    let links: Vec<String> = LINKS
        .iter()
        .filter(|key| !is_sensitive(change, key))
        .filter_map(|key| {
            let value = values.get(key)?.as_str()?;
            (!value.is_empty() && !symbol::has_symbols(&value)).then(|| format!("{key}={value}"))
        })
        .collect();
    (!links.is_empty()).then(|| links.join(","))
}

fn is_sensitive(change: &Change<'_>, key: &str) -> bool {
    change.sensitive_paths.iter().any(|path| path.is_empty() || path == key)
}

/// Digest of the value at a path: of the text of a string, of the JSON text without blanks for anything else.
///
/// `None` where the value is sensitive: a digest would let a short secret be guessed.
pub(crate) fn value_sha256(change: &Change<'_>, values: json::Value<'_>, at: &str) -> Option<String> {
    let is_covered = |path: &str| path.is_empty() || at.starts_with(path) || path.starts_with(at);
    if at.is_empty() || change.sensitive_paths.iter().any(|path| is_covered(path)) {
        return None;
    }
    let value = path::parse(at)?
        .iter()
        .try_fold(values, |value, segment| match segment {
            path::Segment::Key(key) => value.get(key),
            path::Segment::Index(index) => value.elements().nth(*index),
        })?;
    Some(match value.as_str() {
        Some(text) => sha256(text.as_bytes()),
        None => sha256(compact(value.raw()).as_bytes()),
    })
}

/// JSON text without the blanks between its parts.
fn compact(text: &str) -> String {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.chars()
        .filter(|c| {
            let keep = is_quoted || !c.is_ascii_whitespace();
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = is_quoted,
                '"' => is_quoted = !is_quoted,
                _ => {}
            }
            keep
        })
        .collect()
}

/// The object's own name, when it is known and not sensitive.
pub(crate) fn own_name(change: &Change<'_>, values: json::Value<'_>) -> Option<String> {
    NAMES.iter().find_map(|key| {
        let name = values.get(key)?.as_str()?;
        let is_known = !name.is_empty() && !symbol::has_symbols(&name) && !is_sensitive(change, key);
        is_known.then(|| name.into_owned())
    })
}

/// Gives every entry its fingerprint; entries that would share one are numbered in their order.
pub(crate) fn assign(entries: &mut [Entry]) {
    let mut seen: HashMap<String, u32> = HashMap::new();
    for entry in entries {
        let digest = digest(entry);
        let count = seen.entry(digest.clone()).or_default();
        *count += 1;
        entry.fingerprint = format!("{digest}:{count}");
    }
}

fn digest(entry: &Entry) -> String {
    let block = entry.block.as_ref();
    let resource_type = block.map(|block| block.resource_type.as_str()).unwrap_or_default();
    let subject = block
        .and_then(|block| block.own_name.as_deref().or(block.previous_address.as_deref()))
        .unwrap_or(&entry.address);
    let mut hasher = Sha256::new();
    for part in ["nhi-finding-1", &entry.code, resource_type, subject, &entry.path] {
        // The length keeps two neighbours from flowing into one another.
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hex(hasher.finalize().as_slice().get(..BYTES).unwrap_or_default())
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// SHA-256 of some bytes, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).as_slice())
}
