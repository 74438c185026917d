//! Registries for modules, started for one test: the one of go-containerregistry, which lists referrers, and Docker's,
//! version 2, which does not. One that is not on this machine is skipped, and said to be.

use std::env;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::cores::say;

/// A registry that ends with the test.
#[derive(Debug)]
pub struct Registry {
    /// Which one it is.
    pub name: &'static str,
    /// `127.0.0.1:` and its port.
    pub host: String,
    child: Child,
    folder: tempfile::TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All that are on this machine.
pub fn all() -> Result<Vec<Registry>> {
    Ok(go_containerregistry()?.into_iter().chain(docker()?).collect())
}

/// The registry of go-containerregistry.
pub fn go_containerregistry() -> Result<Option<Registry>> {
    let arguments = ["registry", "serve", "--address", "127.0.0.1:0"];
    let folder = tempfile::tempdir()?;
    start("go-containerregistry", &crane(), &arguments, folder, "serving on port ")
}

/// The program of go-containerregistry, which also copies what is in a registry.
pub fn crane() -> PathBuf {
    program("NHI_TEST_CRANE", "crane")
}

/// Docker's registry, which keeps its blobs as files.
pub fn docker() -> Result<Option<Registry>> {
    let folder = tempfile::tempdir()?;
    let config = "version: 0.1\nstorage: { filesystem: { rootdirectory: blobs } }\nhttp: { addr: '127.0.0.1:0' }\n";
    std::fs::write(folder.path().join("config.yml"), config)?;
    let program = program("NHI_TEST_DOCKER_REGISTRY", "docker-registry");
    let arguments = ["serve", "config.yml"];
    start(
        "docker-registry",
        &program,
        &arguments,
        folder,
        "listening on 127.0.0.1:",
    )
}

fn program(variable: &str, name: &str) -> PathBuf {
    let named = env::var_os(variable).filter(|path| !path.is_empty());
    named.map_or_else(|| PathBuf::from(name), PathBuf::from)
}

impl Registry {
    /// The folder that it keeps its files in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A repository of it.
    pub fn repository(&self, name: &str) -> String {
        format!("oci://{}/{name}", self.host)
    }
}

/// Starts a program that says on standard error where it listens.
fn start(
    name: &'static str,
    program: &Path,
    arguments: &[&str],
    folder: tempfile::TempDir,
    before: &str,
) -> Result<Option<Registry>> {
    let spawned = Command::new(program)
        .args(arguments)
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            say(&format!(
                "SKIPPED: modules pushed to {name}: `{}` cannot be run: {error}",
                program.display()
            ));
            return Ok(None);
        }
    };
    let mut lines = BufReader::new(child.stderr.take().context("standard error")?);
    let port = loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            bail!("{name} ended before it listened");
        }
        let digits = line.split(before).nth(1);
        let digits = digits.map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        if let Some(port) = digits.and_then(|digits| digits.parse::<u16>().ok()) {
            break port;
        }
    };
    // A full pipe would hold it up.
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        let _ = lines.read_to_end(&mut rest);
    });
    Ok(Some(Registry {
        name,
        host: format!("127.0.0.1:{port}"),
        child,
        folder,
    }))
}
