//! `nhi policy`: files in, answers and exit codes out.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Nhi, nhi};

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/policy-file")
}

fn policy(arguments: &[&str], directory: &Path) -> Nhi {
    let mut all = vec!["policy"];
    all.extend(arguments);
    let mut nhi = nhi(&all).directory(directory);
    nhi.command.env_remove("NHI_POLICY");
    nhi
}

fn with(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    directory
}

#[test]
fn the_effective_policy_is_shown_and_reads_back() {
    let empty = with(&[]);
    let shown = policy(&["show"], empty.path()).run().exits(0).stdout;
    for part in [
        "built in",
        "critical",
        "2 approvals and one by security",
        "administer 40",
        "90 days at most",
    ] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    let own = policy(&["show"], &example()).run().exits(0).stdout;
    for part in [
        "policy of example, nhi.hcl",
        "21 days",
        "production (production)",
        "ci-* for ci_pipeline",
        "s3:DeleteBucket*",
    ] {
        assert!(own.contains(part), "{part}:\n{own}");
    }
    let json = policy(&["show", "--format", "json"], &example()).run().exits(0).json();
    let again = with(&[("nhi.json", &json["policy"].to_string())]);
    let back = policy(&["show", "nhi.json", "--format", "json"], again.path())
        .run()
        .exits(0)
        .json();
    assert_eq!(back["digest"], json["digest"]);
    assert_eq!(back["policy"], json["policy"]);

    // A file that is named has to be there.
    policy(&["show", "missing.hcl"], empty.path()).run().exits(3);
    policy(&["show"], empty.path())
        .env("NHI_POLICY", "missing.hcl")
        .run()
        .exits(3);
}

#[test]
fn every_mistake_of_a_file_is_told_with_its_place_and_a_fix() {
    let directory = with(&[(
        "nhi.hcl",
        "tier \"high\" {\n  score_form = 3\n  token_ttl_max = \"2h\"\n}\norganisation = var.x\n",
    )]);
    let ran = policy(&["check"], directory.path()).run().exits(1);
    for part in [
        "nhi.hcl:2:3:",
        "Write `score_from`.",
        "nhi.hcl:3:19:",
        "nhi.hcl:5:16:",
        "NHI-POLICY-COMPUTED",
    ] {
        assert!(ran.stdout.contains(part), "{part}:\n{}", ran.stdout);
    }
    let json = policy(&["check", "--format", "json"], directory.path())
        .run()
        .exits(1)
        .json();
    assert_eq!(json["faults"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&json["digest"], &json["faults"][0]["line"]),
        (&Value::Null, &Value::from(2))
    );
    policy(&["check"], &example()).run().exits(0);
    policy(&["check", "missing.hcl"], directory.path()).run().exits(3);
    // Whatever else needs the policy says how many more there are.
    let other = nhi(&["identities", "--policy", "nhi.hcl"])
        .directory(directory.path())
        .run()
        .exits(3);
    assert!(other.stderr.contains("lists 2 more"), "{}", other.stderr);
}

#[test]
fn cases_hold_or_fail_and_none_is_no_proof() {
    let ran = policy(&["test"], &example()).run().exits(0);
    assert!(ran.stdout.contains("3 passed, 0 failed"), "{}", ran.stdout);
    // The same cases against another policy.
    let built_in = with(&[("nhi.hcl", "")]);
    let file = built_in.path().join("nhi.hcl");
    let ran = policy(&["test", "--policy", file.to_str().unwrap()], &example())
        .run()
        .exits(1);
    for part in [
        "FAILED",
        "2 failed",
        "number of approvals is 2, not 3",
        "NHI-NAME-PATTERN is expected",
    ] {
        assert!(ran.stdout.contains(part), "{part}:\n{}", ran.stdout);
    }
    let json = policy(&["test", "--format", "json"], &example()).run().exits(0).json();
    assert_eq!((&json["passed"], &json["failed"]), (&Value::from(3), &Value::from(0)));
    assert_eq!(json["cases"][0]["tier"], "low");

    let case = "case \"x\" {\n  identity {}\n  expect { violations = [\"NHI-REQUIRED\"] }\n}\n";
    let nested = with(&[
        ("nhi.hcl", ""),
        ("a/b/one.nhitest.hcl", case),
        (
            "two.nhitest.json",
            "{\"case\": {\"y\": {\"identity\": {}, \"expect\": {\"violations\": [\"NHI-REQUIRED\"]}}}}",
        ),
        (".terraform/modules/x/three.nhitest.hcl", "not even a case"),
    ]);
    let ran = policy(&["test"], nested.path()).run().exits(0);
    assert!(ran.stdout.contains("2 passed"), "{}", ran.stdout);
    policy(&["test", "a/b/one.nhitest.hcl", "--policy", "nhi.hcl"], nested.path())
        .run()
        .exits(0);

    let none = with(&[("nhi.hcl", "")]);
    policy(&["test"], none.path()).run().exits(3);
    let broken = with(&[("nhi.hcl", ""), ("x.nhitest.hcl", "case \"x\" {\n  identity {}\n}\n")]);
    let ran = policy(&["test"], broken.path()).run().exits(3);
    assert!(ran.stderr.contains("has no expect"), "{}", ran.stderr);
    let without = with(&[("x.nhitest.hcl", case)]);
    policy(&["test"], without.path()).run().exits(3);
}

#[test]
fn loosening_is_told_and_ends_in_one() {
    let directory = with(&[
        ("base.hcl", "tier \"high\" {\n  identity_ttl_max = \"240h\"\n}\n"),
        (
            "same.hcl",
            "# the same\ntier \"high\" {\n  identity_ttl_max = \"14400m\"\n}\n",
        ),
        ("tight.hcl", "tier \"high\" {\n  identity_ttl_max = \"200h\"\n}\n"),
        (
            "loose.hcl",
            "tier \"high\" {\n  identity_ttl_max = \"240h\"\n  approvals {\n    policy_owner = false\n  }\n}\n",
        ),
    ]);
    let diff = |head: &str| policy(&["diff", "base.hcl", head], directory.path()).run();
    assert!(diff("same.hcl").exits(0).stdout.contains("both say the same"));
    assert!(diff("tight.hcl").exits(0).stdout.contains("nothing is looser"));
    let loose = diff("loose.hcl").exits(1).stdout;
    for part in [
        "tier.high.approvals.policy_owner",
        "tier critical",
        "2 approvals and one by security",
    ] {
        assert!(loose.contains(part), "{part}:\n{loose}");
    }
    // The request that it needs is the one that approvers are shown.
    let named = with(&[
        ("base.hcl", "organisation = \"example\"\n"),
        (
            "head.hcl",
            "organisation = \"example\"\nexceptions {\n  renewals_max = 2\n}\n",
        ),
    ]);
    let asked = [
        "diff",
        "base.hcl",
        "head.hcl",
        "--request",
        "approvals",
        "--format",
        "json",
    ];
    let json = policy(&asked, named.path()).run().exits(1).json();
    let digest = json["request"].as_str().unwrap().to_owned();
    assert_eq!(
        policy(&asked, named.path()).run().exits(1).json()["request"],
        digest.as_str()
    );
    let show = |arguments: &[&str]| {
        let mut all = vec!["request", "show", digest.as_str()];
        all.extend(arguments);
        nhi(&all).directory(named.path()).run()
    };
    let shown = show(&["--policy", "base.hcl"]).exits(0).stdout;
    assert!(shown.contains("critical, which calls for 3 approvals"), "{shown}");
    let shown = show(&["--format", "json"]).exits(0).json();
    assert_eq!(shown["request"]["kind"], "policy");
    assert_eq!(
        shown["request"]["subject"]["loosened"][0]["place"],
        "exceptions.renewals_max"
    );
    assert_eq!(
        shown["calls_for"], "what its policy says",
        "another policy does not say what it calls for"
    );
    diff("missing.hcl").exits(3);
    policy(&["diff", "default", "base.hcl"], directory.path())
        .run()
        .exits(0);
    let json = policy(&["diff", "base.hcl", "default", "--format", "json"], directory.path())
        .run()
        .exits(1)
        .json();
    assert_eq!(json["loosened"][0]["place"], "tier.high.identity_ttl_max");
    assert_eq!(
        (&json["loosened"][0]["from"], &json["tier"]),
        (&Value::from("240h"), &Value::from("critical"))
    );
}

#[test]
fn a_policy_is_put_in_force_and_a_looser_one_waits() {
    let lax = "organisation = \"example\"\ntier \"low\" {\n  identity_ttl_max = \"4400h\"\n}\n";
    let strict = "organisation = \"example\"\ntier \"low\" {\n  identity_ttl_max = \"4000h\"\n}\n";
    let broken = "tier \"low\" {\n  identity_ttl_max = \"1h\"\n}\n";
    let directory = with(&[("lax.hcl", lax), ("strict.hcl", strict), ("broken.hcl", broken)]);
    let run = |arguments: &[&str]| policy(arguments, directory.path()).run();
    let adopt = |file: &str| run(&["adopt", file, "--registry", "r.db", "--format", "json"]);
    // There has to be a registry: a mistyped path starts none.
    adopt("strict.hcl").exits(3);
    nhi_registry::SqliteRegistry::open(&directory.path().join("r.db")).unwrap();
    let diff = |head: &str| run(&["diff", "in-force", head, "--registry", "r.db", "--format", "json"]);
    assert!(diff("strict.hcl").exits(3).stderr.contains("no policy is in force"));
    let first = adopt("strict.hcl").exits(0).json();
    assert_eq!(
        (&first["changed"], &first["loosened"]),
        (&true.into(), &Value::Array(Vec::new()))
    );
    assert_eq!(adopt("strict.hcl").exits(0).json()["changed"], false);
    assert_eq!(diff("strict.hcl").exits(0).json()["changed"], false);
    assert_eq!(
        diff("lax.hcl").exits(1).json()["loosened"][0]["place"],
        "tier.low.identity_ttl_max"
    );
    let refused = adopt("lax.hcl").exits(1).stderr;
    for part in [
        "NHI-APPROVAL",
        "a looser policy calls for 3 approvals",
        "--approvers-digest",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    adopt("broken.hcl").exits(3);
    adopt("missing.hcl").exits(3);
    // The built-in one is looser than the strict one, and that is no way around it either.
    adopt("default").exits(1);
    assert_eq!(
        diff("lax.hcl").exits(1).json()["base_digest"],
        first["policy"],
        "nothing was put in force"
    );
}

#[test]
fn the_schema_is_that_of_the_reader() {
    let empty = with(&[]);
    let schema = policy(&["schema"], empty.path()).run().exits(0).json();
    assert_eq!(schema["additionalProperties"], false);
    assert!(schema["properties"]["tier"].is_object());
    let reference = policy(&["schema", "--format", "markdown"], empty.path())
        .run()
        .exits(0)
        .stdout;
    assert!(reference.starts_with("# Policy file\n"), "{reference}");
}
