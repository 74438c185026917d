//! The contract is frozen: its text does not change, and modules that were built against it run for ever.
//!
//! `cargo xtask freeze` makes the fixtures of a new version; those of a released one are never made again.

use std::path::{Path, PathBuf};

use nhi_plan::{Context, Description, Finding};
use nhi_policy_host::Trust;
use sha2::{Digest as _, Sha256};

use crate::delivery::{plain, whole};
use crate::support::host;

/// Every version of the contract that was ever frozen, and the SHA-256 of its text. A line is never changed.
const FROZEN: [(&str, &str); 1] = [(
    "1.0.0",
    "faf559402110819ecca9592bc89a0fea541f63a86a2c163b7d9c5ab1e0cfdcd3",
)];

/// The file of each major version holds its latest minor one.
const CURRENT: [(&str, &str); 1] = [("v1", "1.0.0")];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract")
}

#[test]
fn the_text_of_a_frozen_version_does_not_change() {
    for (major, version) in CURRENT {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../wit")
            .join(major)
            .join("policy.wit");
        let text = std::fs::read(&file).unwrap();
        let hash = Sha256::digest(&text)
            .iter()
            .fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"));
        let (_, frozen) = FROZEN.iter().find(|(frozen, _)| *frozen == version).unwrap();
        assert_eq!(
            hash,
            *frozen,
            "`{}` is frozen: modules out there were built against it. What is new goes into another interface, \
             under a new version, with `@since`",
            file.display()
        );
        let package = format!("package nhi:policy@{version};");
        assert!(std::str::from_utf8(&text).unwrap().starts_with(&package));
    }
    assert_eq!(nhi_plan::ABI, CURRENT.last().unwrap().1);
}

#[test]
fn modules_of_every_frozen_version_run_as_they_did() {
    let host = host();
    let context = Context {
        now: "2026-01-01T00:00:00Z".into(),
        ..Context::default()
    };
    let folders = std::fs::read_dir(folder()).unwrap().flatten();
    let versions = folders.filter(|entry| entry.path().is_dir()).count();
    assert_eq!(versions, FROZEN.len(), "every frozen version has a folder of fixtures");
    for (version, _) in FROZEN {
        let folder = folder().join(version);
        let expected = std::fs::read_to_string(folder.join("expected.txt")).unwrap_or_default();
        for name in ["records", "lines"] {
            let file = folder.join(name).with_extension("wasm");
            let wasm = std::fs::read(&file).unwrap_or_else(|error| panic!("`{}`: {error}", file.display()));
            let module = host.load_as(name, &wasm, Trust::BuiltIn).unwrap();
            let blocks = [whole(), plain(nhi_plan::Mode::Output, "")];
            let report = host.run(&module, "{}", &context, blocks).unwrap();
            assert_eq!(report.usage.canaries, 1);
            let got = told(module.description(), &report.findings);
            let told = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("contract-{version}-{name}.txt"));
            std::fs::write(&told, &got).unwrap();
            assert!(
                got == expected,
                "`{}` does not behave as it did: compare `{}`",
                file.display(),
                told.display()
            );
        }
    }
}

/// What a module said, field by field: the host's own types may grow, what a module says may not change.
fn told(description: &Description, findings: &[Finding]) -> String {
    let mut lines = vec![
        format!("{} {} {}", description.name, description.version, description.abi),
        format!("{} {:?}", description.settings_schema, description.attributes),
        description.sharding.as_str().to_owned(),
    ];
    lines.extend(description.rules.iter().map(|rule| {
        let texts = [&rule.code, &rule.name, &rule.summary, &rule.why, &rule.docs];
        format!(
            "rule {texts:?} {} {:?} {:?}",
            rule.severity, rule.controls, rule.attributes
        )
    }));
    lines.extend(description.interests.iter().map(|interest| {
        let lists = [
            &interest.modes,
            &interest.resource_types,
            &interest.paths,
            &interest.needs,
        ];
        format!("interest {lists:?} {:?} {:?}", interest.actions, interest.attributes)
    }));
    lines.extend(
        description
            .canaries
            .iter()
            .map(|canary| format!("canary {} {}", canary.rule, canary.change.trim())),
    );
    lines.extend(findings.iter().map(|finding| {
        let texts = [
            &finding.rule,
            &finding.address,
            &finding.path,
            &finding.message,
            &finding.remediation,
        ];
        let patch = finding.patch.as_ref().map(|patch| (&patch.path, &patch.replacement));
        format!(
            "finding {} {:?} {texts:?} {} {patch:?} {:?}",
            finding.outcome.as_str(),
            finding.severity,
            finding.evidence,
            finding.attributes
        )
    }));
    lines.join("\n") + "\n"
}
