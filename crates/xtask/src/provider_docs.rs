//! Pages of the provider in the registry's layout.
use crate::generate::Files;
use anyhow::Result;
use std::path::Path;
pub(crate) fn generate(_root: &Path, _provider: &Path) -> Result<Files> {
    Ok(Files::new())
}
