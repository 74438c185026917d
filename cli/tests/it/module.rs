//! `nhi module`: from an empty folder to a component that a check runs, and every mistake on the way with its fix.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::{Ran, create, nhi, plan};

/// A component of the frozen contract: it says back every block that it is handed.
fn echo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/policy-host/tests/contract/1.0.0/records.wasm")
}

fn run(folder: &Path, arguments: &[&str]) -> Ran {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scaffold");
    nhi(arguments).directory(folder).env("CARGO_TARGET_DIR", target).run()
}

/// The module's own tests, without a sandbox.
fn native(module: &Path) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scaffold");
    let ran = std::process::Command::new("cargo")
        .args(["test", "--release", "--offline", "--quiet"])
        .current_dir(module)
        .env("CARGO_TARGET_DIR", target)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{told}{}", String::from_utf8_lossy(&ran.stderr));
    assert!(told.contains("2 passed"), "{told}");
}

#[test]
fn an_empty_folder_becomes_a_module_that_a_check_runs() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["module", "new", "team-policy"]).exits(0);
    run(folder.path(), &["module", "new", "team-policy"]).exits(2);
    let own = folder.path().join("team-policy");
    let module = "target/team-policy.wasm";

    let built = run(&own, &["module", "build", "--offline", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(built["name"], "team-policy");
    assert_eq!(built["abi"], "1.0.0");
    assert_eq!(built["imports"], json!([]));
    assert_eq!(built["rules"][0]["code"], "TEAM001");
    assert_eq!(built["canaries"], 1);
    let component = fs::read(own.join(module)).unwrap();
    let paths = [own.to_str().unwrap(), "/.cargo/"].map(str::as_bytes);
    for path in paths {
        assert!(
            !component.windows(path.len()).any(|bytes| bytes == path),
            "no path of this machine"
        );
    }
    run(&own, &["module", "build", "--offline"]).exits(0);
    assert_eq!(
        component,
        fs::read(own.join(module)).unwrap(),
        "built twice, the same bytes"
    );

    let tested = run(&own, &["module", "test", "--strict", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!((&tested["passed"], &tested["failed"]), (&json!(6), &json!(0)));
    assert_eq!(tested["uncovered"], json!([]));
    native(&own);

    let bare = plan(&[create("aws_s3_bucket.logs", json!({"bucket": "logs"}))]);
    fs::write(own.join("plan.json"), &bare).unwrap();
    let checked = run(&own, &["check", "plan.json", "--module", module, "--format", "json"])
        .exits(1)
        .json();
    let codes: Vec<&str> = checked["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|f| f["code"].as_str())
        .collect();
    assert!(codes.contains(&"TEAM001"), "{codes:?}");
    assert_eq!(checked["modules"][1]["usage"]["canaries"], 1);
    assert_eq!(checked["modules"][1]["sees_sensitive"], false);

    // A rule that no longer flags anything is found by its case, and by its canary in every check.
    let source = own.join("src/missing_tag.rs");
    let text = fs::read_to_string(&source).unwrap();
    fs::write(
        &source,
        text.replace("if is_tagged {", "if is_tagged || tag.len() < 9_000 {"),
    )
    .unwrap();
    run(&own, &["module", "build", "--offline"]).exits(0);
    let tested = run(&own, &["module", "test", "--format", "json"]).exits(1).json();
    assert_eq!(tested["passed"], 0, "every case meets the canary: {tested:#}");
    assert!(
        tested["cases"][0]["differences"]
            .to_string()
            .contains("NHI-MODULE-CANARY"),
        "{tested:#}"
    );
    let checked = run(&own, &["check", "plan.json", "--module", module, "--format", "json"])
        .exits(3)
        .json();
    assert!(checked.to_string().contains("NHI-MODULE-CANARY"), "{checked:#}");
}

#[test]
fn a_scaffold_needs_nothing_that_this_workspace_has_not() {
    let read = |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let packages = |lock: &str| -> HashSet<String> {
        let lock = lock.replace('\r', "");
        let packages = lock.split("[[package]]\n").skip(1);
        packages
            .filter(|package| package.contains("source = "))
            .map(|package| package.lines().take(2).collect::<Vec<_>>().join(" "))
            .collect()
    };
    let (own, ours) = (
        packages(&read("templates/rust/Cargo.lock.in")),
        packages(&read("../Cargo.lock")),
    );
    assert!(own.len() > 10);
    let foreign: Vec<_> = own.difference(&ours).collect();
    assert!(foreign.is_empty(), "make the template's lock again: {foreign:?}");
    for (package, manifest) in [("plan", "plan.toml.in"), ("policy-sdk", "sdk.toml.in")] {
        // What the sources in the module's folder need is what they need here, in the same versions.
        let own = read(&format!("../crates/{package}/Cargo.toml"));
        let own = own.split("\n[dependencies]\n").nth(1).unwrap();
        let own = own.split("\n[").next().unwrap();
        let template = read(&format!("templates/rust/{manifest}"));
        let named = own.lines().filter_map(|line| line.strip_suffix(".workspace = true"));
        for name in named.filter(|name| *name != "nhi-plan") {
            let line = template.lines().find(|line| line.starts_with(&format!("{name} =")));
            let line = line.unwrap_or_else(|| panic!("`{manifest}` lacks `{name}`"));
            assert!(read("../Cargo.toml").contains(line), "{line}");
        }
    }
}

#[test]
fn a_component_is_shown_whether_or_not_it_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let shown = run(folder.path(), &["module", "inspect", echo().to_str().unwrap()]).exits(0);
    for text in [
        "echo 1.0.0",
        "imports     none",
        "contract    1.0.0",
        "TEST002 echo",
        "accepted",
        "cut_* when forget, delete; only tags",
    ] {
        assert!(shown.stdout.contains(text), "`{text}`: {}", shown.stdout);
    }
    // Its name of the contract is the last section: without it nobody knows what it speaks.
    let whole = fs::read(echo()).unwrap();
    let section = b"\0\x14\x0enhi-policy-abi1.0.0".len();
    assert!(whole.ends_with(b"nhi-policy-abi1.0.0"));
    let cut = folder.path().join("cut.wasm");
    fs::write(&cut, &whole[..whole.len() - section]).unwrap();
    let shown = run(folder.path(), &["module", "inspect", "cut.wasm"]).exits(3);
    for text in ["refused", "NHI-MODULE-ABI", "nhi module build", "not named"] {
        assert!(shown.stdout.contains(text), "`{text}`: {}", shown.stdout);
    }
    fs::write(&cut, "(component)").unwrap();
    let refused = run(folder.path(), &["module", "inspect", "cut.wasm"]).exits(3);
    assert!(refused.stderr.contains("wasm-tools parse"), "{}", refused.stderr);
    let missing = run(folder.path(), &["module", "inspect", "no.wasm"]).exits(3);
    assert!(missing.stderr.contains("NHI-MODULE-READ"), "{}", missing.stderr);
}

#[test]
fn cases_hold_or_say_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let tests = folder.path().join("tests");
    fs::create_dir_all(&tests).unwrap();
    let module = echo();
    let module = module.to_str().unwrap();
    let test = |more: &[&str]| {
        let arguments: Vec<&str> = ["module", "test", "--module", module]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        run(folder.path(), &arguments)
    };
    assert!(test(&[]).exits(3).stderr.contains("no file `*.hcl`"));
    let case = |expect: &str| {
        let written = format!("case \"one\" {{\n  change \"other_thing.a\" {{ after = {{}} }}\n{expect}\n}}\n");
        fs::write(tests.join("a.hcl"), written).unwrap();
    };
    case("expect \"TEST002\" { address = \"other_thing.a\" }");
    assert!(test(&[]).exits(0).stdout.contains("gap"), "there is no near miss");
    test(&["--strict"]).exits(1);
    for (expect, told) in [
        ("", "found, and not expected"),
        (
            "expect \"TEST002\" { address = \"other_thing.b\" }",
            "expected, and not found",
        ),
        (
            "expect \"TEST002\" { outcome = \"unverified\" }",
            "expected, and not found",
        ),
        ("expect \"NOPE1\" {}", "the module has no rule `NOPE1`"),
    ] {
        case(expect);
        let ran = test(&[]).exits(1);
        assert!(ran.stdout.contains(told), "`{expect}`: {}", ran.stdout);
    }
    case("expct \"TEST002\" {}");
    assert!(test(&[]).exits(2).stderr.contains("case `one`"));
    case("golden = true");
    assert!(test(&[]).exits(1).stdout.contains("--bless"));
    test(&["--bless"]).exits(0);
    test(&[]).exits(0);
    let golden = tests.join("golden/a-one.txt");
    let told = fs::read_to_string(&golden).unwrap();
    fs::write(&golden, told.replace("violation", "nothing")).unwrap();
    assert!(test(&[]).exits(1).stdout.contains("differs from"));
}

/// The component says back what it is told, and comes to no verdict.
const TOLD: &str = "{\"context\":true}";

#[test]
fn a_case_and_a_bench_tell_a_module_what_a_check_does() {
    let folder = tempfile::tempdir().unwrap();
    let tests = folder.path().join("tests");
    fs::create_dir_all(&tests).unwrap();
    fs::write(tests.join("policy.txt"), "organisation = \"example\"").unwrap();
    let case = r#"case "told" {
        settings = { context = true }
        now      = "2026-02-03T04:05:06Z"
        policy   = "policy.txt"
        exception "TEST002" {
          address      = "other_thing.a"
          path         = "size"
          value_sha256 = "00ff"
          expires_at   = "2026-03-01T00:00:00Z"
        }
        change "other_thing.a" { after = {} }
    }"#;
    fs::write(tests.join("a.hcl"), case).unwrap();
    let module = echo();
    let ran = run(
        folder.path(),
        &[
            "module",
            "test",
            "--module",
            module.to_str().unwrap(),
            "--format",
            "json",
        ],
    );
    let told = ran.exits(1).json()["cases"][0]["differences"][0]
        .as_str()
        .unwrap()
        .to_owned();
    for words in [
        "2026-02-03T04:05:06Z",
        r#"policy: Some("organisation = \"example\"")"#,
        r#"rule: "TEST002", address: "other_thing.a", path: "size", value_sha256: "00ff""#,
        r#"expires_at: "2026-03-01T00:00:00Z""#,
        "graph: Some(",
    ] {
        assert!(told.contains(words), "`{words}`: {told}");
    }
    fs::write(tests.join("a.hcl"), case.replace("policy.txt", "no.txt")).unwrap();
    let missing = run(folder.path(), &["module", "test", "--module", module.to_str().unwrap()]).exits(3);
    assert!(missing.stderr.contains("no.txt"), "{}", missing.stderr);

    // The component asks for the graph, so a bench hands it one.
    fs::write(
        folder.path().join("plan.json"),
        plan(&[create("other_thing.a", json!({}))]),
    )
    .unwrap();
    let arguments = [
        "module",
        "bench",
        module.to_str().unwrap(),
        "--plan",
        "plan.json",
        "--settings",
        TOLD,
    ];
    let said = run(folder.path(), &arguments).exits(3).stderr;
    assert!(said.contains("graph: Some("), "{said}");
}

#[test]
fn a_bench_tells_fuel_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let blocks: Vec<_> = (0..300)
        .map(|n| create(&format!("other_thing.n{n}"), json!({})))
        .collect();
    fs::write(folder.path().join("plan.json"), plan(&blocks)).unwrap();
    let module = echo();
    let bench = || {
        let arguments = [
            "module",
            "bench",
            module.to_str().unwrap(),
            "--plan",
            "plan.json",
            "--format",
            "json",
            "--runs",
            "3",
        ];
        run(folder.path(), &arguments).exits(0).json()
    };
    let (one, two) = (bench(), bench());
    assert_eq!((&one["changes"], &one["findings"]), (&json!(300), &json!(300)));
    assert!(one["fuel"].as_u64().unwrap() > 0);
    assert_eq!(one["fuel"], two["fuel"], "fuel is the same in every run");
    assert_eq!(two["cached"], true);
    let missing = run(
        folder.path(),
        &["module", "bench", module.to_str().unwrap(), "--plan", "no.json"],
    )
    .exits(3);
    assert!(missing.stderr.contains("no.json"), "{}", missing.stderr);
}

#[test]
fn what_was_changed_in_the_cache_is_told_and_a_grant_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    fs::write(
        folder.path().join("plan.json"),
        plan(&[create("other_thing.a", json!({}))]),
    )
    .unwrap();
    let module = echo();
    let check = |more: &[&str]| {
        let arguments: Vec<&str> = [
            "check",
            "plan.json",
            "--format",
            "json",
            "--module",
            module.to_str().unwrap(),
        ]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
        nhi(&arguments)
            .directory(folder.path())
            .env("NHI_CACHE_DIR", &cache)
            .run()
    };
    let first = check(&[]).json();
    assert!(!first.to_string().contains("compiled again"));
    let entries = fs::read_dir(&cache).unwrap().flatten().map(|entry| entry.path());
    let entry = entries
        .filter(|path| path.extension().is_some_and(|ending| ending == "cwasm"))
        .last()
        .unwrap();
    let mut code = fs::read(&entry).unwrap();
    let middle = code.len() / 2;
    code[middle] ^= 1;
    fs::write(&entry, code).unwrap();
    let second = check(&[]).json();
    assert!(second["notes"].to_string().contains("compiled again"), "{second:#}");
    assert_eq!(first["findings"], second["findings"]);
    let granted = check(&["--module-sees-sensitive", "echo"]).json();
    assert_eq!(granted["modules"][1]["sees_sensitive"], true);
    assert!(
        granted["notes"].to_string().contains("sees sensitive values"),
        "{granted:#}"
    );
    check(&["--module-sees-sensitive", "nobody"]).exits(2);
}

#[test]
fn the_doctor_runs_hostile_modules_and_tells_each_campaign_on_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(
        folder.path(),
        &[
            "module",
            "doctor",
            "--conformance",
            "--mutants",
            "20",
            "--one-in",
            "40",
            "--seed",
            "3",
        ],
    )
    .exits(0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    for campaign in [
        "endless loops",
        "recursion",
        "memory growth",
        "table growth",
        "compile bombs",
        "output bombs",
        "malformed records",
        "smuggled imports",
        "nondeterminism",
        "lies about rules",
        "terminal and markup",
        "mutated sections",
        "tampered cache",
        "stale lock",
        "downgrade",
        "moved tag",
        "a compiler taken over",
    ] {
        let told = lines.iter().any(|line| line.contains(&format!("{campaign}: ")));
        assert!(told, "{campaign}: {}", ran.stdout);
    }
    for line in lines {
        assert!(
            line.contains(" 0 failures, seed 3") && line.ends_with("planted defect found"),
            "{line}"
        );
    }
    run(folder.path(), &["module", "doctor", "--mutants", "20"]).exits(2);
}

/// A component whose one finding is made to deceive whoever reads it.
#[test]
fn what_a_module_says_is_harmless_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let address = "other_thing.a[\"\u{1b}]52;c;aGk=\u{7}\u{202e}::error::x\n##[error]y\"]";
    fs::write(folder.path().join("plan.json"), plan(&[create(address, json!({}))])).unwrap();
    for format in [
        "human", "json", "sarif", "junit", "github", "gitlab", "markdown", "html", "ocsf",
    ] {
        let module = echo();
        let arguments = [
            "check",
            "plan.json",
            "--format",
            format,
            "--module",
            module.to_str().unwrap(),
        ];
        let ran = run(folder.path(), &arguments);
        let raw = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!ran.stdout.contains(raw), "{format}: {:?}", ran.stdout);
        let is_command = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
        let commands: Vec<&str> = ran.stdout.lines().filter(|line| is_command(line)).collect();
        let own = commands.iter().all(|line| format == "github" && line.starts_with("::"));
        assert!(own, "{format}: {commands:?}");
    }
}
