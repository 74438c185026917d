//! The table of attributes that hold, take or show secrets, read once.

use std::sync::LazyLock;

use nhi_plan::Mode;

use crate::facts::hash::Map;

const TABLE: &str = include_str!("../../../data/credential-attributes.tsv");

/// What an attribute has to do with a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Takes a secret.
    Carries,
    /// Takes a map or JSON of secrets.
    Map,
    /// Takes a secret and does not store it.
    WriteOnly,
    /// Text or a map in which names decide.
    Config,
    /// A secret that the provider makes.
    Made,
    /// A secret read from a store.
    Store,
    /// Looks like a secret and is none.
    Public,
}

impl Kind {
    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "carries" => Self::Carries,
            "map" => Self::Map,
            "write-only" => Self::WriteOnly,
            "config" => Self::Config,
            "made" => Self::Made,
            "store" => Self::Store,
            "public" => Self::Public,
            _ => return None,
        })
    }

    /// Whether a literal in it is a credential.
    pub(crate) fn takes(self) -> bool {
        matches!(self, Self::Carries | Self::Map | Self::WriteOnly)
    }

    /// Whether secrets come from it.
    pub(crate) fn is_source(self) -> bool {
        matches!(self, Self::Made | Self::Store)
    }

    /// Whether its value is a secret of somebody's, whoever made it.
    pub(crate) fn is_secret(self) -> bool {
        matches!(self, Self::Carries | Self::Map | Self::Made | Self::Store)
    }
}

/// An attribute of a resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    /// Path without indices.
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
    /// What keeps the secret out of the state; empty where nothing does.
    pub(crate) instead: &'static str,
}

static ROWS: LazyLock<Map<&'static str, Vec<Row>>> = LazyLock::new(|| {
    let mut rows: Map<_, Vec<Row>> = Map::default();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let mut cells = line.split('\t');
        if let (Some(name), Some(path), Some(kind), Some(instead)) = (
            cells.next(),
            cells.next(),
            cells.next().and_then(Kind::from_word),
            cells.next(),
        ) {
            let instead = if instead == "-" { "" } else { instead };
            rows.entry(name).or_default().push(Row { path, kind, instead });
        }
    }
    rows
});

/// The rows of a resource or data source.
pub(crate) fn rows(mode: Mode, resource_type: &str) -> &'static [Row] {
    let rows = match mode {
        Mode::Managed => ROWS.get(resource_type),
        Mode::Data => ROWS.get(format!("data.{resource_type}").as_str()),
        Mode::Provider | Mode::Variable | Mode::Output => None,
    };
    rows.map(Vec::as_slice).unwrap_or_default()
}

/// The row of the attribute at `path`, which has no indices, or of one around it.
pub(crate) fn find<'r>(rows: &'r [Row], path: &str) -> Option<&'r Row> {
    let around = |row: &&Row| {
        path.strip_prefix(row.path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    rows.iter().filter(around).max_by_key(|row| row.path.len())
}

/// Whether an attribute that takes a secret may have a value in raw JSON: a cheap look before a block is parsed.
pub(crate) fn may_take(rows: &[Row], json: &str) -> bool {
    rows.iter().filter(|row| row.kind.takes()).any(|row| {
        let name = row.path.rsplit('.').next().unwrap_or(row.path);
        json.match_indices(name).any(|(start, _)| {
            let behind = json.get(start + name.len()..).unwrap_or_default();
            let value = behind
                .strip_prefix('"')
                .map(str::trim_start)
                .and_then(|rest| rest.strip_prefix(':'));
            let value = value.map(str::trim_start).unwrap_or_default();
            let is_empty = ["null", "\"\"", "[]", "{}"]
                .iter()
                .any(|nothing| value.starts_with(nothing));
            let opens = json.get(..start).is_some_and(|before| before.ends_with('"'));
            opens && !value.is_empty() && !is_empty
        })
    })
}

/// Names that providers give to keys which they make, whatever the type.
pub(crate) fn is_made(name: &str) -> bool {
    const NAMES: [&str; 16] = [
        "kube_admin_config",
        "kube_admin_config_raw",
        "kube_config",
        "kube_config_raw",
        "kubeconfig_raw",
        "primary_access_key",
        "primary_blob_connection_string",
        "primary_connection_string",
        "primary_connection_string_alias",
        "primary_key",
        "primary_master_key",
        "secondary_access_key",
        "secondary_blob_connection_string",
        "secondary_connection_string",
        "secondary_key",
        "secondary_master_key",
    ];
    NAMES.binary_search(&name).is_ok()
}

/// Types with an argument that a plan shows in the configuration only, sorted.
pub(crate) fn write_only_types() -> Vec<&'static str> {
    let has = |row: &Row| row.kind == Kind::WriteOnly || row.instead.contains("_wo");
    let types = ROWS.iter().filter(|(_, rows)| rows.iter().any(has));
    let mut types: Vec<_> = types
        .map(|(name, _)| *name)
        .filter(|name| !name.starts_with("data."))
        .collect();
    types.sort_unstable();
    types
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_whole_and_is_sorted() {
        let lines: Vec<_> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        let key = |line: &str| {
            let mut cells = line.split('\t');
            (cells.next().map(str::to_owned), cells.next().map(str::to_owned))
        };
        assert!(lines.is_sorted_by(|left, right| key(left) < key(right)));
        assert_eq!(ROWS.values().map(Vec::len).sum::<usize>(), lines.len());
        for line in &lines {
            let cells: Vec<_> = line.split('\t').collect();
            assert!(cells.len() == 5 && cells.iter().all(|cell| !cell.is_empty()), "{line}");
            assert!(
                cells[2] != "public" || cells[4].len() > 4,
                "{line}: why is it left out?"
            );
            assert!(!cells[1].contains('['), "{line}");
        }
    }

    #[test]
    fn every_sensitive_attribute_of_aws_is_known() {
        let listed = include_str!("../../../tests/data/aws-sensitive.txt");
        for line in listed.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split(' ');
            let name = words.next().expect("type");
            let rows = ROWS.get(name).unwrap_or_else(|| panic!("{name} is not in the table"));
            for path in words {
                assert!(
                    rows.iter().any(|row| row.path == path),
                    "{name} {path} is not in the table"
                );
            }
        }
    }

    #[test]
    fn the_nearest_row_counts() {
        let rows = rows(Mode::Managed, "kubernetes_secret");
        assert_eq!(find(rows, "data.password").map(|row| row.kind), Some(Kind::Map));
        assert_eq!(find(rows, "data_wo").map(|row| row.kind), Some(Kind::WriteOnly));
        assert!(find(rows, "database").is_none());
        for json in [r#"{"data":{"a":"b"}}"#, r#"{ "data" : { "a": "b" } }"#] {
            assert!(may_take(rows, json), "{json}");
        }
        for json in [
            r#"{"data":null,"binary_data": null}"#,
            r#"{"data":{}}"#,
            r#"{"metadata":"data"}"#,
        ] {
            assert!(!may_take(rows, json), "{json}");
        }
        assert!(is_made("primary_access_key") && !is_made("partition_key"));
        assert!(write_only_types().contains(&"aws_db_instance"));
    }
}
