//! What a report keeps of a block: enough to name it, to find it again and to point at it.

use nhi_plan::{Change, json};

use crate::fingerprint;

/// What an entry needs to know of its block.
#[derive(Debug, Clone)]
pub(crate) struct BlockFacts {
    /// Address without instance keys.
    pub(crate) config_address: String,
    pub(crate) resource_type: String,
    pub(crate) previous_address: Option<String>,
    pub(crate) location: Option<Place>,
    /// The object's own name, which outlives the renaming of its address.
    pub(crate) own_name: Option<String>,
    /// What it is known by in the world: its own name, or what it connects.
    pub(crate) identity: Option<String>,
    sensitive_paths: Vec<String>,
}

/// A place in the source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: String,
    /// First line is 1.
    pub(crate) line: u32,
    /// First column is 1.
    pub(crate) column: u32,
    /// What stands there: one line, never of a credential.
    pub(crate) excerpt: Option<String>,
}

impl Place {
    /// Makes the file relative to another directory.
    pub(super) fn put_under(&mut self, prefix: &str) {
        let mut parts: Vec<&str> = prefix.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        for part in self.file.split('/') {
            match (part, parts.last()) {
                ("..", Some(last)) if *last != ".." => drop(parts.pop()),
                _ => parts.push(part),
            }
        }
        let root = if prefix.starts_with('/') { "/" } else { "" };
        self.file = format!("{root}{}", parts.join("/"));
    }
}

impl BlockFacts {
    /// `values` are those after the change or, of what goes, before it.
    pub(crate) fn of(change: &Change<'_>, values: Option<json::Value<'_>>) -> Self {
        let own_name = values.and_then(|values| fingerprint::own_name(change, values));
        let links = || fingerprint::links(change, values?);
        Self {
            config_address: change.config_address.to_string(),
            resource_type: change.resource_type.to_string(),
            previous_address: change.previous_address.as_ref().map(ToString::to_string),
            location: change.location.as_ref().map(|at| Place {
                file: at.file.to_string(),
                line: at.line,
                column: at.column,
                excerpt: None,
            }),
            identity: own_name.clone().or_else(links),
            own_name,
            sensitive_paths: change.sensitive_paths.iter().map(ToString::to_string).collect(),
        }
    }

    /// Whether something at, in or around this path is sensitive.
    pub(crate) fn is_sensitive(&self, at: &str) -> bool {
        self.sensitive_paths
            .iter()
            .any(|path| at.starts_with(path.as_str()) || path.starts_with(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_put_in_front_and_up_goes_up() {
        let cases = [
            ("infra", "main.tf", "infra/main.tf"),
            ("./a/b/", "../shared/x.tf", "a/shared/x.tf"),
            (".", "main.tf", "main.tf"),
            (".", "../x.tf", "../x.tf"),
            ("/abs", "main.tf", "/abs/main.tf"),
        ];
        for (prefix, file, expected) in cases {
            let mut place = Place {
                file: file.to_owned(),
                ..Place::default()
            };
            place.put_under(prefix);
            assert_eq!(place.file, expected, "{prefix} {file}");
        }
    }
}
