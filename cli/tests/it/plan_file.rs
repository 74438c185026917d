//! Plan files: which command shows them, where, and what is said when that fails.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::{Nhi, Ran, codes, harmless, key, nhi, plan, zip};

/// Nobody looks into it: only the first bytes and the lock file are looked at, and there is none.
const PLAN_FILE: &[u8] = b"PK\x03\x04 a plan";
const ENCRYPTED: &[u8] =
    br#"{"meta":{"key_provider.pbkdf2.x":"e30="},"encrypted_data":"AAAA","encryption_version":"v0"}"#;

/// A folder with a plan file and a folder of commands, and nothing else on PATH but the basics.
struct Place {
    root: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("bin")).unwrap();
        fs::create_dir_all(root.path().join("work/.terraform")).unwrap();
        fs::write(root.path().join("work/tfplan"), PLAN_FILE).unwrap();
        fs::write(root.path().join("good.json"), plan(&[harmless()])).unwrap();
        fs::write(root.path().join("bad.json"), plan(&[key("aws_iam_access_key.ci")])).unwrap();
        Self { root }
    }

    fn path(&self, name: &str) -> String {
        self.root.path().join(name).display().to_string()
    }

    fn command(&self, name: &str, body: &str) {
        let path = self.root.path().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn nhi(&self, arguments: &[&str]) -> Nhi {
        let path = format!("{}:/usr/bin:/bin", self.path("bin"));
        nhi(arguments)
            .directory(&self.root.path().join("work"))
            .env("PATH", path)
    }

    fn check(&self, arguments: &[&str]) -> Ran {
        let mut all = vec!["check", "tfplan", "--format", "json"];
        all.extend(arguments);
        self.nhi(&all).run()
    }
}

#[test]
fn the_command_that_can_show_it_does() {
    let place = Place::new();
    let good = format!("cat {}", place.path("good.json"));
    let refuses = "echo 'Error: plan file was created by another version' >&2; exit 1";

    place.command("tofu", &good);
    let report = place.check(&[]).exits(0).json();
    assert_eq!(report["plan"]["shown_with"], "tofu");
    assert_eq!(report["plan"]["kind"], "plan-file");
    assert_ne!(report["plan"]["sha256"], report["plan"]["json_sha256"]);

    // The one refuses what the other has made.
    place.command("tofu", refuses);
    place.command("terraform", &good);
    let report = place.check(&[]).exits(0).json();
    assert_eq!(report["plan"]["shown_with"], "terraform");
    assert!(
        report["notes"][0].as_str().unwrap().contains("`terraform`"),
        "{report:#}"
    );

    // Whoever names a command gets that one and no other.
    let ran = place.check(&["--with", "tofu"]).exits(3);
    assert_eq!(codes(&ran.json()), ["NHI-PLAN-SHOW"]);
    assert!(ran.stdout.contains("created by another version"), "{}", ran.stdout);
    assert_eq!(
        place.check(&["--with", "../bin/terraform"]).exits(0).json()["verdict"],
        "clean"
    );
    let mut with = place.nhi(&["check", "tfplan"]);
    with.command.env("NHI_WITH", "terraform");
    with.run().exits(0);

    place.command("terraform", refuses);
    let ran = place.check(&[]).exits(3);
    for name in ["`tofu show -json`", "`terraform show -json`"] {
        assert!(ran.stdout.contains(name), "{}", ran.stdout);
    }
}

#[test]
fn it_runs_where_the_providers_are_and_asks_for_the_plan_alone() {
    let place = Place::new();
    let record = place.path("record");
    place.command(
        "tofu",
        &format!(
            "printf '%s\\n' \"$PWD\" \"$*\" \"${{TF_CLI_ARGS_show-unset}}\" > {record}; cat {}",
            place.path("bad.json")
        ),
    );
    let recorded = || {
        let text = fs::read_to_string(&record).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let work = fs::canonicalize(place.path("work")).unwrap().display().to_string();

    let ran = place
        .nhi(&["check", "tfplan"])
        .env("TF_CLI_ARGS_show", "-state=other")
        .run()
        .exits(1);
    assert!(ran.stdout.contains("NHI010"), "{}", ran.stdout);
    let seen = recorded();
    assert_eq!(Path::new(&seen[0]).canonicalize().unwrap().display().to_string(), work);
    assert_eq!(seen[1], format!("show -json -no-color {work}/tfplan"));
    assert_eq!(seen[2], "unset");

    // A plan file elsewhere is shown where the current directory is initialised.
    fs::copy(place.path("work/tfplan"), place.path("elsewhere.tfplan")).unwrap();
    place.nhi(&["check", "../elsewhere.tfplan"]).run().exits(1);
    assert_eq!(
        Path::new(&recorded()[0]).canonicalize().unwrap().display().to_string(),
        work
    );

    // Unless somebody says otherwise.
    place.nhi(&["check", "tfplan", "--chdir", "../bin"]).run().exits(1);
    assert!(recorded()[0].ends_with("/bin"));
    let ran = place.check(&["--chdir", "nowhere"]).exits(3);
    assert!(ran.stdout.contains("`nowhere` is not a directory"), "{}", ran.stdout);
}

#[test]
fn what_cannot_be_shown_is_undecided_and_says_why() {
    let place = Place::new();
    let ran = place.check(&[]).exits(3);
    assert!(ran.stdout.contains("no `tofu` and no `terraform`"), "{}", ran.stdout);

    place.command("tofu", "exit 0");
    assert_eq!(
        codes(&place.check(&[]).exits(3).json()),
        ["NHI-PLAN-EMPTY"],
        "success without output"
    );

    place.command("tofu", "kill -9 $$");
    assert_eq!(codes(&place.check(&[]).exits(3).json()), ["NHI-PLAN-SHOW"]);

    place.command("tofu", "yes '{}'");
    assert_eq!(
        codes(&place.check(&["--max-bytes", "1MiB"]).exits(3).json()),
        ["NHI-PLAN-BUDGET"]
    );

    // Much talk on standard error must not block the plan on standard output.
    let talk = format!(
        "head -c 1000000 /dev/zero | tr '\\0' x >&2; cat {}",
        place.path("good.json")
    );
    place.command("tofu", &talk);
    place.check(&[]).exits(0);

    place.command(
        "tofu",
        &format!("echo changed >> tfplan; cat {}", place.path("good.json")),
    );
    assert_eq!(codes(&place.check(&[]).exits(3).json()), ["NHI-PLAN-CHANGED"]);
}

#[test]
fn an_encrypted_plan_is_opentofus_to_show() {
    let place = Place::new();
    fs::write(place.path("work/tfplan"), ENCRYPTED).unwrap();
    place.command("terraform", &format!("cat {}", place.path("good.json")));
    let ran = place.check(&[]).exits(3);
    assert_eq!(codes(&ran.json()), ["NHI-PLAN-ENCRYPTED"]);

    place.command("tofu", "echo 'Error: decryption failed' >&2; exit 1");
    let ran = place.check(&[]).exits(3);
    assert_eq!(codes(&ran.json()), ["NHI-PLAN-ENCRYPTED"]);
    assert!(
        ran.stdout.contains("decryption failed") && ran.stdout.contains("tofu show -json"),
        "{}",
        ran.stdout
    );

    place.command("tofu", &format!("cat {}", place.path("good.json")));
    assert_eq!(place.check(&[]).exits(0).json()["plan"]["shown_with"], "tofu");
}

#[test]
fn a_plan_file_brings_its_configuration() {
    let place = Place::new();
    let main = "# first\nresource \"aws_iam_access_key\" \"ci\" {\n  user = \"ci\"\n}\n";
    let manifest = r#"[{"Key":"","Dir":"."}]"#;
    let file = zip(&[
        ("tfplan", "\u{1}"),
        ("tfconfig/m-/main.tf", main),
        ("tfconfig/modules.json", manifest),
        ("tfconfig/../../escape.tf", "resource \"a\" \"b\" {}"),
    ]);
    fs::write(place.path("work/tfplan"), file).unwrap();
    place.command("tofu", &format!("cat {}", place.path("bad.json")));
    let found = place.check(&[]).exits(1).json();
    let at = &found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["code"] == "NHI010")
        .unwrap()["location"];
    assert_eq!(
        (&at["file"], &at["line"]),
        (&serde_json::json!("main.tf"), &serde_json::json!(2)),
        "{found:#}"
    );

    // The directory is asked for texts alone: what was planned is what counts.
    fs::write(place.path("work/main.tf"), "\n\n\n\n").unwrap();
    let again = place.check(&["--source", "."]).exits(1).json();
    assert_eq!(found["findings"], again["findings"]);
    // A comment in what was planned may waive.
    let comment = "# nhi:ignore NHI010 until=2999-01-01 owner=o reason=r\nresource";
    let file = zip(&[
        ("tfconfig/m-/main.tf", &main.replace("resource", comment)),
        ("tfconfig/modules.json", manifest),
    ]);
    fs::write(place.path("work/tfplan"), file).unwrap();
    let waived = place.check(&["--allow-inline-waivers"]).json();
    assert!(!codes(&waived).contains(&"NHI010"), "{waived:#}");
}
