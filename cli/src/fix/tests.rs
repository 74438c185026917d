//! Patches against configurations: what changes, what is refused, and that every other byte is kept.

use std::path::Path;

use nhi_evaluate::Sources;
use nhi_plan::{Finding, Limits, Patch, decode};

use super::Fixes;
use crate::report::{BlockFacts, Report};

/// A finding at a block, with its patch.
fn finding(address: &str, path: &str, replacement: &str) -> Finding {
    let mut finding = Finding::new("NHI999", address).at(path).message("wrong");
    finding.patch = Some(Patch {
        path: path.to_owned(),
        replacement: replacement.to_owned(),
    });
    finding
}

/// What the patches come to in a directory with these files.
fn fixes(files: &[(&str, &str)], findings: Vec<Finding>, root: &Path) -> Fixes {
    for (name, text) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    planned(files, findings, root)
}

/// The same, with a directory that may hold something else by now.
fn planned(files: &[(&str, &str)], findings: Vec<Finding>, root: &Path) -> Fixes {
    let owned = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let sources = Sources::new(owned);
    let mut report = Report::of_findings("NHI999", findings);
    for entry in &mut report.entries {
        let change = format!(
            r#"{{"format_version":"1.2","resource_changes":[{{"address":{0},"mode":"managed","type":"t","name":"n",
            "change":{{"actions":["create"],"after":{{}}}}}}]}}"#,
            serde_json::json!(entry.address)
        );
        let decoded = decode(change.as_bytes()).unwrap();
        let plan = decoded.read(&Limits::default()).unwrap();
        let mut block = plan.blocks().next().unwrap();
        let config_address = block.config_address.clone().into_owned();
        block.location = sources.location(&config_address);
        entry.block = Some(BlockFacts::of(&block, None));
    }
    Fixes::of(&report, &sources, root)
}

const MAIN: &str = "resource \"t\" \"n\" {\r\n\tread_only=false # why\r\n  keep = \"x\"\n  other = [1,\n    2]\n}\n\n\
                    resource \"t\" \"m\" {\n  nested { a = 1 }\n  v = var.x\n  c = jsonencode({ a = 1 })\n}\n";

#[test]
fn a_patch_changes_its_bytes_and_no_others() {
    let place = tempfile::tempdir().unwrap();
    let cases = [
        (finding("t.n", "read_only", "true"), MAIN.replace("=false #", "=true #")),
        (finding("t.n", "keep", ""), MAIN.replace("  keep = \"x\"\n", "")),
        (finding("t.n", "other", "[]"), MAIN.replace("[1,\n    2]", "[]")),
        (
            finding("t.n", "new", "\"y\""),
            MAIN.replace("2]\n}\n", "2]\n  new = \"y\"\n}\n"),
        ),
        (finding("t.m", "v", ""), MAIN.replace("  v = var.x\n", "")),
        (
            finding("t.m", "nested[0].a", "2"),
            MAIN.replace("{ a = 1 }\n  v", "{ a = 2 }\n  v"),
        ),
    ];
    for (finding, wanted) in cases {
        let what = finding.path.clone();
        let found = fixes(&[("main.tf", MAIN)], vec![finding], place.path());
        assert!(found.refused.is_empty(), "{what}: {:?}", found.refused);
        assert_eq!(found.files[0].text, wanted, "{what}");
        assert_eq!(found.files[0].hunks.len(), 1);
    }
}

#[test]
fn patches_of_one_file_are_made_together_and_instances_share_one() {
    let place = tempfile::tempdir().unwrap();
    let found = fixes(
        &[("main.tf", MAIN)],
        vec![
            finding("t.n", "read_only", "true"),
            finding("t.n[0]", "keep", "\"z\""),
            finding("t.n[1]", "keep", "\"z\""),
            finding("t.n[2]", "keep", "\"other\""),
        ],
        place.path(),
    );
    assert_eq!(
        found.files[0].text,
        MAIN.replace("=false", "=true").replace("keep = \"x\"", "keep = \"z\"")
    );
    assert_eq!(found.files[0].findings, 3);
    assert_eq!(found.refused.len(), 1, "two patches of one place: {:?}", found.refused);
}

#[test]
fn what_cannot_be_located_is_refused_with_its_reason() {
    let place = tempfile::tempdir().unwrap();
    let module = "module \"a\" {\n  source = \"./a\"\n  x = false\n}\n";
    let inner = "variable \"x\" {}\nresource \"t\" \"n\" {\n  x = var.x\n}\nresource \"t\" \"one\" { a = 1 }\n";
    let dynamic = "resource \"t\" \"d\" {\n  dynamic \"b\" {\n    for_each = [1]\n    content {\n      z = b.value\n    }\n  }\n}\n";
    let json = "{\"resource\":{\"t\":{\"j\":{\"a\":1}}}}";
    let files = [
        ("main.tf", module),
        ("a/main.tf", inner),
        ("dynamic.tf", dynamic),
        ("more.tf", MAIN),
        ("j.tf.json", json),
    ];
    let cases = [
        (finding("module.a.t.n", "x", "true"), "comes from elsewhere"),
        (finding("module.a.t.one", "b", "1"), "on one line"),
        (finding("t.m", "c", "\"{}\""), "is computed"),
        (finding("t.n", "gone", ""), "the block sets no `gone`"),
        (finding("t.n", "a.b", "1"), "is written in the block"),
        (finding("t.nobody", "a", "1"), "not in the configuration"),
        (finding("t.d", "b[0].z", "1"), ""),
        (finding("t.j", "a", "2"), "JSON"),
        (finding("t.n", "keep", "\"a"), "would not be HCL"),
    ];
    for (finding, why) in cases {
        let what = format!("{} {}", finding.address, finding.path);
        let found = fixes(&files, vec![finding], place.path());
        assert!(found.files.is_empty(), "{what}: {:?}", found.files);
        assert_eq!(found.refused.len(), 1, "{what}");
        assert!(found.refused[0].why.contains(why), "{what}: {}", found.refused[0].why);
    }
}

#[test]
fn a_file_that_has_changed_or_is_not_ours_is_left() {
    let place = tempfile::tempdir().unwrap();
    let one = || vec![finding("t.n", "read_only", "true")];
    let found = planned(&[("main.tf", MAIN)], one(), place.path());
    assert!(found.refused[0].why.contains("no `main.tf`"), "{:?}", found.refused);
    std::fs::write(place.path().join("main.tf"), MAIN.replace('x', "y")).unwrap();
    let found = planned(&[("main.tf", MAIN)], one(), place.path());
    assert!(
        found.files.is_empty() && found.refused[0].why.contains("has changed"),
        "{:?}",
        found.refused
    );

    #[cfg(unix)]
    {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("main.tf"), MAIN).unwrap();
        let link = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path().join("main.tf"), link.path().join("main.tf")).unwrap();
        let found = planned(&[("main.tf", MAIN)], one(), link.path());
        assert!(
            found.files.is_empty() && found.refused[0].why.contains("outside"),
            "{:?}",
            found.refused
        );
    }
}

#[test]
fn what_may_be_a_credential_is_not_shown() {
    let place = tempfile::tempdir().unwrap();
    let text = "resource \"t\" \"n\" {\n  password = \"hunter2\"\n}\n";
    let file = [("main.tf", text)];
    std::fs::write(place.path().join("main.tf"), text).unwrap();
    let sources = Sources::new(file.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
    let mut report = Report::of_findings("NHI999", vec![finding("t.n", "password", "")]);
    let decoded = decode(
        br#"{"format_version":"1.2","resource_changes":[{"address":"t.n","mode":"managed","type":"t","name":"n",
        "change":{"actions":["create"],"after":{"password":"hunter2"},"after_sensitive":{"password":true}}}]}"#,
    )
    .unwrap();
    let plan = decoded.read(&Limits::default()).unwrap();
    report.entries[0].block = plan.blocks().next().map(|block| BlockFacts::of(&block, None));
    let found = Fixes::of(&report, &sources, place.path());
    assert_eq!(found.files[0].text, "resource \"t\" \"n\" {\n}\n");
    assert!(
        found.files[0]
            .hunks
            .iter()
            .all(|hunk| !hunk.old.concat().contains("hunter2"))
    );
}
