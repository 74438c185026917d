//! A folder of its own in which a tool makes a component of a module's sources.
//!
//! Nothing that lies about beside the sources gets in, no path of this machine gets into the component, and nothing
//! that the tool leaves behind gets into the module's folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::exit::Failure;

/// The contract, as every module of this version is built against it.
const CONTRACT: &str = include_str!("../../../../../wit/v1/policy.wit");
/// Files of a module and their bytes: a folder with more is not one of sources.
const FILES_MAX: usize = 2_000;
const BYTES_MAX: u64 = 32 << 20;
/// What is quoted of a tool's words.
const QUOTE_BYTES: usize = 4 << 10;
/// What the tools write beside sources, or is not part of the component.
const LEFT_OUT: [&str; 3] = ["__pycache__", "node_modules", "tests"];

/// The folder, with the sources in it.
#[derive(Debug)]
pub(super) struct Workshop {
    folder: TempDir,
}

impl Workshop {
    /// Copies the module's folders `src` and `sdk`, and puts the contract into `wit`.
    pub(super) fn of(module: &Path) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::undecided(format!(
                "the sources in `{}` cannot be copied: {error}",
                module.display()
            ))
        };
        let folder = tempfile::tempdir().map_err(failed)?;
        let mut left = Budget {
            files: FILES_MAX,
            bytes: BYTES_MAX,
        };
        for name in ["src", "sdk"] {
            copy(&module.join(name), &folder.path().join(name), &mut left).map_err(failed)?;
        }
        let wit = folder.path().join("wit");
        fs::create_dir(&wit).map_err(failed)?;
        fs::write(wit.join("policy.wit"), CONTRACT).map_err(failed)?;
        Ok(Self { folder })
    }

    /// Runs a tool, whose name is `title`, and returns the component that it names.
    pub(super) fn make(&self, title: &str, program: &Path, arguments: &[&str]) -> Result<Vec<u8>, Failure> {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.folder.path())
            // No package of this machine gets in by chance: what is not there has no packages.
            .env("VIRTUAL_ENV", self.folder.path().join("none"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("RUST_BACKTRACE", "0")
            .env_remove("PYTHONPATH")
            .env_remove("NODE_OPTIONS")
            .env_remove("NODE_PATH")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| Failure::undecided(format!("{title} cannot be started: {error}")))?;
        let component = self.folder.path().join(COMPONENT);
        if !output.status.success() || !component.is_file() {
            let said = told(&String::from_utf8_lossy(&output.stderr));
            return Err(Failure::undecided(format!("{title} did not build the module: {said}")));
        }
        let bytes = fs::read(&component)
            .map_err(|error| Failure::undecided(format!("what {title} built cannot be read: {error}")))?;
        Ok(nhi_policy_host::name_contract(&bytes, nhi_plan::ABI))
    }
}

/// Where the tools are told to write the component.
pub(super) const COMPONENT: &str = "component.wasm";

struct Budget {
    files: usize,
    bytes: u64,
}

fn copy(from: &Path, to: &Path, left: &mut Budget) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    let mut entries = fs::read_dir(from)?.collect::<Result<Vec<_>, _>>()?;
    // The order in which a folder tells its files differs from machine to machine.
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let word = name.to_string_lossy();
        if word.starts_with('.') || LEFT_OUT.contains(&&*word) {
            continue;
        }
        let metadata = fs::metadata(entry.path())?;
        let (Some(files), Some(bytes)) = (
            left.files.checked_sub(1),
            left.bytes
                .checked_sub(if metadata.is_file() { metadata.len() } else { 0 }),
        ) else {
            return Err(std::io::Error::other(format!(
                "more than {FILES_MAX} files or {} MiB",
                BYTES_MAX >> 20
            )));
        };
        *left = Budget { files, bytes };
        if metadata.is_dir() {
            copy(&entry.path(), &to.join(&name), left)?;
        } else {
            fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}

/// The part of a tool's words that is about the module.
fn told(stderr: &str) -> String {
    let start = stderr
        .find("AssertionError: ")
        .map_or(0, |at| at + "AssertionError: ".len());
    let rest = stderr.get(start..).unwrap_or_default();
    let end = rest.find("\n\n\nCaused by:").unwrap_or(rest.len());
    let text = rest.get(..end).unwrap_or_default().trim();
    let mut cut = text.len().saturating_sub(QUOTE_BYTES);
    while !text.is_char_boundary(cut) {
        cut += 1;
    }
    text.get(cut..).unwrap_or_default().to_owned()
}

/// A program in one of the folders, or in `PATH`.
pub(super) fn find(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates = folders.iter().cloned().chain(std::env::split_paths(&path));
    candidates.find_map(|folder| find_in(name, &folder))
}

/// A program in a folder; absolute, because it is started in another one.
pub(super) fn find_in(name: &str, folder: &Path) -> Option<PathBuf> {
    let file = folder.join(name);
    file.is_file().then(|| std::path::absolute(&file).ok()).flatten()
}

/// Runs what fetches a tool into the module's folder; the reader has asked for it.
pub(super) fn install(module: &Path, commands: &[&[&str]]) -> Result<(), Failure> {
    for command in commands {
        let Some((program, arguments)) = command.split_first() else {
            continue;
        };
        let shown = command.join(" ");
        let output = Command::new(program)
            .args(arguments)
            .current_dir(module)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .output()
            .map_err(|error| Failure::undecided(format!("`{shown}` cannot be started: {error}")))?;
        if !output.status.success() {
            let said = told(&String::from_utf8_lossy(&output.stderr));
            return Err(Failure::undecided(format!("`{shown}` failed: {said}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_tool_s_words_those_about_the_module_are_told() {
        let python = "warning: x\nTraceback\n  File\nAssertionError: Traceback (most recent call last):\n  File \
                      \"/0/module.py\", line 2\nSyntaxError: invalid syntax\n\n\nCaused by:\n    SyntaxError\n";
        let wanted = "Traceback (most recent call last):\n  File \"/0/module.py\", line 2\nSyntaxError: invalid syntax";
        assert_eq!(told(python), wanted);
        assert_eq!(told("Error: no module\n"), "Error: no module");
        assert_eq!(told(&"ä".repeat(QUOTE_BYTES)).len(), QUOTE_BYTES);
    }

    #[test]
    fn only_sources_get_in_and_not_without_end() {
        let module = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("src/module.py", "1"),
            ("src/.hidden", "2"),
            ("src/__pycache__/module.pyc", "3"),
            ("sdk/a/b.py", "4"),
            ("other/c.py", "5"),
        ] {
            let file = module.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let workshop = Workshop::of(module.path()).unwrap();
        let has = |name: &str| workshop.folder.path().join(name).exists();
        assert!(has("src/module.py") && has("sdk/a/b.py") && has("wit/policy.wit"));
        assert!(!has("src/.hidden") && !has("src/__pycache__") && !has("other"));
        // A link to the folder itself leads nowhere new, again and again.
        std::os::unix::fs::symlink(module.path(), module.path().join("src/again")).unwrap();
        assert!(Workshop::of(module.path()).is_err());
    }
}
