//! Which package may use which: the arrows of ARCHITECTURE.md, asserted from what cargo itself says.
//!
//! Dependencies of every kind count, also those of tests: a test that reaches across the house is an arrow too.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Complaint;

/// What a package may use of the workspace.
enum May {
    Use(&'static [&'static str]),
    UseAnything,
}

/// Sorted by package.
const ALLOWED: [(&str, May); 20] = [
    ("example-policy-module", May::Use(&["nhi-policy-sdk"])),
    (
        "nhi-adopt",
        May::Use(&["nhi-governance", "nhi-identity-types", "nhi-plan"]),
    ),
    (
        "nhi-analyzer",
        May::Use(&["nhi-identity-types", "nhi-plan", "nhi-policy-sdk"]),
    ),
    ("nhi-approvals", May::Use(&["nhi-governance"])),
    (
        "nhi-cli",
        May::Use(&[
            "nhi-adopt",
            "nhi-approvals",
            "nhi-evaluate",
            "nhi-governance",
            "nhi-modules",
            "nhi-plan",
            "nhi-policy-file",
            "nhi-policy-host",
            "nhi-registry",
            "tlog",
        ]),
    ),
    ("nhi-evaluate", May::Use(&["nhi-plan"])),
    ("nhi-governance", May::Use(&[])),
    ("nhi-identity-types", May::Use(&[])),
    ("nhi-modules", May::Use(&["nhi-governance", "nhi-policy-file"])),
    ("nhi-plan", May::Use(&[])),
    ("nhi-policy-file", May::Use(&["nhi-governance"])),
    ("nhi-policy-host", May::Use(&["nhi-plan"])),
    ("nhi-policy-sdk", May::Use(&["nhi-plan"])),
    ("nhi-registry", May::Use(&["nhi-governance", "tlog"])),
    ("nhi-rego", May::Use(&["nhi-plan", "nhi-policy-sdk"])),
    ("nhi-tests", May::UseAnything),
    (
        "terraform-provider-nhi",
        May::Use(&[
            "nhi-approvals",
            "nhi-governance",
            "nhi-identity-types",
            "nhi-policy-file",
            "nhi-registry",
            "tfplugin",
        ]),
    ),
    ("tfplugin", May::Use(&[])),
    ("tlog", May::Use(&[])),
    ("xtask", May::Use(&["nhi-analyzer"])),
];

/// Package → the packages of the workspace that it uses.
pub(super) type Arrows = BTreeMap<String, Vec<String>>;

/// Reads the arrows from `cargo metadata --no-deps`.
pub(super) fn read(metadata: &Value) -> Result<Arrows> {
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .context("no packages in the metadata")?;
    let name = |value: &Value| value.get("name").and_then(Value::as_str).map(str::to_owned);
    let members: Vec<String> = packages.iter().filter_map(name).collect();
    let mut arrows = Arrows::new();
    for package in packages {
        let from = name(package).context("a package without a name")?;
        let dependencies = package
            .get("dependencies")
            .and_then(Value::as_array)
            .context("no dependencies")?;
        let mut uses: Vec<String> = dependencies
            .iter()
            .filter_map(name)
            // A package that tests itself with one of its features names itself.
            .filter(|to| members.contains(to) && *to != from)
            .collect();
        uses.sort();
        uses.dedup();
        arrows.insert(from, uses);
    }
    Ok(arrows)
}

/// Anything that is not listed is refused, and so is a list that speaks of packages that are gone.
pub(super) fn check(arrows: &Arrows) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (from, uses) in arrows {
        let Some((_, may)) = ALLOWED.iter().find(|(name, _)| name == from) else {
            complaints.push(format!(
                "package `{from}` is not in the list of arrows: add it to tidy/arrows.rs and ARCHITECTURE.md"
            ));
            continue;
        };
        for to in uses {
            let allowed = match may {
                May::UseAnything => true,
                May::Use(list) => list.contains(&to.as_str()),
            };
            if !allowed {
                complaints.push(format!(
                    "`{from}` may not use `{to}`: ARCHITECTURE.md lists no such arrow"
                ));
            }
        }
    }
    for (name, _) in &ALLOWED {
        if !arrows.contains_key(*name) {
            complaints.push(format!(
                "the list of arrows names `{name}`, which is not in the workspace: remove it"
            ));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_order() -> Arrows {
        let mut arrows: Arrows = ALLOWED
            .iter()
            .map(|(name, _)| ((*name).to_owned(), Vec::new()))
            .collect();
        arrows.insert("nhi-registry".to_owned(), vec!["nhi-governance".to_owned()]);
        arrows.insert("nhi-tests".to_owned(), vec!["tfplugin".to_owned()]);
        arrows
    }

    #[test]
    fn the_arrows_as_they_are_drawn_pass() {
        assert_eq!(check(&in_order()), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_that_is_not_drawn_is_refused() {
        for (from, to) in [
            ("tfplugin", "nhi-governance"),
            ("nhi-plan", "nhi-registry"),
            ("nhi-cli", "nhi-tests"),
        ] {
            let mut arrows = in_order();
            arrows.insert(from.to_owned(), vec![to.to_owned()]);
            let complaints = check(&arrows);
            assert_eq!(complaints.len(), 1, "{complaints:?}");
            assert!(
                complaints[0].contains(&format!("`{from}` may not use `{to}`")),
                "{complaints:?}"
            );
        }
    }

    #[test]
    fn packages_and_list_must_agree() {
        let mut arrows = in_order();
        arrows.insert("newcomer".to_owned(), Vec::new());
        arrows.remove("xtask");
        let complaints = check(&arrows);
        assert!(
            complaints
                .iter()
                .any(|complaint| complaint.contains("`newcomer` is not in the list"))
        );
        assert!(complaints.iter().any(|complaint| complaint.contains("names `xtask`")));
        assert_eq!(complaints.len(), 2);
    }

    #[test]
    fn every_kind_of_dependency_counts() {
        let metadata = serde_json::json!({"packages": [
            {"name": "tfplugin", "dependencies": [{"name": "serde", "kind": null}, {"name": "nhi-plan", "kind": "dev"}]},
            {"name": "nhi-plan", "dependencies": []},
        ]});
        let arrows = read(&metadata).unwrap();
        assert_eq!(arrows["tfplugin"], ["nhi-plan"]);
        assert!(
            check(&arrows)
                .iter()
                .any(|complaint| complaint.contains("`tfplugin` may not use `nhi-plan`"))
        );
    }
}
