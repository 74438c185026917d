//! The line by which a person attaches a core to a provider started with `--debug`.

use std::path::Path;

use serde_json::json;

/// An `export` for a shell: the core never ends such a provider, and speaks to it without TLS.
pub(super) fn export(address: &str, socket: &Path) -> String {
    let providers = json!({
        address: {
            "Protocol": "grpc",
            "ProtocolVersion": 6,
            "Pid": std::process::id(),
            "Test": true,
            "Addr": { "Network": "unix", "String": socket.to_string_lossy() },
        }
    });
    // A quote would end the shell's string early.
    let providers = providers.to_string().replace('\'', r"'\''");
    format!("export TF_REATTACH_PROVIDERS='{providers}'\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_export_names_the_provider_and_survives_a_quote() {
        let line = export("registry.terraform.io/ns/name", Path::new("/tmp/it's/s"));
        let json = line
            .strip_prefix("export TF_REATTACH_PROVIDERS='")
            .unwrap()
            .strip_suffix("'\n")
            .unwrap();
        let json: serde_json::Value = serde_json::from_str(&json.replace(r"'\''", "'")).unwrap();
        let provider = &json["registry.terraform.io/ns/name"];
        assert_eq!(provider["Addr"]["String"], "/tmp/it's/s");
        assert_eq!(provider["ProtocolVersion"], 6);
        assert_eq!(provider["Test"], true);
    }
}
