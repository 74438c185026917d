//! Where requests, approvals and trust roots lie in a repository, and the only place that reads and writes them.
//!
//! `approvals/<digest of the request>/request.json` and `…/<person>.dsse.json`; beside a trust root `approvers.hcl` the
//! directory `approvers.hcl.chain` with the versions before it, `<digest>.hcl`, and the signatures of each version,
//! `<digest>.<person>.dsse.json`. A pull request can put anything there, so links are not followed, nothing is read
//! without a limit, and a file is written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use nhi_governance::Digest;

use crate::approval::Signed;
use crate::code::{FILE, PIN, Problem, REQUEST};
use crate::dsse::ENVELOPE_BYTES_MAX;
use crate::person::Person;
use crate::request::{REQUEST_BYTES_MAX, Request};
use crate::root::ROOT_BYTES_MAX;
use crate::succession::{Trust, trust};

/// The file with the request.
pub const REQUEST_FILE: &str = "request.json";
const ENVELOPE_SUFFIX: &str = ".dsse.json";
/// Entries of a directory that are looked at.
const ENTRIES_MAX: usize = 1000;

/// An envelope as it was found: the name of its file, and its bytes.
pub type Found = (String, Result<Vec<u8>, Problem>);

/// The directory of a request.
pub fn directory(approvals: &Path, digest: Digest) -> PathBuf {
    approvals.join(digest.to_string())
}

/// Writes a request where approvers look for it; one that is there already stays as it is.
pub fn write_request(approvals: &Path, request: &Request) -> Result<PathBuf, Problem> {
    let directory = directory(approvals, request.digest());
    let path = directory.join(REQUEST_FILE);
    let text = format!("{}\n", request.to_canonical_json());
    if read(&path, REQUEST_BYTES_MAX)?.as_deref() != Some(text.as_bytes()) {
        write(&path, &text)?;
    }
    Ok(path)
}

/// Reads a request and checks that it lies under its own digest, where the directory is named like one.
pub fn read_request(path: &Path) -> Result<Request, Problem> {
    let bytes = read(path, REQUEST_BYTES_MAX)?.ok_or_else(|| missing(path))?;
    let request = Request::parse(&bytes)?;
    let place = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    match place.map(Digest::parse) {
        Some(Ok(expected)) if expected != request.digest() => Err(Problem::new(
            &REQUEST,
            format!(
                "the request in `{}` has the digest {}",
                path.display(),
                request.digest()
            ),
            "It was changed, or copied to another place. Plan again to have it written anew.",
        )),
        _ => Ok(request),
    }
}

/// The approvals of a request. None where there is no directory.
pub fn read_approvals(approvals: &Path, digest: Digest) -> Result<Vec<Found>, Problem> {
    let directory = directory(approvals, digest);
    let names = names(&directory)?;
    let envelopes = names.into_iter().filter(|name| name.ends_with(ENVELOPE_SUFFIX));
    Ok(envelopes
        .map(|name| (name.clone(), read_named(&directory, &name)))
        .collect())
}

/// Writes an approval beside its request; another one of the same person is replaced.
pub fn write_approval(approvals: &Path, signed: &Signed) -> Result<PathBuf, Problem> {
    let directory = directory(approvals, signed.approval.request_digest);
    let path = directory.join(format!("{}{ENVELOPE_SUFFIX}", signed.approval.person));
    write(&path, &signed.to_text())?;
    Ok(path)
}

/// The directory beside a trust root.
pub fn chain_directory(root: &Path) -> PathBuf {
    let mut path = root.as_os_str().to_owned();
    path.push(".chain");
    path.into()
}

/// Reads a trust root as it is.
pub fn read_root(path: &Path) -> Result<Vec<u8>, Problem> {
    read(path, ROOT_BYTES_MAX)?.ok_or_else(|| missing(path))
}

/// Reads a trust root and follows it back to the one that is pinned.
pub fn read_trust(path: &Path, pinned: Digest) -> Result<Trust, Problem> {
    let chain = chain_directory(path);
    let earlier = |digest: Digest| read(&chain.join(format!("{digest}.hcl")), ROOT_BYTES_MAX);
    let signatures = |digest: Digest| {
        let prefix = format!("{digest}.");
        let is_of = |name: &String| name.starts_with(&prefix) && name.ends_with(ENVELOPE_SUFFIX);
        let names = names(&chain)?.into_iter().filter(is_of);
        names
            .map(|name| Ok((name.clone(), read_named(&chain, &name)?)))
            .collect()
    };
    trust(&read_root(path)?, pinned, earlier, signatures)
}

/// The same, where one is on record already: the file has to be that one, or to come after it by signatures. A digest
/// that is pinned in the change itself, beside another file, is then no way around those who decided until now.
pub fn read_trust_after(path: &Path, pinned: Digest, on_record: Option<Digest>) -> Result<Trust, Problem> {
    let trust = read_trust(path, pinned)?;
    let Some(on_record) = on_record.filter(|on_record| *on_record != trust.root.digest) else {
        return Ok(trust);
    };
    match read_trust(path, on_record) {
        Ok(_) => Ok(trust),
        Err(problem) => Err(Problem::new(
            &PIN,
            format!(
                "the trust root does not come after the one on record: {}",
                problem.message
            ),
            "Have the people of the one on record sign it, with `nhi approvers sign`, and commit the chain.",
        )),
    }
}

/// Keeps a version of a trust root for those that come after it.
pub fn keep_root(root: &Path, bytes: &[u8]) -> Result<PathBuf, Problem> {
    let path = chain_directory(root).join(format!("{}.hcl", Digest::of(bytes)));
    let text = std::str::from_utf8(bytes).map_err(|_| {
        Problem::new(
            &FILE,
            "the trust root is not UTF-8",
            "Take the file as it was committed.",
        )
    })?;
    write(&path, text)?;
    Ok(path)
}

/// Writes a signature of a trust root beside it.
pub fn write_succession(root: &Path, digest: Digest, person: &Person, text: &str) -> Result<PathBuf, Problem> {
    let path = chain_directory(root).join(format!("{digest}.{person}{ENVELOPE_SUFFIX}"));
    write(&path, text)?;
    Ok(path)
}

/// Reads a file that must be a plain one and no longer than it may; `None` where there is none.
pub fn read(path: &Path, bytes_max: usize) -> Result<Option<Vec<u8>>, Problem> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(io_problem("read", path, &error)),
    };
    if !metadata.is_file() {
        return Err(odd(path, "is a link, a directory or a device, not a file"));
    }
    let file = File::open(path).map_err(|error| io_problem("read", path, &error))?;
    let opened = file.metadata().map_err(|error| io_problem("read", path, &error))?;
    if !is_same(&metadata, &opened) {
        return Err(odd(path, "was replaced while it was read"));
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| io_problem("read", path, &error))?;
    if bytes.len() > bytes_max {
        return Err(odd(path, &format!("has more than {bytes_max} bytes")));
    }
    Ok(Some(bytes))
}

#[cfg(unix)]
fn is_same(looked_at: &fs::Metadata, opened: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    opened.is_file() && (looked_at.dev(), looked_at.ino()) == (opened.dev(), opened.ino())
}

#[cfg(not(unix))]
fn is_same(_looked_at: &fs::Metadata, opened: &fs::Metadata) -> bool {
    opened.is_file()
}

fn read_named(directory: &Path, name: &str) -> Result<Vec<u8>, Problem> {
    let path = directory.join(name);
    read(&path, ENVELOPE_BYTES_MAX)?.ok_or_else(|| missing(&path))
}

/// The names in a directory, sorted; those that are no text are passed over.
fn names(directory: &Path) -> Result<Vec<String>, Problem> {
    match fs::symlink_metadata(directory) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(odd(directory, "is a link or a file, not a directory")),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(io_problem("read", directory, &error)),
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| io_problem("read", directory, &error))? {
        let entry = entry.map_err(|error| io_problem("read", directory, &error))?;
        names.extend(entry.file_name().to_str().map(ToOwned::to_owned));
        if names.len() > ENTRIES_MAX {
            return Err(odd(directory, &format!("has more than {ENTRIES_MAX} entries")));
        }
    }
    names.sort();
    Ok(names)
}

/// Writes a file whole: who reads finds the old content or the new.
fn write(path: &Path, text: &str) -> Result<(), Problem> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(|error| io_problem("create", directory, &error))?;
    let is_plain = |path: &Path, suits: fn(&fs::Metadata) -> bool| {
        fs::symlink_metadata(path).map_or(true, |metadata| suits(&metadata))
    };
    if !is_plain(directory, fs::Metadata::is_dir) {
        return Err(odd(directory, "is a link, and nothing is written through one"));
    }
    if !is_plain(path, fs::Metadata::is_file) {
        return Err(odd(path, "is a link, a directory or a device, and is not replaced"));
    }
    let written = replace(directory, path, text);
    written.map_err(|error| io_problem("write", path, &error))
}

fn replace(directory: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".nhi-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As readable as the umask allows: it is meant to be committed.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cold]
fn missing(path: &Path) -> Problem {
    Problem::new(
        &FILE,
        format!("there is no file `{}`", path.display()),
        "Check the path, and that the branch is up to date.",
    )
}

#[cold]
fn odd(path: &Path, why: &str) -> Problem {
    Problem::new(
        &FILE,
        format!("`{}` {why}", path.display()),
        "Remove it, and look at who put it there.",
    )
}

#[cold]
fn io_problem(what: &str, path: &Path, error: &io::Error) -> Problem {
    let help = "Check the path and its permissions.";
    Problem::new(&FILE, format!("cannot {what} `{}`: {error}", path.display()), help)
}
