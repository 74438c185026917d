//! What became of the checks of a configuration.

use std::borrow::Cow;

use super::CheckResult;
use crate::error::ReadError;
use crate::json::Cursor;

pub(super) fn checks<'t>(cursor: &mut Cursor<'t>) -> Result<Vec<CheckResult<'t>>, ReadError> {
    let mut checks = Vec::new();
    if !cursor.array("checks")? {
        return Ok(checks);
    }
    while cursor.element()? {
        cursor.record()?;
        let mut found = CheckResult {
            kind: Cow::Borrowed(""),
            address: Cow::Borrowed(""),
            status: Cow::Borrowed("unknown"),
        };
        if cursor.object("check")? {
            while let Some(key) = cursor.key()? {
                match &*key {
                    "status" => found.status = cursor.string("status")?.unwrap_or_default(),
                    "address" => check_address(cursor, &mut found)?,
                    _ => {
                        cursor.skip()?;
                    }
                }
            }
        }
        checks.push(found);
    }
    Ok(checks)
}

fn check_address<'t>(cursor: &mut Cursor<'t>, check: &mut CheckResult<'t>) -> Result<(), ReadError> {
    if cursor.object("address")? {
        while let Some(key) = cursor.key()? {
            match &*key {
                "kind" => check.kind = cursor.string("kind")?.unwrap_or_default(),
                "to_display" => check.address = cursor.string("to_display")?.unwrap_or_default(),
                _ => {
                    cursor.skip()?;
                }
            }
        }
    }
    Ok(())
}
