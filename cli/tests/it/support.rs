//! Runs `nhi` and builds small plans.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.stdout, self.stderr))
    }
}

/// A command line of `nhi`, free of the caller's environment.
#[derive(Debug)]
pub(crate) struct Nhi {
    pub(crate) command: Command,
    input: Vec<u8>,
}

pub(crate) fn nhi(arguments: &[&str]) -> Nhi {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhi"));
    command.args(arguments);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "NHI_WITH", "TF_DATA_DIR"] {
        command.env_remove(name);
    }
    // Modules are compiled once for all tests, and nobody's own cache is touched.
    command.env("NHI_CACHE_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("modules"));
    Nhi {
        command,
        input: Vec::new(),
    }
}

/// `nhi check -` with more arguments.
pub(crate) fn check(plan: impl AsRef<[u8]>, arguments: &[&str]) -> Ran {
    let mut nhi = nhi(&["check", "-"]);
    nhi.command.args(arguments);
    nhi.input(plan).run()
}

/// The JSON report of a plan.
pub(crate) fn report(plan: impl AsRef<[u8]>, arguments: &[&str]) -> Value {
    let mut all = vec!["--format", "json"];
    all.extend(arguments);
    check(plan, &all).json()
}

impl Nhi {
    pub(crate) fn input(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.input = bytes.as_ref().to_vec();
        self
    }

    pub(crate) fn directory(mut self, path: &Path) -> Self {
        self.command.current_dir(path);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn run(mut self) -> Ran {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = self.input;
        // A run that ends before it has read everything closes the pipe, which is its right.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A managed resource that is created.
pub(crate) fn create(address: &str, after: Value) -> Value {
    let parts: Vec<&str> = address.splitn(3, ['.', '[']).collect();
    let mut change = json!({
        "address": address, "mode": "managed", "type": parts[0], "name": parts[1],
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": ["create"], "before": null, "after_unknown": {},
            "before_sensitive": false, "after_sensitive": {},
        },
    });
    change["change"]["after"] = after;
    change
}

/// A plan of these changes.
pub(crate) fn plan(changes: &[Value]) -> String {
    json!({
        "format_version": "1.2", "terraform_version": "1.12.6", "planned_values": {"root_module": {}},
        "resource_changes": changes, "configuration": {"root_module": {}}, "errored": false,
    })
    .to_string()
}

/// A ZIP archive with nothing packed, as the format's description has it.
pub(crate) fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    let four = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let two = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
    for (name, text) in files {
        let start = out.len();
        let sizes = [
            &[0; 4][..],
            &four(text.len()),
            &four(text.len()),
            &two(name.len()),
            &[0; 2],
        ]
        .concat();
        out.extend(
            [
                b"PK\x03\x04",
                &[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..],
                &sizes,
                name.as_bytes(),
                text.as_bytes(),
            ]
            .concat(),
        );
        let head = [b"PK\x01\x02", &[20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &sizes].concat();
        directory.extend([&head[..], &[0; 10], &four(start), name.as_bytes()].concat());
    }
    let (start, count) = (out.len(), two(files.len()));
    out.extend(&directory);
    let end = [
        b"PK\x05\x06",
        &[0; 4][..],
        &count,
        &count,
        &four(directory.len()),
        &four(start),
        &[0; 2],
    ]
    .concat();
    out.extend(end);
    out
}

/// A resource that no rule objects to.
pub(crate) fn harmless() -> Value {
    create("aws_s3_bucket.logs", json!({"bucket": "logs"}))
}

/// A static key: high.
pub(crate) fn key(address: &str) -> Value {
    create(address, json!({"user": "ci", "status": "Active", "pgp_key": null}))
}

/// A policy on a role that allows everything: critical.
pub(crate) fn administrator(address: &str) -> Value {
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    create(
        address,
        json!({"name": "admin", "role": "deploy", "policy": document.to_string()}),
    )
}

/// A policy on a role whose document nobody can know before apply.
pub(crate) fn unknown_policy(address: &str) -> Value {
    let mut change = create(address, json!({"name": "later", "role": "deploy"}));
    change["change"]["after_unknown"] = json!({"policy": true});
    change
}

/// A component that was built beside `nhi`.
pub(crate) fn component(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_nhi")).parent().unwrap();
    let path = folder.join(name);
    assert!(
        path.is_file(),
        "`{}` is missing: run `cargo xtask test`",
        path.display()
    );
    path
}

/// The codes of a report's findings, in order.
pub(crate) fn codes(report: &Value) -> Vec<&str> {
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect()
}
