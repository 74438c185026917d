//! Lists are sorted and complete: a new unit is one file and one line, and forgetting the line is found here.

use super::{Complaint, Source};

/// Codes are sorted, unique and well formed.
pub(super) fn codes(codes: &[&str]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    if codes.is_empty() {
        complaints.push("the analyzer has no rules".to_owned());
    }
    for code in codes {
        let number = code.strip_prefix("NHI").unwrap_or_default();
        if number.len() != 3 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            complaints.push(format!("rule code `{code}`: write NHI and three digits"));
        }
    }
    for pair in codes.windows(2) {
        if let [first, second] = pair
            && first >= second
        {
            complaints.push(format!(
                "rule code `{second}` after `{first}`: sort the list, use each code once"
            ));
        }
    }
    complaints
}

/// `<folder>.rs` declares every file of `<folder>/`, and nothing else, in order.
pub(super) fn modules(sources: &[Source], folder: &str) -> Vec<Complaint> {
    let list = format!("{folder}.rs");
    let Some(source) = sources.iter().find(|source| source.path == list) else {
        return vec![format!("`{list}` is gone: it lists what `{folder}/` holds")];
    };
    let declared: Vec<&str> = source
        .text
        .lines()
        .filter_map(|line| {
            let line = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            line.strip_prefix("mod ")?.strip_suffix(';')
        })
        .collect();
    let mut present: Vec<&str> = sources
        .iter()
        .filter_map(|source| source.path.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(".rs"))
        .filter(|name| !name.contains('/'))
        .collect();
    present.sort_unstable();
    let mut complaints = Vec::new();
    if present.is_empty() {
        complaints.push(format!("`{folder}/` is empty: is that where its units stand?"));
    }
    for name in present.iter().filter(|name| !declared.contains(name)) {
        complaints.push(format!(
            "`{folder}/{name}.rs` is not declared in `{list}`: add `mod {name};`"
        ));
    }
    if !declared.is_sorted() {
        complaints.push(format!("`{list}`: sort its `mod` lines"));
    }
    complaints
}

/// Every foreign dependency of the workspace is sorted, pinned in one place, and says what for.
pub(super) fn dependencies(sources: &[Source]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let Some(manifest) = sources.iter().find(|source| source.path == "Cargo.toml") else {
        return vec!["no Cargo.toml at the root".to_owned()];
    };
    let section = manifest
        .text
        .split("[workspace.dependencies]")
        .nth(1)
        .unwrap_or_default();
    let lines = section.lines().skip(1).take_while(|line| !line.starts_with('['));
    let foreign: Vec<&str> = lines
        .filter(|line| line.contains(" = ") && !line.contains("{ path = "))
        .collect();
    if foreign.is_empty() {
        complaints.push("Cargo.toml: no [workspace.dependencies]".to_owned());
    }
    for line in &foreign {
        let (name, rest) = line.split_once(" = ").unwrap_or((line, ""));
        // The comment follows the closing quote or brace: a `#` inside them is no comment.
        let tail = rest.rsplit(['"', '}']).next().unwrap_or_default();
        if tail.trim().trim_start_matches('#').trim().is_empty() {
            complaints.push(format!("Cargo.toml: say what `{name}` is for, in a comment after it"));
        }
    }
    for pair in foreign.windows(2) {
        if let [first, second] = pair
            && name(first) > name(second)
        {
            complaints.push(format!(
                "Cargo.toml: `{}` after `{}`: sort the dependencies",
                name(second),
                name(first)
            ));
        }
    }
    // A manifest that is a workspace of its own is no member of this one.
    let is_member = |source: &&Source| {
        source.path.ends_with("/Cargo.toml") && !source.text.lines().any(|line| line == "[workspace]")
    };
    for member in sources.iter().filter(is_member) {
        complaints.extend(unpinned(member));
    }
    complaints
}

fn name(line: &str) -> &str {
    line.split(" = ")
        .next()
        .unwrap_or(line)
        .split('.')
        .next()
        .unwrap_or(line)
}

/// Dependencies of a member that do not come from the workspace's list.
fn unpinned(member: &Source) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut inside = false;
    for line in member.text.lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]");
        } else if inside && line.contains('=') && !line.contains("workspace = true") {
            complaints.push(format!(
                "{}: `{}` bypasses [workspace.dependencies]",
                member.path,
                name(line).trim()
            ));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::super::fake;
    use super::*;

    #[test]
    fn codes_are_sorted_unique_and_well_formed() {
        assert_eq!(codes(&["NHI001", "NHI002", "NHI010"]), Vec::<String>::new());
        for wrong in [
            &[][..],
            &["NHI002", "NHI001"],
            &["NHI001", "NHI001"],
            &["NHI01"],
            &["ABC001"],
            &["NHI00x"],
        ] {
            assert_eq!(codes(wrong).len(), 1, "{wrong:?}");
        }
    }

    #[test]
    fn a_list_names_what_its_folder_holds() {
        let good = [
            ("r.rs", "//! R.\nmod a;\npub(crate) mod b;\n"),
            ("r/a.rs", ""),
            ("r/b.rs", ""),
            ("r/b/c.rs", ""),
        ];
        assert_eq!(modules(&fake(&good), "r"), Vec::<String>::new());
        let forgotten = [("r.rs", "mod a;\n"), ("r/a.rs", ""), ("r/b.rs", "")];
        assert!(modules(&fake(&forgotten), "r")[0].contains("add `mod b;`"));
        let unsorted = [("r.rs", "mod b;\nmod a;\n"), ("r/a.rs", ""), ("r/b.rs", "")];
        assert!(modules(&fake(&unsorted), "r")[0].contains("sort its"));
        assert_eq!(modules(&fake(&[]), "r").len(), 1);
        assert_eq!(modules(&fake(&[("r.rs", "")]), "r").len(), 1);
    }

    #[test]
    fn a_dependency_says_what_for() {
        let manifest = |lines: &str| {
            let text = format!(
                "[workspace.dependencies]\n# Ours.\nour = {{ path = \"our\" }}\n\n{lines}\n[workspace.lints]\nz = 1\n"
            );
            dependencies(&[Source {
                path: "Cargo.toml".to_owned(),
                text,
            }])
        };
        assert_eq!(
            manifest("a = \"1\" # for a\nb = { version = \"1\" } # for b"),
            Vec::<String>::new()
        );
        for wrong in [
            "",
            "a = \"1\"",
            "a = \"1\" #",
            "a = { version = \"#1\" }",
            "b = \"1\" # b\na = \"1\" # a",
        ] {
            assert_eq!(manifest(wrong).len(), 1, "{wrong}: {:?}", manifest(wrong));
        }
    }

    #[test]
    fn a_member_takes_its_versions_from_the_workspace() {
        let member = |text: &str| {
            unpinned(&Source {
                path: "x/Cargo.toml".to_owned(),
                text: text.to_owned(),
            })
        };
        assert!(
            member("[package]\nname = \"x\"\n[dependencies]\na.workspace = true\nb = { workspace = true }\n")
                .is_empty()
        );
        assert_eq!(member("[dependencies]\na = \"1\"\n").len(), 1);
        assert_eq!(
            member("[target.'cfg(unix)'.dev-dependencies]\na = { version = \"1\" }\n").len(),
            1
        );
    }
    #[test]
    fn another_workspace_has_its_own_versions() {
        let found = |start: &str| {
            let sources = [
                ("Cargo.toml", "[workspace.dependencies]\na = \"1\" # for a\n"),
                ("x/Cargo.toml", &format!("{start}\n[dependencies]\na = \"1\"\n")),
            ];
            dependencies(&fake(&sources)).len()
        };
        assert_eq!((found("[package]"), found("[workspace]")), (1, 0));
    }
}
