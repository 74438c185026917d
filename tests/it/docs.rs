//! What the documents show is what happens: every example is applied, every command of the README exists.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use nhi_governance::Timestamp;
use support::{Core, Kind, Nhi, Outcome, Stack, Started, programs};

use crate::fixtures::WAIVING;

support::legs!(
    every_example_of_a_resource_is_applied,
    every_example_of_a_data_source_and_of_a_function_is_applied,
    every_other_example_is_well_formed,
    every_stack_is_applied_after_a_real_init,
    the_readme_is_applied,
);

fn folders(under: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(programs::root().join(under)).with_context(|| format!("list `{under}`"))? {
        found.push(entry?.path());
    }
    found.retain(|path| path.is_dir());
    found.sort();
    ensure!(!found.is_empty(), "nothing under {under}");
    Ok(found)
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("read `{}`", path.display()))
}

/// The whole life: apply, nothing left to do, destroy.
fn lives(stack: &Stack) -> Outcome {
    stack.apply()?.succeeds()?;
    stack.plans_empty()?;
    stack.nhi(&["audit", "verify"])?.run()?.succeeds()?;
    stack.destroy()?.succeeds()?;
    Ok(())
}

fn every_example_of_a_resource_is_applied(core: &Core) -> Outcome {
    let provider = read(&programs::root().join("examples/provider/provider.tf"))?;
    // The block that names the provider stands in both; a configuration may have it once.
    let provider = without_header(&provider)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let soon = Timestamp::from_unix(i64::try_from(now)? + 30 * 86_400).to_string();
    for folder in folders("examples/resources")? {
        // An exception has an end of its own, which no example can hold for long.
        let stack = Stack::new(core)?
            .env("TF_VAR_expires_at", &soon)
            .env("NHI_POLICY", "nhi.hcl");
        // Nobody is there to approve, and some examples are of production, or of no environment.
        stack.file("nhi.hcl", WAIVING)?;
        stack.file("provider.tf", &provider)?;
        stack.file("main.tf", &read(&folder.join("resource.tf"))?)?;
        stack.run(&["fmt", "-check", "-diff", "-no-color"])?.succeeds()?;
        lives(&stack).with_context(|| folder.display().to_string())?;
        imports(&stack, &read(&folder.join("import.sh"))?)?;
        // Terraform 1.11 does not know of identities.
        let example = read(&folder.join("import-by-identity.tf"))?;
        if core.kind == Kind::Tofu {
            imports_by_identity(&stack, &example).with_context(|| folder.display().to_string())?;
        }
    }
    Ok(())
}

/// Applied beside the example of the resource, so that there is something on record.
fn every_example_of_a_data_source_and_of_a_function_is_applied(core: &Core) -> Outcome {
    let resource = read(&programs::root().join("examples/resources/nhi_identity/resource.tf"))?;
    let resource = without_header(&resource)?;
    let provider = without_header(&read(&programs::root().join("examples/provider/provider.tf"))?)?;
    for under in ["examples/data-sources", "examples/functions"] {
        for folder in folders(under)? {
            let stack = Stack::new(core)?;
            stack.copy(folder.strip_prefix(programs::root())?)?;
            stack.run(&["fmt", "-check", "-diff", "-no-color"])?.succeeds()?;
            stack.file("resource.tf", &resource)?;
            stack.file("provider.tf", &provider)?;
            stack
                .apply()?
                .succeeds()
                .with_context(|| folder.display().to_string())?;
            // Once more, with what the first has put on record.
            stack
                .apply()?
                .succeeds()
                .with_context(|| folder.display().to_string())?;
            let outputs = stack.state()?["values"]["outputs"].clone();
            ensure!(
                outputs.as_object().is_some_and(|outputs| outputs.len() > 1),
                "{}: {outputs}",
                folder.display()
            );
            stack.destroy()?.succeeds()?;
        }
    }
    Ok(())
}

/// The block that names the provider, which a configuration may have once.
fn without_header(text: &str) -> anyhow::Result<String> {
    text.split_once("\n}\n")
        .map(|(_, rest)| rest.to_owned())
        .context("a block that names the provider")
}

/// What no core at hand can run: the form is right, and each attribute is one of the schema.
fn every_other_example_is_well_formed(core: &Core) -> Outcome {
    let schemas = Started::new(
        {
            let mut command = Command::new(programs::file("terraform-provider-nhi")?);
            command.arg("schema");
            command
        },
        None,
    )?
    .wait()?
    .succeeds()?;
    let schemas: serde_json::Value = serde_json::from_str(&schemas.stdout)?;
    let schemas = schemas["provider_schemas"]
        .as_object()
        .and_then(|providers| providers.values().next())
        .context("no schemas")?;
    for (under, file, key) in [
        ("examples/actions", "action.tf", "action_schemas"),
        (
            "examples/list-resources",
            "list-resource.tfquery.hcl",
            "list_resource_schemas",
        ),
    ] {
        for folder in folders(under)? {
            let text = read(&folder.join(file))?;
            let stack = Stack::new(core)?;
            stack.file("main.tf", &text)?;
            stack.run(&["fmt", "-check", "-diff", "-no-color"])?.succeeds()?;
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let attributes = &schemas[key][&name]["block"]["attributes"];
            let config = text.split_once("config {").context("a block `config`")?.1;
            let mut seen = 0;
            for line in config.lines().filter_map(|line| line.split_once('=')) {
                let attribute = line.0.trim();
                ensure!(!attributes[attribute].is_null(), "{name} has no `{attribute}`");
                seen += 1;
            }
            ensure!(seen > 0, "{name}: the example sets nothing");
        }
    }
    Ok(())
}

/// The import that is shown works with an id that exists.
fn imports(stack: &Stack, shown: &str) -> Outcome {
    let line = shown.lines().find(|line| !line.starts_with('#')).context("a command")?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let ["tofu" | "terraform", "import", address, _] = words.as_slice() else {
        anyhow::bail!("`{line}` is not an import")
    };
    stack.apply()?.succeeds()?;
    let id = stack.attributes(address)?["id"]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("no {address}"))?;
    stack.run(&["state", "rm", address])?.succeeds()?;
    stack.run(&["import", "-no-color", address, &id])?.succeeds()?;
    stack.plans_empty()
}

/// The id that the examples show.
const SHOWN_ID: &str = "01JD8Z6V5R3TQ0W8YB1N4K7M2C";

/// The import block that is shown works; what it names is in the state and is taken out of it first.
fn imports_by_identity(stack: &Stack, shown: &str) -> Outcome {
    let line = shown
        .lines()
        .find(|line| line.trim().starts_with("to "))
        .context("an address")?;
    let address = line.split_once('=').context("an address")?.1.trim();
    let attributes = stack.attributes(address)?;
    let id = attributes["id"].as_str().with_context(|| format!("no {address}"))?;
    stack.run(&["state", "rm", address])?.succeeds()?;
    // What has no name of its own is shown with an id of somebody else.
    stack.file("import.tf", &shown.replace(SHOWN_ID, id))?;
    stack.run(&["fmt", "-check", "-diff", "-no-color"])?.succeeds()?;
    stack.plan()?.succeeds()?.says(&["1 to import"])?;
    stack.apply_planned()?.succeeds()?;
    fs::remove_file(stack.folder().join("import.tf"))?;
    stack.plans_empty()
}

fn every_stack_is_applied_after_a_real_init(core: &Core) -> Outcome {
    for folder in folders("examples/stacks")? {
        let stack = Stack::new(core)?;
        stack.use_packages(None)?;
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "tf") {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                stack.file(&name, &read(&path)?)?;
            }
        }
        stack.run(&["fmt", "-check", "-diff", "-no-color"])?.succeeds()?;
        stack.run(&["init", "-no-color"])?.succeeds()?;
        lives(&stack).with_context(|| folder.display().to_string())?;
    }
    Ok(())
}

/// Text between fences of a language.
fn fenced(text: &str, language: &str) -> Vec<String> {
    let open = format!("```{language}\n");
    text.split(&open)
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .map(str::to_owned)
        .collect()
}

fn the_readme_is_applied(core: &Core) -> Outcome {
    let examples = fenced(&read(&programs::root().join("README.md"))?, "hcl");
    ensure!(!examples.is_empty(), "the README shows no configuration");
    for example in examples {
        let stack = Stack::new(core)?;
        stack.main(&example)?;
        lives(&stack)?;
    }
    Ok(())
}

/// The commands in the shell blocks of every hand-written page: subcommand and flags are known.
#[test]
fn every_command_that_is_shown_exists() -> Outcome {
    let root = programs::root();
    let mut pages = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    pages.extend(
        fs::read_dir(root.join("docs/guides"))?
            .flatten()
            .map(|entry| entry.path()),
    );
    let mut seen = 0;
    for page in pages {
        for line in fenced(&read(&page)?, "sh").iter().flat_map(|block| block.lines()) {
            let line = line.split(" #").next().unwrap_or(line);
            for command in line.split(['|', ';']).flat_map(|part| part.split("&&")).map(str::trim) {
                seen += usize::from(exists(command).with_context(|| format!("{}: `{command}`", page.display()))?);
            }
        }
    }
    ensure!(seen >= 4, "only {seen} commands were looked at");
    Ok(())
}

/// Whether it is one of ours; an error when it is and does not exist.
fn exists(command: &str) -> anyhow::Result<bool> {
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.as_slice() {
        ["cargo", "xtask", task, ..] => {
            let tasks = read(&programs::root().join("crates/xtask/src/main.rs"))?;
            ensure!(tasks.contains(&format!("(\"{task}\", ")), "no such task");
            Ok(true)
        }
        ["nhi", rest @ ..] => {
            let subcommand = rest
                .iter()
                .take_while(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
            let subcommand: Vec<&str> = subcommand.take_while(|word| !word.starts_with('-')).copied().collect();
            let help = help(&subcommand)?;
            for flag in rest.iter().filter(|word| word.starts_with("--")) {
                let name = flag.split('=').next().unwrap_or(flag);
                ensure!(help.contains(name), "no flag `{name}`");
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The help of the longest part of the words that is a subcommand: what follows are arguments.
fn help(words: &[&str]) -> anyhow::Result<String> {
    for length in (1..=words.len()).rev() {
        let arguments = words.iter().take(length).copied().chain(["--help"]);
        let ran = Nhi::new(&programs::folder()?)?.args(arguments).run()?;
        if ran.status.success() {
            return Ok(ran.stdout);
        }
    }
    anyhow::bail!("no such subcommand")
}

#[test]
fn the_policy_module_example_is_a_component_without_imports() -> Outcome {
    let module = programs::file("example-policy-module.wasm")?;
    let listed = Nhi::new(&programs::folder()?)?
        .args(["rules", "--format", "json", "--module"])
        .path(&module)
        .json(0)?;
    let rules = listed["rules"].as_array().cloned().unwrap_or_default();
    ensure!(rules.iter().any(|rule| rule["code"] == "TEAM001"), "{listed}");
    Ok(())
}

#[test]
fn the_provider_says_what_it_is_when_a_person_starts_it() -> Outcome {
    let provider = programs::file("terraform-provider-nhi")?;
    let mut command = Command::new(&provider);
    command.env_remove("TF_PLUGIN_MAGIC_COOKIE");
    let ran = Started::new(command, None)?.wait()?.exits(1)?;
    ensure!(
        ran.stdout.is_empty() && ran.stderr.contains("never by hand"),
        "{}",
        ran.said()
    );
    let mut command = Command::new(&provider);
    command.arg("--version");
    Started::new(command, None)?
        .wait()?
        .succeeds()?
        .says(&[env!("CARGO_PKG_VERSION")])?;
    Ok(())
}
