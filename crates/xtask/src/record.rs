//! Records the plans of labelled cases: the configuration goes through a real core and the real AWS provider.
//!
//! The provider is started once and every core attaches to it, which makes a plan a matter of two seconds. A case with
//! a folder `before` is first applied from there against an emulation of AWS on loopback, so that what the plan holds
//! of prior state, updates, replacements and removals is real too.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::quality::cases::{self, Case, Origin};
use crate::shell::{Run, Workspace, on_path};
use crate::test::aws_mirror;
use crate::tofu::{self, Kind};

const PROVIDER: &str = "registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64";
/// How often a server that starts is asked whether it listens, each time for as long as a connection takes.
const KNOCKS_MAX: usize = 200_000;

/// A process that ends with its owner.
struct Ends {
    child: Child,
    /// Held open: a provider that cannot speak any more ends.
    _output: Option<BufReader<ChildStdout>>,
}

impl Drop for Ends {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Records the named cases, or all that have no plan yet.
pub(crate) fn run(workspace: &Workspace, names: &[&str]) -> Result<()> {
    let cases = cases::load(&workspace.root)?;
    for name in names {
        ensure!(cases.iter().any(|case| case.name == *name), "there is no case `{name}`");
    }
    let wanted: Vec<&Case> = cases
        .iter()
        .filter(|case| case.origin != Origin::Shape)
        .filter(|case| match names {
            [] => !case.plan().is_file(),
            names => names.contains(&case.name.as_str()),
        })
        .collect();
    let core = tofu::present(workspace, Kind::Terraform)?.context("recording needs `terraform` on PATH")?;
    let mirror = aws_mirror()?.context("recording needs NHI_TEST_PROVIDER_MIRROR: a mirror with the AWS provider")?;
    let provider = mirror.join(PROVIDER).join("terraform-provider-aws_v5.100.0_x5");
    let mut failed = 0_usize;
    for origin in [Origin::Aws, Origin::Moto] {
        let cases: Vec<&&Case> = wanted.iter().filter(|case| case.origin == origin).collect();
        if cases.is_empty() {
            continue;
        }
        let emulation = (origin == Origin::Moto).then(Emulation::start).transpose()?;
        let endpoint = emulation.as_ref().map(|emulation| emulation.endpoint.as_str());
        let (_provider, reattach) = start(&provider, endpoint)?;
        for case in cases {
            if let Some(emulation) = &emulation {
                emulation.reset()?;
            }
            match record(&core.path, &reattach, case) {
                Ok(()) => println!("recorded {}", case.name),
                Err(error) => {
                    eprintln!("{}: {error:#}", case.name);
                    failed += 1;
                }
            }
        }
    }
    ensure!(failed == 0, "{failed} cases could not be recorded");
    Ok(())
}

/// Starts the provider so that cores attach to it, and returns how.
fn start(provider: &Path, endpoint: Option<&str>) -> Result<(Ends, String)> {
    let mut command = Command::new(provider);
    command
        .arg("-debug")
        .env("AWS_ACCESS_KEY_ID", "unused")
        .env("AWS_SECRET_ACCESS_KEY", "unused")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        // A provider that is configured more than once cannot take it.
        .env_remove("AWS_CA_BUNDLE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(endpoint) = endpoint {
        command.env("AWS_ENDPOINT_URL", endpoint);
    }
    let mut child = command
        .spawn()
        .with_context(|| format!("start `{}`", provider.display()))?;
    let mut output = BufReader::new(child.stdout.take().context("the provider's output")?);
    let mut line = String::new();
    while output.read_line(&mut line).context("read what the provider says")? > 0 {
        if let Some((_, rest)) = line.trim_end().split_once("TF_REATTACH_PROVIDERS='") {
            let reattach = rest.trim_end_matches('\'').to_owned();
            let ends = Ends {
                child,
                _output: Some(output),
            };
            return Ok((ends, reattach));
        }
        line.clear();
    }
    drop(child.kill());
    bail!("the provider ended without a word on how to attach to it")
}

/// An emulation of AWS on loopback.
struct Emulation {
    _server: Ends,
    endpoint: String,
}

impl Emulation {
    fn start() -> Result<Self> {
        let program = std::env::var_os("MOTO_SERVER")
            .map(PathBuf::from)
            .or_else(|| on_path("moto_server"))
            .context("recording applies needs `moto_server` on PATH: pip install 'moto[server]'")?;
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())?
            .port();
        let child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            // It has those that AWS manages only when asked to.
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("start the emulation")?;
        let server = Ends { child, _output: None };
        let listens = (0..KNOCKS_MAX).any(|_| TcpStream::connect(("127.0.0.1", port)).is_ok());
        ensure!(listens, "the emulation does not listen on port {port}");
        Ok(Self {
            _server: server,
            endpoint: format!("http://127.0.0.1:{port}"),
        })
    }

    /// Forgets everything, so that a case meets an empty account.
    fn reset(&self) -> Result<()> {
        use std::io::{Read as _, Write as _};
        let address = self.endpoint.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).context("reach the emulation")?;
        write!(
            stream,
            "POST /moto-api/reset HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).context("reset the emulation")?;
        ensure!(
            answer.starts_with("HTTP/1.1 200"),
            "the emulation does not reset: {answer}"
        );
        Ok(())
    }
}

fn record(core: &Path, reattach: &str, case: &Case) -> Result<()> {
    let scratch = tempfile::tempdir().context("make a folder")?;
    let folder = scratch.path();
    let step = |arguments: &[&str]| {
        Run::new(core)
            .args(arguments)
            .directory(folder)
            .env("TF_REATTACH_PROVIDERS", reattach)
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .env_remove("TF_CLI_CONFIG_FILE")
            .output()
    };
    let before = case.folder.join("before");
    if before.is_dir() {
        copy(&before, folder)?;
        step(&["init", "-no-color", "-input=false"])?;
        step(&["apply", "-no-color", "-input=false", "-auto-approve"])?;
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "tf") {
                fs::remove_file(path)?;
            }
        }
    }
    copy(&case.folder, folder)?;
    step(&["init", "-no-color", "-input=false"])?;
    step(&["plan", "-no-color", "-input=false", "-out", "tfplan"])?;
    let shown = step(&["show", "-json", "tfplan"])?;
    fs::write(case.plan(), shown.stdout).context("write the plan")
}

/// Copies a configuration with its modules.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("list `{}`", from.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            if name != "before" {
                copy(&path, &to.join(name))?;
            }
        } else if name != "plan.json" && name != "labels.json" {
            fs::copy(&path, to.join(name)).with_context(|| format!("copy `{}`", path.display()))?;
        }
    }
    Ok(())
}
