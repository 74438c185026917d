//! A file of waivers, in HCL or JSON.

use std::path::Path;

use serde::Deserialize;

use super::{Target, Waiver, end_of};
use crate::exit::Failure;
use crate::input;
use crate::report::Waived;

/// Bytes of a file.
const BYTES_MAX: u64 = 4 << 20;

const HELP: &str = "write for each waiver: rule, address, reason, owner and expires = \"YYYY-MM-DD\"; \
                    attribute and value_sha256 may be added";

/// One waiver as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    rule: String,
    address: String,
    attribute: Option<String>,
    value_sha256: Option<String>,
    reason: String,
    owner: String,
    expires: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonFile {
    waivers: Vec<Written>,
}

/// Reads a file; `*.json` is JSON, anything else HCL.
pub(super) fn read(path: &Path) -> Result<Vec<Waiver>, Failure> {
    let shown = path.display().to_string();
    let wrong = |why: String| Failure::usage(format!("the waivers in `{shown}` {why}")).help(HELP);
    let bytes = input::read_file(path, BYTES_MAX)
        .map_err(|error| wrong(format!("cannot be read: {error}")))?
        .ok_or_else(|| wrong(format!("have more than {BYTES_MAX} bytes")))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("are not UTF-8".to_owned()))?;
    let is_json = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let written =
        if is_json { json(&text) } else { hcl(&text) }.map_err(|why| wrong(format!("cannot be read: {why}")))?;
    written
        .into_iter()
        .enumerate()
        .map(|(position, written)| {
            let place = format!("{shown}, waiver {}", position + 1);
            waiver(written, place).map_err(&wrong)
        })
        .collect()
}

fn json(text: &str) -> Result<Vec<Written>, String> {
    serde_json::from_str::<JsonFile>(text)
        .map(|file| file.waivers)
        .map_err(|error| error.to_string())
}

fn hcl(text: &str) -> Result<Vec<Written>, String> {
    let body = hcl::parse(text).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    for structure in body {
        let hcl::Structure::Block(block) = structure else {
            return Err("there is an attribute outside of a `waiver` block".to_owned());
        };
        let position = found.len() + 1;
        if block.identifier() != "waiver" || !block.labels().is_empty() {
            return Err(format!("block {position} is not `waiver {{ … }}`"));
        }
        let written = hcl::from_body(block.body).map_err(|error| format!("waiver {position}: {error}"))?;
        found.push(written);
    }
    Ok(found)
}

fn waiver(written: Written, place: String) -> Result<Waiver, String> {
    for (name, text) in [
        ("rule", &written.rule),
        ("address", &written.address),
        ("reason", &written.reason),
        ("owner", &written.owner),
    ] {
        if text.trim().is_empty() {
            return Err(format!("say nothing in `{name}` ({place})"));
        }
    }
    let is_digest = |text: &String| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if written.value_sha256.as_ref().is_some_and(|text| !is_digest(text)) {
        return Err(format!(
            "have a `value_sha256` that is not 64 hexadecimal digits ({place})"
        ));
    }
    let ends = end_of(&written.expires)
        .ok_or_else(|| format!("have `expires = \"{}\"`, which is not a day ({place})", written.expires))?;
    Ok(Waiver {
        rule: written.rule,
        target: Target::Address {
            address: written.address,
            path: written.attribute,
        },
        value_sha256: written.value_sha256.map(|text| text.to_ascii_lowercase()),
        waived: Waived {
            reason: written.reason,
            owner: written.owner,
            expires: written.expires,
            place,
        },
        ends,
        on_record: false,
    })
}
