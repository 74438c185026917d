//! What a hostile supply of modules tries: a lock that is not what the policy file asks for, a version that goes down, a
//! version that is exchanged.
//!
//! Everything goes through what a check goes through, on files in a folder that is nobody else's.

use std::fs;
use std::path::{Path, PathBuf};

use nhi_governance::Digest;
use nhi_modules::{Named, Store, choose};
use nhi_policy_file::{Constraint, LOCK_FILE, Source, Version};
use nhi_policy_host::conformance::Campaign;

use crate::locked;

/// Any bytes: what a module does is of no concern here.
const WASM: &[u8] = b"\0asm\x0d\0\x01\0 a module that was reviewed";
const POLICY: &str = "module \"naming\" {\n  source = \"./naming.wasm\"\n  level  = \"mandatory\"\n}\n";
/// How a case is told, and whether it was refused.
type Case = (String, Result<(), String>);

/// All campaigns.
pub(super) fn campaigns(scratch: &Path, seed: u64) -> Vec<Campaign> {
    vec![stale(scratch, seed), downgrade(seed), moved(scratch, seed)]
}

fn refused<T, E>(answer: &Result<T, E>) -> Result<(), String> {
    if answer.is_ok() {
        return Err(String::from("was taken"));
    }
    Ok(())
}

/// The three files of a case.
#[derive(Clone)]
struct Files {
    policy: String,
    lock: Option<String>,
    wasm: Vec<u8>,
}

impl Files {
    fn sound() -> Self {
        let digest = Digest::of(WASM);
        let lock = format!(
            "module \"naming\" {{\n  source  = \"./naming.wasm\"\n  version = \"1.2.0\"\n  floor   = \"1.2.0\"\n  \
             wasm    = \"sha256:{digest}\"\n  abi     = \"nhi:policy@1.0.0\"\n  imports = []\n  signers = []\n}}\n"
        );
        Self {
            policy: POLICY.to_owned(),
            lock: Some(lock),
            wasm: WASM.to_vec(),
        }
    }

    /// The same with one text of the lock exchanged for another.
    fn lock(mut self, text: &str, other: &str) -> Self {
        self.lock = self.lock.map(|lock| lock.replacen(text, other, 1));
        self
    }

    fn policy(mut self, text: &str, other: &str) -> Self {
        self.policy = self.policy.replacen(text, other, 1);
        self
    }

    /// Whether a check would run the module; an error says why the case cannot be judged, or that it was taken.
    fn judge(&self, folder: &Path) -> Result<(), String> {
        let told = |error: std::io::Error| error.to_string();
        let (policy, lock) = (folder.join("nhi.hcl"), folder.join(LOCK_FILE));
        fs::write(&policy, &self.policy).map_err(told)?;
        fs::write(folder.join("naming.wasm"), &self.wasm).map_err(told)?;
        match &self.lock {
            Some(text) => fs::write(&lock, text).map_err(told)?,
            None => fs::remove_file(&lock).map_err(told)?,
        }
        let mut problems = Vec::new();
        match locked::read(&policy, &mut problems) {
            Ok(_) if problems.is_empty() => Err(String::from("was taken")),
            _ => Ok(()),
        }
    }
}

fn stale(scratch: &Path, seed: u64) -> Campaign {
    const NAME: &str = "stale lock";
    let folder: PathBuf = scratch.join("stale");
    if let Err(error) = fs::create_dir_all(&folder) {
        let cases = [(String::from("its folder"), Err(error.to_string()))];
        return Campaign::of(NAME, seed, cases, true);
    }
    // What nobody changed has to pass, or everything would.
    let planted = Files::sound().judge(&folder);
    let cases: Vec<Case> = stale_cases()
        .into_iter()
        .map(|(name, files)| {
            let verdict = files.judge(&folder);
            (name, verdict)
        })
        .collect();
    Campaign::of(NAME, seed, cases, planted.is_err())
}

fn stale_cases() -> Vec<(String, Files)> {
    let sound = Files::sound;
    let mut cases: Vec<(String, Files)> = Vec::new();
    let digest = Digest::of(WASM).to_string();
    for (at, digit) in digest.char_indices() {
        let other = if digit == '0' { "1" } else { "0" };
        let mut text = digest.clone();
        text.replace_range(at..=at, other);
        cases.push((format!("digit {at} of the digest"), sound().lock(&digest, &text)));
    }
    for at in 0..WASM.len() {
        let mut files = sound();
        if let Some(byte) = files.wasm.get_mut(at) {
            *byte ^= 1;
        }
        cases.push((format!("byte {at} of the module"), files));
    }
    for floor in ["1.2.1", "1.3.0", "2.0.0", "10.0.0"] {
        cases.push((
            format!("a version below the floor {floor}"),
            sound().lock("floor   = \"1.2.0\"", &format!("floor = \"{floor}\"")),
        ));
    }
    for line in ["source", "version", "floor", "wasm", "abi"] {
        let mut files = sound();
        let kept = |lock: String| -> String {
            let lines = lock.lines().filter(|text| !text.trim_start().starts_with(line));
            lines.flat_map(|text| [text, "\n"]).collect()
        };
        files.lock = files.lock.map(kept);
        cases.push((format!("a lock without `{line}`"), files));
    }
    let lock = sound().lock.unwrap_or_default();
    let whole = [
        ("no lock", None),
        ("an empty lock", Some(String::new())),
        ("half a lock", lock.get(..lock.len() / 2).map(str::to_owned)),
        ("a lock that says all twice", Some(format!("{lock}{lock}"))),
        ("a lock that is no HCL", Some(String::from("{\"module\":{}}"))),
        (
            "a lock of an attribute that is none",
            Some(lock.replace("abi ", "trusted = true\n  abi ")),
        ),
        (
            "a lock of another name",
            Some(lock.replace("\"naming\"", "\"namings\"")),
        ),
        (
            "a lock of another file",
            Some(lock.replace("./naming.wasm", "./other.wasm")),
        ),
        (
            "a lock of a repository",
            Some(lock.replace("./naming.wasm", "oci://registry.example/naming")),
        ),
        (
            "a lock of one module more",
            Some(format!("{lock}{}", lock.replace("\"naming\"", "\"other\""))),
        ),
        (
            "a lock that grants sensitive values",
            Some(lock.replace("imports", "sensitive_values = true\n  imports")),
        ),
        (
            "a lock of a signer that signs nothing",
            Some(lock.replace("signers = []", "signers = [\"platform\"]")),
        ),
    ];
    for (name, lock) in whole {
        cases.push((name.to_owned(), Files { lock, ..sound() }));
    }
    for (name, text, other) in [
        ("another file", "./naming.wasm", "./other.wasm"),
        ("another name", "\"naming\"", "\"other\""),
        ("sensitive values", "\n}", "\n  sensitive_values = true\n}"),
    ] {
        cases.push((
            format!("a policy file that asks for {name}"),
            sound().policy(text, other),
        ));
    }
    let more = format!("{POLICY}{}", POLICY.replace("\"naming\"", "\"other\""));
    cases.push((
        "a policy file of one module more".to_owned(),
        Files {
            policy: more,
            ..sound()
        },
    ));
    let none = Files {
        policy: String::new(),
        ..sound()
    };
    cases.push(("a policy file of no module".to_owned(), none));
    cases
}

fn downgrade(seed: u64) -> Campaign {
    let there = ["0.1.0", "0.9.9", "1.0.0", "1.1.9", "1.2.0-rc.1"];
    let floors = ["1.2.0", "1.2.1", "1.3.0", "2.0.0", "10.0.0"];
    let constraints = [">= 0.1.0", "< 2.0.0", ">= 0.1.0, < 11.0.0"];
    let judge = |versions: &[&str], constraint: &str, floor: &str| -> Result<(), String> {
        let told = |what: &str| format!("`{what}` cannot be read");
        let constraint = Constraint::parse(constraint).map_err(|_| told(constraint))?;
        let floor = Version::parse(floor).map_err(|_| told(floor))?;
        let versions: Vec<Version> = versions.iter().filter_map(|text| Version::parse(text).ok()).collect();
        refused(&choose("naming", &versions, &constraint, Some(&floor)))
    };
    let mut cases: Vec<Case> = Vec::new();
    for floor in floors {
        for constraint in constraints {
            for last in 1..=there.len() {
                let versions = there.get(..last).unwrap_or_default();
                let name = format!(
                    "up to {}, `{constraint}`, floor {floor}",
                    versions.last().unwrap_or(&"")
                );
                cases.push((name, judge(versions, constraint, floor)));
            }
        }
    }
    let planted = judge(&["1.1.0", "1.2.0"], ">= 0.1.0", "1.2.0");
    Campaign::of("downgrade", seed, cases, planted.is_err())
}

fn moved(scratch: &Path, seed: u64) -> Campaign {
    const NAME: &str = "moved tag";
    let store = Store::at(scratch.join("store"));
    let named = |source: &str, version: &str, manifest: &[u8]| {
        Some(Named {
            source: Source::parse(source).ok()?,
            version: Version::parse(version).ok()?,
            manifest: Digest::of(manifest),
        })
    };
    let mut cases: Vec<Case> = Vec::new();
    let mut planted = Vec::new();
    for source in [
        "oci://registry.example/naming",
        "oci://registry.example/policy/naming",
        "oci://127.0.0.1:5000/a/b",
    ] {
        for version in ["1.0.0", "1.2.0", "1.2.0-rc.1", "10.20.30"] {
            let Some(first) = named(source, version, b"first") else {
                cases.push((format!("{source}:{version}"), Err(String::from("cannot be read"))));
                continue;
            };
            let kept = store.name(&first, false).map_err(|problem| problem.message);
            cases.push((format!("{source}:{version} for the first time"), kept));
            for (number, manifest) in [b"second".as_slice(), b"", b"firs", b"first ", b"First"]
                .into_iter()
                .enumerate()
            {
                let Some(other) = named(source, version, manifest) else {
                    continue;
                };
                let name = format!("{source}:{version} is another manifest, {number}");
                cases.push((format!("{name}, fetched"), refused(&store.refuse_moved(&other))));
                cases.push((format!("{name}, noted"), refused(&store.name(&other, false))));
            }
            planted.push(refused(&store.refuse_moved(&first)));
        }
    }
    Campaign::of(
        NAME,
        seed,
        cases,
        !planted.is_empty() && planted.iter().all(Result::is_err),
    )
}
