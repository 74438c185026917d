//! Which resource types create an identity or a credential, and where they can say whose it is.

use std::sync::LazyLock;

const TABLE: &str = include_str!("../data/identity-types.tsv");

/// A row of the table.
#[derive(Debug, Clone)]
pub struct IdentityType {
    /// The resource type.
    pub resource_type: &'static str,
    /// `identity` or `credential`.
    pub noun: &'static str,
    /// Attributes that may carry owner and expiry: maps, lists of pairs, text.
    pub labels: Vec<&'static str>,
    /// Attributes that are owners by themselves.
    pub owners: Vec<&'static str>,
    /// Attributes that are an expiry by themselves.
    pub expiries: Vec<&'static str>,
    /// Attributes that name the identity it belongs to.
    pub parents: Vec<&'static str>,
    /// Attributes by which a record may claim it.
    pub identifiers: Vec<&'static str>,
}

static TYPES: LazyLock<Vec<IdentityType>> = LazyLock::new(|| {
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(row)
        .collect()
});

fn row(line: &'static str) -> Option<IdentityType> {
    let mut fields = line.split('\t');
    let resource_type = fields.next()?;
    let noun = fields.next()?;
    let mut list = || -> Option<Vec<&'static str>> {
        let field = fields.next()?;
        Some(if field == "-" {
            Vec::new()
        } else {
            field.split(',').collect()
        })
    };
    Some(IdentityType {
        resource_type,
        noun,
        labels: list()?,
        owners: list()?,
        expiries: list()?,
        parents: list()?,
        identifiers: list()?,
    })
}

/// Every resource type of the table.
pub fn all() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|row| row.resource_type)
}

/// The row of a resource type.
pub fn find(resource_type: &str) -> Option<&'static IdentityType> {
    let types = &*TYPES;
    let index = types
        .binary_search_by(|row| row.resource_type.cmp(resource_type))
        .ok()?;
    types.get(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_sorted() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(TYPES.len(), lines, "a row lacks a column");
        assert!(TYPES.is_sorted_by(|left, right| left.resource_type < right.resource_type));
        for row in TYPES.iter() {
            assert!(matches!(row.noun, "identity" | "credential"), "{}", row.resource_type);
            assert!(!row.identifiers.is_empty(), "{}", row.resource_type);
        }
    }
}
