//! The JSON Schema of the policy file and its reference, as `nhi policy schema` prints them.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::generate::Files;
use crate::shell::Run;

/// Where each is kept, and how it is printed.
const FILES: [(&str, &str); 2] = [
    ("docs/reference/policy-file.md", "markdown"),
    ("docs/schemas/policy-file-v1.schema.json", "json"),
];

pub(crate) fn generate(nhi: &Path) -> Result<Files> {
    let mut files = Files::new();
    for (path, format) in FILES {
        let output = Run::new(nhi).args(["policy", "schema", "--format", format]).output()?;
        files.insert(PathBuf::from(path), String::from_utf8(output.stdout)?);
    }
    Ok(files)
}
