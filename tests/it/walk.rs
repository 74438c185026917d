//! The walk of a platform team, as `docs/guides/publish-a-policy-module.md` tells it: from an empty folder to a rule that
//! another repository's pipeline enforces, in every language.
//!
//! The commands, the files and the changes are those of the guide itself, so that it says nothing that does not happen.
//! What the test adds is what a reader would look at: what each step says and what it leaves behind. The platform team,
//! the other team and its pipeline have a home of their own each, and what needs no network has none.

mod guide;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use nhi_policy_file::{Locked, read_lock};
use support::registries::{self, Registry};
use support::{Nhi, Outcome, Ran, Started, cores, programs};
use tempfile::TempDir;

use self::guide::Deed;

const GUIDE: &str = "docs/guides/publish-a-policy-module.md";
/// Where the walk ends and the guide only explains.
const END: &str = "## What is signed";
/// The registry that the guide starts.
const HOST: &str = "127.0.0.1:5000";
/// What stands for the key that `keygen` printed.
const KEY: &str = "-----BEGIN PUBLIC KEY-----\\n…\\n-----END PUBLIC KEY-----";
/// Plans of the shop, made by a core and the AWS provider; `plans.rs` makes them anew where both are here.
const SHOPS: [&str; 2] = ["tests/plans/aws-shop", "tests/plans/aws-shop-mended"];
const PIPELINE: &str = "In the pipeline";

/// What a step has to say, by its section and the beginning of its command.
const SAID: &[(&str, &str, &[&str])] = &[
    (
        "A new module",
        "nhi module new",
        &["made team-policy", "nhi module build"],
    ),
    (
        "A new module",
        "nhi module build",
        &["team-policy 0.1.0", "TEAM001", "imports none", "accepted"],
    ),
    (
        "A new module",
        "nhi module test",
        &["0 failed", "100 % of the rules covered"],
    ),
    ("Test and measure it", "nhi module test", &["9 passed, 0 failed, 100 %"]),
    ("Test and measure it", "nhi module bench", &["fuel"]),
    (
        "Test and measure it",
        "nhi check",
        &["TEAM002", "aws_s3_bucket.uploads", "force_destroy"],
    ),
    (
        "Test and measure it",
        "nhi module inspect",
        &["TEAM002 force-destroy", "imports none"],
    ),
    ("A key", "nhi module keygen", &["platform.pem", "signer \"NAME\""]),
    ("Sign and push", "nhi module sign", &["signed team-policy 0.1.0"]),
    (
        "Sign and push",
        "nhi module push",
        &["pushed", "policy/team-policy:0.1.0", "signatures 1"],
    ),
    (
        "Sign and push",
        "nhi module inspect",
        &["signed by", "platform.pem.pub", "TEAM002"],
    ),
    (
        "Pin it in another repository",
        "nhi module lock",
        &["added", "team-policy 0.1.0", "platform", "commit it"],
    ),
    (
        "Pin it in another repository",
        "nhi check",
        &["advisory", "TEAM002", "aws_s3_bucket.uploads"],
    ),
    (
        PIPELINE,
        "nhi module lock --check",
        &["says what the policy file asks for"],
    ),
    (PIPELINE, "nhi module lock --fetch", &["kept", "team-policy 0.1.0"]),
    (PIPELINE, "nhi check", &["advisory", "TEAM002", "aws_s3_bucket.uploads"]),
    ("A new version", "nhi module build", &["team-policy 0.2.0"]),
    ("A new version", "nhi module test", &["10 passed, 0 failed, 100 %"]),
    (
        "A new version",
        "nhi module push",
        &["pushed", "policy/team-policy:0.2.0"],
    ),
    ("See the difference", "nhi module lock", &["kept", "team-policy 0.1.0"]),
    (
        "See the difference",
        "nhi module update --dry-run",
        &[
            "0.1.0 to 0.2.0",
            "1 to 2: 1 new, 0 gone",
            "aws_route53_zone.shop",
            "dry run",
        ],
    ),
    (
        "See the difference",
        "nhi module update team-policy",
        &["0.1.0 to 0.2.0", "commit it"],
    ),
    (
        "See the difference",
        "nhi check",
        &["advisory", "aws_s3_bucket.uploads", "aws_route53_zone.shop"],
    ),
    (
        "Advisory first, then mandatory",
        "nhi policy diff ../base",
        &["nothing is looser"],
    ),
    (
        "Advisory first, then mandatory",
        "nhi policy diff nhi.hcl",
        &["looser", "level", "mandatory", "advisory"],
    ),
];

/// A language, and the folder with what builds it, which stands in the module's folder under this name.
struct Language {
    name: &'static str,
    tool: Option<(&'static str, &'static str)>,
}

const PYTHON: Language = Language {
    name: "python",
    tool: Some(("NHI_TEST_PYTHON_TOOLS", ".venv")),
};
const JAVASCRIPT: Language = Language {
    name: "javascript",
    tool: Some(("NHI_TEST_JAVASCRIPT_TOOLS", "node_modules")),
};
const REGO: Language = Language {
    name: "rego",
    tool: None,
};
const RUST: Language = Language {
    name: "rust",
    tool: None,
};

/// The folder of the walk, and where the reader stands in it.
struct Walk {
    folder: TempDir,
    language: &'static Language,
    tools: Option<PathBuf>,
    registry: Registry,
    here: PathBuf,
    /// Which steps have said what they had to.
    seen: Vec<(&'static str, &'static str)>,
    /// What was pinned before.
    locked: Option<Locked>,
}

impl Walk {
    /// None where this machine lacks something, which is said.
    fn new(language: &'static Language) -> Result<Option<Self>> {
        let mut tools = None;
        if let Some((variable, _)) = language.tool {
            tools = env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
            if tools.is_none() {
                cores::say(&format!(
                    "SKIPPED: the walk of a platform team in {}; `cargo xtask test` fetches what it needs",
                    language.name
                ));
                return Ok(None);
            }
        }
        // Either of them says itself that it is not here.
        let registry = match registries::go_containerregistry()? {
            Some(registry) => Some(registry),
            None => registries::docker()?,
        };
        let Some(registry) = registry else { return Ok(None) };
        let folder = tempfile::tempdir()?;
        let here = folder.path().join("work");
        for made in ["work", "work/shop", "homes/team-policy", "homes/shop", "homes/pipeline"] {
            fs::create_dir_all(folder.path().join(made))?;
        }
        Ok(Some(Self {
            folder,
            language,
            tools,
            registry,
            here,
            seen: Vec::new(),
            locked: None,
        }))
    }

    fn work(&self, path: &str) -> PathBuf {
        self.folder.path().join("work").join(path)
    }

    fn home(&self, whose: &str) -> PathBuf {
        self.folder.path().join("homes").join(whose)
    }

    /// The text of the guide, with what this walk has in the place of what only stands for it.
    fn fill(&self, text: &str) -> Result<String> {
        let mut text = text.replace(HOST, &self.registry.host);
        if text.contains(KEY) {
            let key = self.home("team-policy").join(".config/nhi/platform.pem.pub");
            let key = fs::read_to_string(&key).with_context(|| format!("read `{}`", key.display()))?;
            text = text.replace(KEY, &key.trim_end().replace('\n', "\\n"));
        }
        Ok(text)
    }

    fn take(&mut self, section: &str, deed: &Deed) -> Outcome {
        match deed {
            Deed::Write { path, text } => {
                let path = self.work(path);
                ensure!(!path.exists(), "`{}` is there already", path.display());
                fs::write(&path, self.fill(text)?).with_context(|| format!("write `{}`", path.display()))
            }
            Deed::Change { path, diff } => {
                let path = self.work(path);
                let text = fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
                let text = guide::change(&text, diff).with_context(|| format!("change `{}`", path.display()))?;
                Ok(fs::write(&path, text)?)
            }
            Deed::Run { line, exit } => self.run(section, &self.fill(line)?, *exit),
        }
    }

    fn run(&mut self, section: &str, line: &str, exit: i32) -> Outcome {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["cd", folder] => {
                self.here = self.here.join(folder).canonicalize().with_context(|| line.to_owned())?;
                Ok(())
            }
            ["tofu", "show", ..] => self.plan(),
            // How the plans came to be, and a registry that runs already.
            ["tofu" | "export", ..] | ["crane", "registry", "serve", ..] => Ok(()),
            ["nhi" | "mkdir" | "cp", ..] => {
                let line = line.replace("--language rust", &format!("--language {}", self.language.name));
                let ran = Started::new(self.shell(section, &line)?, None)?.wait()?.exits(exit)?;
                self.judge(section, &line, ran)
            }
            _ => anyhow::bail!("nobody knows what `{line}` does"),
        }
    }

    /// What the core makes of the configuration as the guide has it.
    fn plan(&self) -> Outcome {
        let own = fs::read_to_string(self.work("shop/main.tf"))?;
        for shop in SHOPS.map(|shop| programs::root().join(shop)) {
            if fs::read_to_string(shop.join("main.tf"))? == own {
                fs::copy(shop.join("plan.json"), self.here.join("plan.json"))?;
                return Ok(());
            }
        }
        anyhow::bail!("no plan was made of the shop as the guide has it:\n{own}")
    }

    /// A line as the one who works in this folder runs it, without any of the caller's settings.
    fn shell(&self, section: &str, line: &str) -> Result<Command> {
        let needs_no_network =
            line.starts_with("nhi check") || line.contains(" --check") || line.contains("policy diff");
        let is_shut = needs_no_network && Nhi::without_network(&self.here)?.is_some();
        let mut command = if is_shut {
            let mut command = Command::new("unshare");
            command.args(["--map-root-user", "--net", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        let own = self.here.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let home = match own.as_str() {
            _ if section == PIPELINE => self.home("pipeline"),
            "shop" => self.home("shop"),
            _ => self.home("team-policy"),
        };
        let of_caller = |variable: &str, folder: &str| {
            let named = env::var_os(variable).map(PathBuf::from);
            named
                .or_else(|| Some(env::home_dir()?.join(folder)))
                .unwrap_or_default()
        };
        let programs = programs::folder()?;
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([programs].into_iter().chain(env::split_paths(&path)))?;
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("NHI_") || name.starts_with("XDG_") || name.starts_with("GITHUB_") {
                command.env_remove(name.as_ref());
            }
        }
        command
            .args(["-c", line])
            .current_dir(&self.here)
            .env("PATH", path)
            .env("HOME", home)
            .env("NO_COLOR", "1")
            // Compiled once for all three: an interpreter takes its time.
            .env("NHI_CACHE_DIR", self.folder.path().join("cache"))
            .env("CARGO_HOME", of_caller("CARGO_HOME", ".cargo"))
            .env("RUSTUP_HOME", of_caller("RUSTUP_HOME", ".rustup"))
            // What other modules of these tests have built already is not built again, and nothing is fetched.
            .env(
                "CARGO_TARGET_DIR",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("scaffold"),
            )
            .env("CARGO_NET_OFFLINE", "true");
        Ok(command)
    }

    /// What has to be so after a step.
    fn judge(&mut self, section: &str, line: &str, ran: Ran) -> Outcome {
        let wanted = SAID
            .iter()
            .filter(|(within, start, _)| *within == section && line.starts_with(start));
        let mut ran = ran;
        for (within, start, words) in wanted {
            ran = ran.says(words)?;
            self.seen.push((*within, *start));
        }
        if line.starts_with("nhi module new") {
            self.bring_tools()?;
        }
        if self.here.ends_with("shop") && (line.contains("module lock") || line.contains("module update")) {
            self.pinned(section, line)?;
        }
        if section == "Pin it in another repository" && line.starts_with("nhi check") {
            ensure!(!ran.stdout.contains("aws_route53_zone"), "version 0.1.0 knows no zones");
        }
        Ok(())
    }

    /// What builds the module is there, as it is where `--install` was said before.
    fn bring_tools(&self) -> Outcome {
        if let (Some(tools), Some((_, name))) = (&self.tools, self.language.tool) {
            std::os::unix::fs::symlink(tools.join(name), self.work("team-policy").join(name))?;
        }
        Ok(())
    }

    /// The lock changes when somebody moves on, and only then.
    fn pinned(&mut self, section: &str, line: &str) -> Outcome {
        let bytes = fs::read(self.work("shop/nhi.lock.hcl"))?;
        let lock = read_lock("nhi.lock.hcl", &bytes)?;
        let now = lock
            .modules
            .get("team-policy")
            .context("team-policy is pinned")?
            .clone();
        ensure!(now.signers == ["platform"] && now.imports.is_empty(), "{now:?}");
        let is_moved = line.starts_with("nhi module update team-policy");
        let version = if is_moved { "0.2.0" } else { "0.1.0" };
        ensure!(now.version.to_string() == version, "{section}: `{line}`: {now:?}");
        if let Some(before) = &self.locked {
            let is_other = before.wasm != now.wasm && before.manifest != now.manifest;
            ensure!(is_other == is_moved, "{section}: `{line}`: {before:?} and {now:?}");
        }
        self.locked = Some(now);
        Ok(())
    }
}

fn walk(language: &'static Language) -> Outcome {
    let Some(mut walk) = Walk::new(language)? else {
        return Ok(());
    };
    let guide = fs::read_to_string(programs::root().join(GUIDE))?;
    for step in guide::steps(&guide, language.name, END)? {
        walk.take(&step.section, &step.deed)
            .with_context(|| format!("{GUIDE}, `{}`, in {}", step.section, language.name))?;
    }
    // A step that the guide no longer has would not be missed otherwise.
    for (section, start, _) in SAID {
        ensure!(
            walk.seen.contains(&(section, start)),
            "no `{start}` under `{section}` in {GUIDE}"
        );
    }
    Ok(())
}

#[test]
fn the_walk_in_rust() -> Outcome {
    walk(&RUST)
}

#[test]
fn the_walk_in_python() -> Outcome {
    walk(&PYTHON)
}

#[test]
fn the_walk_in_javascript() -> Outcome {
    walk(&JAVASCRIPT)
}

#[test]
fn the_walk_in_rego() -> Outcome {
    walk(&REGO)
}
