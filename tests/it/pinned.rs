//! Modules that `nhi.hcl` names and `nhi.lock.hcl` pins: what runs, what is refused, how much it counts.

mod known;
mod levels;
mod lock;
mod looser;
mod offline;
mod refused;
mod update;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use nhi_modules::{KeyKind, SigningKey, no_passphrase};
use serde_json::{Value, json};
use support::{Nhi, Outcome, Shelf, programs};
use tempfile::TempDir;

/// Compiled modules; each is compiled once for all tests.
const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/modules");

/// The repository of the module that comes from a registry.
const REPOSITORY: &str = "policy/team";

/// A folder with a policy file, a plan, a store and a registry: `team-policy` comes from the registry, signed by
/// `platform`, and `team-extras` is a file beside the policy file.
struct World {
    folder: TempDir,
    shelf: Shelf,
    key: SigningKey,
    policy: Value,
}

/// The example module under another name of the same length, in another version, with another code for its rule.
fn variant(name: &str, version: &str, code: &str) -> Result<Vec<u8>> {
    let mut wasm = std::fs::read(programs::file("example-policy-module.wasm")?)?;
    for (from, to) in [("team-policy", name), ("0.1.0", version), ("TEAM001", code)] {
        exchange(&mut wasm, from, to)?;
    }
    Ok(wasm)
}

/// Puts one text into the place of another one of its length.
fn exchange(wasm: &mut [u8], from: &str, to: &str) -> Result<()> {
    ensure!(from.len() == to.len(), "`{from}` and `{to}` are not of one length");
    let is_number = |at: usize| wasm.get(at).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.');
    // A version is not the middle of another number.
    let is_whole = |at: usize| from != "0.1.0" || !(is_number(at.wrapping_sub(1)) || is_number(at + from.len()));
    let starts = |at: &usize| wasm[*at..].starts_with(from.as_bytes());
    let places: Vec<usize> = (0..wasm.len()).filter(starts).filter(|at| is_whole(*at)).collect();
    ensure!(!places.is_empty(), "the example module holds no `{from}`");
    for at in places {
        wasm[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    Ok(())
}

/// `team-policy` in a version, with this code for its only rule.
fn team(version: &str, code: &str) -> Result<Vec<u8>> {
    variant("team-policy", version, code)
}

fn extras() -> Result<Vec<u8>> {
    variant("team-extras", "1.0.0", "XTRA001")
}

pub(crate) fn key() -> Result<SigningKey> {
    let told = |problem: nhi_governance::Problem| anyhow::anyhow!("{problem}");
    let pem = SigningKey::generate(KeyKind::Ed25519).map_err(told)?;
    SigningKey::read(pem.as_bytes(), no_passphrase).map_err(told)
}

/// A plan with some buckets, of which one in fifty has no tags, as JSON.
fn plan(buckets: usize) -> String {
    let change = |index: usize| {
        let tags = match index % 50 {
            0 => json!({}),
            _ => json!({"cost-center": "42", "data-classification": "internal"}),
        };
        json!({
            "address": format!("aws_s3_bucket.logs[{index}]"), "mode": "managed", "type": "aws_s3_bucket",
            "name": "logs", "index": index, "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {
                "actions": ["create"], "before": null, "after": {"bucket": "logs", "tags": tags},
                "after_unknown": {}, "before_sensitive": false, "after_sensitive": {},
            },
        })
    };
    json!({
        "format_version": "1.2", "terraform_version": "1.12.6", "planned_values": {"root_module": {}},
        "resource_changes": (0..buckets).map(change).collect::<Vec<_>>(),
        "configuration": {"root_module": {}}, "errored": false,
    })
    .to_string()
}

impl World {
    /// With version 0.1.0 published, and nothing locked.
    fn new() -> Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        // A cache that others may write to is not used.
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(CACHE)?;
        let (folder, shelf, key) = (tempfile::tempdir()?, Shelf::open()?, key()?);
        shelf.publish(REPOSITORY, "team-policy", "0.1.0", &team("0.1.0", "TEAM001")?, &[&key])?;
        std::fs::write(folder.path().join("extras.wasm"), extras()?)?;
        std::fs::write(folder.path().join("plan.json"), plan(1))?;
        let policy = json!({
            "organisation": "example",
            "module": {
                "team-policy": {
                    "source": shelf.source(REPOSITORY), "version": ">= 0.1.0", "level": "overridable",
                    "settings": { "required_tags": ["cost-center"] },
                },
                "team-extras": { "source": "./extras.wasm", "level": "advisory" },
            },
            "signer": { "platform": { "key": key.public().to_pem() } },
            "trust": { format!("{}*", shelf.source("policy/")): { "any_of": ["platform"] } },
        });
        let world = Self {
            folder,
            shelf,
            key,
            policy,
        };
        world.write()?;
        Ok(world)
    }

    /// The same, with the lock written.
    fn locked() -> Result<Self> {
        let world = Self::new()?;
        world.nhi(&["module", "lock"])?.run()?.exits(0)?;
        Ok(world)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the policy file, which may be JSON.
    fn write(&self) -> Result<()> {
        std::fs::write(self.path("nhi.hcl"), self.policy.to_string()).context("write the policy file")
    }

    /// Changes the policy file.
    fn change(&mut self, change: impl FnOnce(&mut Value)) -> Result<()> {
        change(&mut self.policy);
        self.write()
    }

    fn publish(&self, version: &str, code: &str) -> Result<()> {
        let wasm = team(version, code)?;
        self.shelf
            .publish(REPOSITORY, "team-policy", version, &wasm, &[&self.key])?;
        Ok(())
    }

    fn lock_text(&self) -> Result<String> {
        std::fs::read_to_string(self.path("nhi.lock.hcl")).context("read the lock file")
    }

    fn nhi(&self, arguments: &[&str]) -> Result<Nhi> {
        Ok(self
            .at_home(Nhi::new(self.folder.path())?)
            .args(arguments.iter().copied()))
    }

    /// With the store of this world, and the cache of compiled modules that all of them share.
    fn at_home(&self, nhi: Nhi) -> Nhi {
        let store = self.path("store").display().to_string();
        nhi.env("NHI_MODULE_STORE", &store).env("NHI_CACHE_DIR", CACHE)
    }

    fn check(&self, arguments: &[&str], code: i32) -> Result<Value> {
        let all: Vec<&str> = ["check", "plan.json", "--format", "json"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        self.nhi(&all)?.json(code)
    }

    /// The blob of the only module in the store that came from the registry.
    fn stored(&self) -> Result<PathBuf> {
        let wasm = team("0.1.0", "TEAM001")?;
        let digest = nhi_governance::Digest::of(&wasm).to_string();
        Ok(self.path("store").join("blobs").join("sha256").join(digest))
    }
}

fn codes(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    findings.iter().filter_map(|finding| finding["code"].as_str()).collect()
}

/// Removes a folder or a file that has to be there.
fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() {
        std::fs::remove_dir_all(path)
    } else {
        std::fs::remove_file(path)
    };
    removed.with_context(|| format!("remove {}", path.display()))
}

#[test]
fn two_modules_run_as_one_lock_pins_them() -> Outcome {
    let world = World::locked()?;
    let report = world.check(&[], 1)?;
    ensure!(codes(&report) == ["TEAM001", "XTRA001"], "{report}");
    let modules = report["modules"].as_array().context("modules")?;
    let told: Vec<_> = modules
        .iter()
        .map(|module| (module["name"].as_str(), module["level"].as_str()))
        .collect();
    let wanted = [("team-extras", "advisory"), ("team-policy", "overridable")];
    ensure!(told.len() == 3 && told[0].1.is_none(), "{told:?}");
    for (name, level) in wanted {
        ensure!(told.contains(&(Some(name), Some(level))), "{told:?}");
    }
    // The settings of the policy file reach the module: its default asks for another tag.
    let finding = &report["findings"][0];
    ensure!(
        finding["message"]
            .as_str()
            .is_some_and(|text| text.contains("cost-center")),
        "{finding}"
    );

    // The same by standard input, where the policy file stands in the current directory, and by its path.
    let piped = world.nhi(&["check", "-", "--format", "json"])?.input(plan(1)).json(1)?;
    ensure!(piped["findings"] == report["findings"], "{piped}");
    let elsewhere = tempfile::tempdir()?;
    let policy = world.path("nhi.hcl").display().to_string();
    let named = world.at_home(Nhi::new(elsewhere.path())?);
    let named = named
        .args(["check", "-", "--format", "json", "--policy", &policy])
        .input(plan(1));
    ensure!(named.json(1)?["findings"] == report["findings"]);
    // Near miss: where there is no policy file, no module of it runs.
    let bare = world.at_home(Nhi::new(elsewhere.path())?);
    let bare = bare.args(["check", "-", "--format", "json"]).input(plan(1)).json(0)?;
    ensure!(
        bare["modules"].as_array().is_some_and(|modules| modules.len() == 1),
        "{bare}"
    );
    Ok(())
}

#[test]
fn what_the_policy_file_decides_no_command_line_changes() -> Outcome {
    let world = World::locked()?;
    for arguments in [
        ["--module-settings", r#"team-policy={"required_tags": ["owner"]}"#],
        ["--module-sees-sensitive", "team-policy"],
    ] {
        let all: Vec<&str> = ["check", "plan.json"].iter().chain(&arguments).copied().collect();
        let words = ["team-policy", "the policy file"];
        world.nhi(&all)?.run()?.exits(2)?.says(&words)?;
    }
    // A module of the command line does not take the place of a locked one.
    let impostor = world.path("impostor.wasm");
    std::fs::write(&impostor, team("9.9.9", "TEAM001")?)?;
    let report = world.check(&["--module", &impostor.display().to_string()], 3)?;
    ensure!(codes(&report).contains(&"NHI-MODULE-CONFLICT"), "{report}");
    ensure!(codes(&report).contains(&"TEAM001"), "the locked one runs: {report}");
    Ok(())
}

#[test]
fn how_many_sessions_run_at_once_changes_no_byte_of_the_report() -> Outcome {
    let world = World::locked()?;
    // More than one session of the host.
    std::fs::write(world.path("plan.json"), plan(8_300))?;
    let arguments = ["check", "plan.json", "--format", "json"];
    let wide = world.nhi(&arguments)?.run()?.exits(1)?;
    let report: Value = serde_json::from_str(&wide.stdout)?;
    let sessions = report["modules"][2]["usage"]["sessions"].as_u64();
    ensure!(sessions.is_some_and(|sessions| sessions > 1), "{sessions:?}");
    let narrow = match Nhi::started_by(&["taskset", "-c", "0"], world.folder.path()) {
        Ok(nhi) => world.at_home(nhi).args(arguments).run(),
        Err(error) => Err(error),
    };
    let narrow = match narrow {
        Ok(narrow) => narrow,
        Err(error) => return support::cores::skip_unless_ci(&format!("`taskset` does not run: {error:#}")),
    };
    ensure!(
        narrow.exits(1)?.stdout == wide.stdout,
        "one session at a time says something else"
    );
    Ok(())
}
