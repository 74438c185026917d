//! s
use nhi_plan::Change;
/// x
pub fn decode_line(_line: &str) -> Result<Change<'static>, String> { Err(String::new()) }
