//! Where text leaves the process: the formats, standard output and error, files.
//!
//! Data goes to standard output, talk to standard error. A reader that went away is no failure.

mod console;
mod evidence;
mod github;
mod gitlab;
mod graph;
mod html;
mod human;
mod json;
mod json_text;
mod junit;
mod markdown;
mod ocsf;
mod ocsf_audit;
mod overview;
mod problems;
mod sanitise;
mod sarif;
mod screen;
mod story;
mod xml;

pub(crate) use console::{Console, Progress};
pub(crate) use evidence::render as evidence;
pub(crate) use graph::{GraphFormat, is_edge, render as render_graph};
pub(crate) use ocsf_audit::event as audit_event;
pub(crate) use overview::{OverviewFormat, render as render_overview};
pub(crate) use problems::{Wrong, problems};
pub(crate) use screen::{BOLD, DIM, GREEN, PLAIN, RED, Screen, YELLOW};
pub(crate) use story::meaning as level_meaning;

use std::io::{self, Write as _};
use std::path::Path;

use clap::ValueEnum;

use crate::exit::Failure;
use crate::report::Report;

/// Where the lines of a file wrap, on whatever screen it is written.
pub(crate) const FILE_WIDTH: usize = 100;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// For programs: `docs/schemas/report-v1.schema.json`.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// `JUnit` XML, for Jenkins and others.
    Junit,
    /// Annotations of GitHub Actions.
    Github,
    /// A Code Quality report of GitLab.
    Gitlab,
    /// For a comment or a job summary.
    Markdown,
    /// One page; nothing is loaded.
    Html,
    /// OCSF Compliance Findings, for data lakes.
    Ocsf,
}

/// Renders a report; the same report gives the same bytes.
pub(crate) fn render(format: Format, report: &Report, width: usize) -> Result<String, Failure> {
    let rendered = match format {
        Format::Human => return Ok(human::render(report, width)),
        Format::Json => json::render(report),
        Format::Sarif => sarif::render(report),
        Format::Junit => return Ok(junit::render(report)),
        Format::Github => return Ok(github::render(report)),
        Format::Gitlab => gitlab::render(report),
        Format::Markdown => return Ok(markdown::render(report)),
        Format::Html => return Ok(html::render(report)),
        Format::Ocsf => ocsf::render(report),
    };
    rendered.map_err(|error| Failure::undecided(format!("the report cannot be written as JSON: {error}")))
}

/// A text without styles, for files.
pub(crate) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// What a machine format leaves unsaid to the person who watches: the verdict in a few lines.
pub(crate) fn summary(report: &Report, width: usize) -> String {
    human::summary(report, width)
}

/// Renders any serialisable value as guarded JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    json_text::render(value)
        .map_err(|error| Failure::undecided(format!("the answer cannot be written as JSON: {error}")))
}

/// Renders any serialisable value as guarded JSON on one line.
pub(crate) fn json_line(value: &impl serde::Serialize) -> Result<String, Failure> {
    json_text::line(value).map_err(|error| Failure::undecided(format!("the answer cannot be written as JSON: {error}")))
}

/// Writes a file so that a reader finds either the old content or all of the new.
pub(crate) fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    // A symbolic link keeps pointing where it does; a device or a pipe must not be replaced by a file.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let written = match target.metadata() {
        Ok(metadata) if !metadata.is_file() => write_through(&target, text),
        _ => replace(&target, text),
    };
    written.map_err(|error| {
        Failure::undecided(format!("the report cannot be written to `{}`: {error}", path.display()))
            .help("name a file in a directory that exists and is writable")
    })
}

/// Writes a file that must not exist yet; false, and nothing written, where it does.
pub(crate) fn create_file(path: &Path, text: &str) -> Result<bool, Failure> {
    let created = temporary(path, text).and_then(|file| match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    });
    created.map_err(|error| {
        Failure::undecided(format!("`{}` cannot be written: {error}", path.display()))
            .help("name a file in a directory that exists and is writable")
    })
}

fn write_through(target: &Path, text: &str) -> io::Result<()> {
    std::fs::OpenOptions::new()
        .write(true)
        .open(target)?
        .write_all(text.as_bytes())
}

fn replace(target: &Path, text: &str) -> io::Result<()> {
    temporary(target, text)?.persist(target)?;
    Ok(())
}

/// The text in a file of its own beside where it is to go, durable.
fn temporary(target: &Path, text: &str) -> io::Result<tempfile::NamedTempFile> {
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".nhi-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The file is as readable as the umask allows, as if it had been created directly.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_a_device_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("report.json");
        write_file(&file, "old").unwrap();
        write_file(&file, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(
            std::fs::read_dir(directory.path()).unwrap().count(),
            1,
            "no temporary file is left"
        );

        let missing = directory.path().join("no/such/directory/report.json");
        let failure = write_file(&missing, "x").unwrap_err();
        assert!(failure.message.contains("report.json"), "{}", failure.message);

        #[cfg(unix)]
        {
            let link = directory.path().join("link");
            std::os::unix::fs::symlink(&file, &link).unwrap();
            write_file(&link, "through").unwrap();
            assert!(link.symlink_metadata().unwrap().is_symlink());
            assert_eq!(std::fs::read_to_string(&file).unwrap(), "through");
            write_file(Path::new("/dev/null"), "x").unwrap();
            assert!(!Path::new("/dev/null").metadata().unwrap().is_file());
        }
    }
}
