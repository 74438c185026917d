//! Where a module comes from.

use std::fmt;

use nhi_governance::Problem;

use crate::code::{VALUE, quote};

const HELP: &str = "Write a repository of a registry, `oci://registry.example/team/rules`, or a file, `./rules.wasm`.";

/// Where a module comes from: a repository of an OCI registry, or a file beside the policy file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// `oci://registry.example:5000/team/rules`; the version becomes the tag.
    Oci {
        /// Host and port.
        registry: String,
        /// The repository, in lower case.
        repository: String,
    },
    /// `./rules.wasm`, relative to the policy file's folder, or an absolute path.
    File(String),
}

impl Source {
    /// Reads a source. Neither a tag nor a digest belongs to it: the version names the one, the lock file the other.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        // What stands before an `@` may be a password.
        let shown = if text.contains('@') {
            "this text".to_owned()
        } else {
            quote(text)
        };
        let wrong = |why: &str| Problem::new(&VALUE, format!("{shown} {why}"), HELP);
        if text.len() > 512 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(wrong("is not a source of a module"));
        }
        if let Some(rest) = text.strip_prefix("oci://") {
            let (registry, repository) = rest.split_once('/').ok_or_else(|| wrong("names no repository"))?;
            if repository.contains('@') || repository.contains(':') {
                return Err(wrong(
                    "holds a tag or a digest, which the version and the lock file say",
                ));
            }
            if !is_host(registry) || !is_repository(repository) {
                return Err(wrong("is not a repository of a registry"));
            }
            return Ok(Self::Oci {
                registry: registry.to_owned(),
                repository: repository.to_owned(),
            });
        }
        let is_path = ["./", "../", "/"].iter().any(|start| text.starts_with(start));
        let is_module = std::path::Path::new(text)
            .extension()
            .is_some_and(|extension| extension == "wasm");
        if is_path && is_module && !text.contains('\\') {
            return Ok(Self::File(text.to_owned()));
        }
        Err(wrong("is not a source of a module"))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Oci { registry, repository } => write!(f, "oci://{registry}/{repository}"),
            Self::File(path) => f.write_str(path),
        }
    }
}

/// A host name, an IPv4 address or `[::1]`, with or without a port.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_name = !host.is_empty()
        && host.split('.').all(|label| {
            let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            !label.is_empty() && inner && !label.starts_with('-') && !label.ends_with('-')
        });
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_v6 = bracketed.is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok());
    let is_port = port.is_none_or(|port| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok());
    (is_name || is_v6) && is_port
}

/// A repository's name by the grammar of the OCI distribution specification, 1.1, "Pulling manifests":
/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*`.
fn is_repository(text: &str) -> bool {
    let is_component = |component: &str| {
        let mut separator = String::new();
        let mut is_good = !component.is_empty();
        for c in component.chars() {
            if c.is_ascii_lowercase() || c.is_ascii_digit() {
                is_good &= matches!(separator.as_str(), "" | "." | "_" | "__") || separator.bytes().all(|b| b == b'-');
                separator.clear();
            } else {
                separator.push(c);
            }
        }
        let starts_well = component.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        is_good && starts_well && separator.is_empty()
    };
    text.len() <= 255 && text.split('/').all(is_component)
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn sources_are_read_and_written_alike() {
        for text in [
            "oci://registry.example/team/rules",
            "oci://localhost:5000/rules",
            "oci://127.0.0.1:5000/a/b__c/d--e.f_g",
            "oci://[::1]:5000/rules",
            "./rules.wasm",
            "../policy/rules.wasm",
            "/srv/policy/rules.wasm",
        ] {
            assert_eq!(Source::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_source_is_refused() {
        for text in [
            "",
            "rules.wasm",
            "./rules.tar",
            "https://registry.example/rules.wasm",
            "oci://registry.example",
            "oci://registry.example/",
            "oci://registry.example/Team/rules",
            "oci://registry.example/team//rules",
            "oci://registry.example/team/../rules",
            "oci://registry.example/rules:1.0.0",
            "oci://registry.example/rules@sha256:00",
            "oci://user:password@registry.example/rules",
            "oci://registry.example:99999/rules",
            "oci://-x.example/rules",
            "oci://registry.example/a___b",
            "oci://registry.example/a.-b",
            "oci://registry.example/rules\n",
            "./a b.wasm",
            "oci:///rules",
        ] {
            let problem = Source::parse(text).unwrap_err();
            assert!(!problem.message.contains("password"), "{text}");
        }
    }
}
