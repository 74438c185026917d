//! What a case tells a module beside the blocks: an exception on record.

use hcl::{Body, Structure};
use nhi_plan::Exception;
use serde_json::Value;

use super::cases::value;

/// An exception of a case: what is not said of it is empty, and it is in force.
pub(super) fn exception(rule: String, body: &Body) -> Result<Exception, String> {
    let mut exception = Exception {
        rule,
        address: String::new(),
        path: String::new(),
        value_sha256: String::new(),
        expires_at: "2999-12-31T00:00:00Z".to_owned(),
        attributes: Vec::new(),
    };
    for structure in body {
        let Structure::Attribute(attribute) = structure else {
            return Err("an `exception` has no blocks".to_owned());
        };
        let Value::String(text) = value(attribute.expr())? else {
            return Err(format!("`{}` of an `exception` is a text", attribute.key()));
        };
        match attribute.key() {
            "address" => exception.address = text,
            "path" => exception.path = text,
            "value_sha256" => exception.value_sha256 = text,
            "expires_at" => exception.expires_at = text,
            other => {
                return Err(format!(
                    "`{other}` of an `exception` is not known: use address, path, value_sha256, expires_at"
                ));
            }
        }
    }
    if exception.address.is_empty() {
        return Err("an `exception` needs the `address` that it is for".to_owned());
    }
    Ok(exception)
}
