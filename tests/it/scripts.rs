//! Policy modules in Python and JavaScript: from an empty folder to a component that judges a plan, by the tools
//! themselves; and what is said where they are missing.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use support::{Nhi, Outcome, Ran, Started, programs};

/// A language, as its tests need it.
struct Script {
    language: &'static str,
    /// Names the folder with its tool; `cargo xtask test` sets it.
    variable: &'static str,
    /// The folder of the tool, as it stands in a module's folder.
    tool: &'static str,
    /// Runs tests in plain files.
    interpreter: &'static [&'static str],
    /// The rule's file, a text in it, and that text when the rule no longer flags anything.
    broken: [&'static str; 3],
    /// The same for a rule that looks at a clock.
    clock: &'static str,
}

const PYTHON: Script = Script {
    language: "python",
    variable: "NHI_TEST_PYTHON_TOOLS",
    tool: ".venv",
    interpreter: &["python3", "-B", "-m", "unittest", "discover", "tests"],
    broken: ["src/missing_tag.py", "if not change.remains:", "if True:"],
    clock: "if __import__(\"time\").time() < 0:",
};

const JAVASCRIPT: Script = Script {
    language: "javascript",
    variable: "NHI_TEST_JAVASCRIPT_TOOLS",
    tool: "node_modules",
    interpreter: &["node", "--test", "tests/"],
    broken: ["src/missing-tag.js", "if (!change.remains) return;", "return;"],
    clock: "if (Date.now() < 0) return;",
};

impl Script {
    /// A new module with the tool in it; none where the tool is not here, which is said.
    fn scaffold(&self) -> Result<Option<(tempfile::TempDir, PathBuf)>> {
        let Some(tools) = env::var_os(self.variable).filter(|path| !path.is_empty()) else {
            support::say(&format!(
                "SKIPPED: a module in {}, built for real; `cargo xtask test` fetches what it needs",
                self.language
            ));
            return Ok(None);
        };
        let folder = tempfile::tempdir()?;
        nhi(folder.path(), &["new", "team-policy", "--language", self.language])?.exits(0)?;
        let own = folder.path().join("team-policy");
        std::os::unix::fs::symlink(Path::new(&tools).join(self.tool), own.join(self.tool))?;
        Ok(Some((folder, own)))
    }

    fn replace(&self, own: &Path, wanted: &str) -> Result<()> {
        let [file, text, _] = self.broken;
        let file = own.join(file);
        let source = fs::read_to_string(&file)?;
        ensure!(source.contains(text), "`{text}` is not in {}", file.display());
        fs::write(&file, source.replacen(text, wanted, 1))?;
        Ok(())
    }
}

/// Compiled modules are kept for all tests and all their runs: an interpreter takes its time.
fn cache() -> Result<PathBuf> {
    Ok(programs::folder()?.join("script-modules"))
}

fn nhi(folder: &Path, arguments: &[&str]) -> Result<Ran> {
    command(folder, &[&["module"], arguments].concat())
}

fn command(folder: &Path, arguments: &[&str]) -> Result<Ran> {
    Nhi::new(folder)?
        .args(arguments.iter().copied())
        .env("NHI_CACHE_DIR", &cache()?.display().to_string())
        .run()
}

fn document(ran: &Ran) -> Result<Value> {
    serde_json::from_str(&ran.stdout).with_context(|| ran.said())
}

fn bucket(name: &str, tags: &Value) -> Value {
    json!({
        "address": format!("aws_s3_bucket.{name}"), "mode": "managed", "type": "aws_s3_bucket", "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": ["create"], "before": null, "after": {"bucket": name, "tags": tags},
            "after_unknown": {}, "before_sensitive": false, "after_sensitive": {},
        },
    })
}

fn plan(changes: &[Value]) -> String {
    json!({
        "format_version": "1.2", "terraform_version": "1.12.6", "planned_values": {"root_module": {}},
        "resource_changes": changes, "configuration": {"root_module": {}}, "errored": false,
    })
    .to_string()
}

fn an_empty_folder_becomes_a_module_that_judges(script: &Script) -> Outcome {
    let Some((_folder, own)) = script.scaffold()? else {
        return Ok(());
    };
    let module = "target/team-policy.wasm";
    let built = document(&nhi(&own, &["build", "--offline", "--format", "json"])?.exits(0)?)?;
    ensure!(built["imports"] == json!([]), "{built}");
    ensure!(
        built["abi"] == "1.0.0" && built["name"] == "team-policy" && built["canaries"] == 1,
        "{built}"
    );
    ensure!(built["rules"][0]["code"] == "TEAM001", "{built}");

    // Every case runs twice there, and differs in nothing.
    let tested = document(&nhi(&own, &["test", "--strict", "--format", "json"])?.exits(0)?)?;
    ensure!(tested["passed"] == 6 && tested["failed"] == 0, "{tested}");
    ensure!(tested["uncovered"] == json!([]), "{tested}");

    let plain: Vec<Value> = (0..300)
        .map(|n| bucket(&format!("b{n}"), &json!({"owner": if n % 3 == 0 { "" } else { "x" }})))
        .collect();
    fs::write(own.join("plan.json"), plan(&plain))?;
    let bench = [
        "bench",
        module,
        "--plan",
        "plan.json",
        "--runs",
        "3",
        "--format",
        "json",
    ];
    // It fails by itself where two runs burn different fuel; two programs burn the same as well.
    let costs = [
        document(&nhi(&own, &bench)?.exits(0)?)?,
        document(&nhi(&own, &bench)?.exits(0)?)?,
    ];
    ensure!(costs[0]["findings"] == 100, "{}", costs[0]);
    ensure!(
        costs[0]["fuel"] == costs[1]["fuel"] && costs[0]["fuel"] != 0,
        "{costs:?}"
    );
    ensure!(costs[1]["cached"] == true, "{}", costs[1]);
    // An operator sees when a release makes modules dearer: about 160,000 a block, and 13 MiB.
    let [fuel, memory] =
        ["fuel_per_change", "memory_peak_bytes"].map(|name| costs[0][name].as_u64().unwrap_or(u64::MAX));
    ensure!(fuel < 400_000 && memory < 32 << 20, "{}", costs[0]);

    let check = ["check", "plan.json", "--module", module, "--format", "json"];
    let [first, second] = [command(&own, &check)?.exits(1)?, command(&own, &check)?.exits(1)?];
    let (first, second) = (document(&first)?, document(&second)?);
    ensure!(first["findings"] == second["findings"], "two runs, the same findings");
    ensure!(first["modules"][1]["usage"]["canaries"] == 1, "{}", first["modules"]);
    Ok(())
}

fn mistakes_are_found_where_they_are_made(script: &Script) -> Outcome {
    let Some((_folder, own)) = script.scaffold()? else {
        return Ok(());
    };
    // Its own tests, without a sandbox, and the SDK's.
    plain(script, &own)?.exits(0)?;
    let sdk = programs::root().join("sdk").join(script.language);
    plain(script, &sdk)?.exits(0)?;

    // A clock is not there, and the run says so.
    script.replace(&own, script.clock)?;
    nhi(&own, &["build"])?.exits(0)?;
    nhi(&own, &["test"])?
        .exits(1)?
        .says(&["NHI-MODULE-UNDECIDED", "TEAM001", "clock"])?;

    // A rule that no longer flags anything is found by its canary.
    let [file, text, silent] = script.broken;
    let source = fs::read_to_string(own.join(file))?;
    fs::write(own.join(file), source.replacen(script.clock, silent, 1))?;
    plain(script, &own)?.exits(1)?;
    nhi(&own, &["build"])?.exits(0)?;
    nhi(&own, &["test"])?.exits(1)?.says(&["NHI-MODULE-CANARY"])?;

    // What the tool says of a mistake in the source reaches its author, and nothing is written.
    let built = fs::read(own.join("target/team-policy.wasm"))?;
    fs::write(own.join(file), source.replacen(script.clock, &format!("{text} ]["), 1))?;
    let name = Path::new(file)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    nhi(&own, &["build"])?
        .exits(3)?
        .says(&["did not build the module", &name])?;
    ensure!(
        built == fs::read(own.join("target/team-policy.wasm"))?,
        "the component before is still there"
    );
    Ok(())
}

fn plain(script: &Script, folder: &Path) -> Result<Ran> {
    let Some((program, arguments)) = script.interpreter.split_first() else {
        anyhow::bail!("no interpreter");
    };
    let mut command = Command::new(program);
    let path = env::join_paths([folder.join("src"), folder.join("sdk"), folder.to_path_buf()])?;
    command.args(arguments).current_dir(folder).env("PYTHONPATH", path);
    Started::new(command, None)?.wait()
}

#[test]
fn a_module_in_python() -> Outcome {
    an_empty_folder_becomes_a_module_that_judges(&PYTHON)
}

#[test]
fn a_module_in_javascript() -> Outcome {
    an_empty_folder_becomes_a_module_that_judges(&JAVASCRIPT)
}

#[test]
fn mistakes_in_python() -> Outcome {
    mistakes_are_found_where_they_are_made(&PYTHON)
}

#[test]
fn mistakes_in_javascript() -> Outcome {
    mistakes_are_found_where_they_are_made(&JAVASCRIPT)
}

#[test]
fn a_tool_that_is_missing_is_named_with_the_command_that_fetches_it() -> Outcome {
    let folder = tempfile::tempdir()?;
    // Nothing is fetched unless it is asked for, and where it is asked for a missing interpreter is told.
    let empty = folder.path().join("empty");
    fs::create_dir(&empty)?;
    let path = empty.display().to_string();
    let build = |language: &str, more: &[&str]| -> Result<Ran> {
        let own = folder.path().join(language);
        Nhi::new(&own)?
            .args(["module", "build"])
            .args(more.iter().copied())
            .env("PATH", &path)
            .env("VIRTUAL_ENV", &path)
            .run()
    };
    for (language, missing, fix) in [
        ("python", "componentize-py 0.25.1 is not here", "pip install"),
        ("javascript", "node is not here", "install Node.js"),
    ] {
        nhi(folder.path(), &["new", language, "--language", language])?.exits(0)?;
        build(language, &[])?.exits(3)?.says(&[missing, fix])?;
    }
    build("python", &["--install"])?
        .exits(3)?
        .says(&["python3 is not here"])?;
    build("python", &["--install", "--offline"])?.exits(2)?;

    // Another version than the one that is pinned does not build.
    let bin = folder.path().join("python/.venv/bin");
    fs::create_dir_all(&bin)?;
    let tool = bin.join("componentize-py");
    fs::write(&tool, "#!/bin/sh\necho componentize-py 0.13.0\n")?;
    fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    build("python", &[])?
        .exits(3)?
        .says(&["pins componentize-py 0.25.1", "0.13.0"])?;
    Ok(())
}
