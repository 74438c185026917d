//! Gathers the configuration that a plan was made from: out of the plan file, or from a source directory.
//!
//! Names in an archive are only names: nothing is written under them. In a directory nothing is read through a link
//! that leads out of it, and everything has a limit; what is left out is said.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use nhi_plan::json;

use super::{read_file, zip};

/// Bytes of one file; a real one has some kilobytes.
const FILE_BYTES_MAX: usize = 1 << 20;
/// Bytes of all files.
const BYTES_MAX: usize = 64 << 20;
/// How many files.
const FILES_MAX: usize = 20_000;
/// Directories within directories.
const DEPTH_MAX: usize = 32;
/// Entries of directories that are looked at.
const ENTRIES_MAX: usize = 200_000;

const ARCHIVE_PREFIX: &str = "tfconfig/";
const MANIFEST: &str = ".terraform/modules/modules.json";
const MODULES: &str = ".terraform/modules";

/// Files of a configuration, by the names that the evaluator knows them under.
#[derive(Debug, Default)]
pub(crate) struct SourceFiles {
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) notes: Vec<String>,
    bytes: usize,
    entries: usize,
}

impl SourceFiles {
    /// The configuration inside a plan file; nothing for anything else.
    pub(crate) fn of_archive(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        if !bytes.starts_with(zip::MAGIC) {
            return found;
        }
        let mut total = 0_usize;
        for entry in zip::entries(bytes).into_iter().flatten() {
            let Ok(name) = std::str::from_utf8(entry.name) else {
                continue;
            };
            if !name.starts_with(ARCHIVE_PREFIX) || name.ends_with('/') {
                continue;
            }
            let left = BYTES_MAX.saturating_sub(total).min(FILE_BYTES_MAX);
            let Some(content) = entry.content(left) else {
                found.left_out(name, "it is damaged or too large");
                continue;
            };
            total += content.len();
            found.add(name, content);
        }
        found
    }

    /// The configuration in a directory: its files, those of its modules, and the texts that `file` may read.
    ///
    /// With `texts_only` the configuration itself is known from elsewhere.
    pub(crate) fn of_directory(&mut self, root: &Path, texts_only: bool) -> std::io::Result<()> {
        let root = root.canonicalize()?;
        if !root.is_dir() {
            return Err(std::io::Error::new(
                std::io::ErrorKind::NotADirectory,
                "it is not a directory",
            ));
        }
        self.walk(&root, &root, "", 0, texts_only);
        if !texts_only {
            self.modules(&root);
        }
        if self.files.len() >= FILES_MAX || self.entries >= ENTRIES_MAX {
            self.notes.push(format!(
                "the source directory has more files than are read ({FILES_MAX}); what is not read stays unknown"
            ));
        }
        Ok(())
    }

    fn walk(&mut self, root: &Path, directory: &Path, prefix: &str, depth: usize, texts_only: bool) {
        let Ok(listing) = fs::read_dir(directory) else {
            return self.left_out(prefix, "it cannot be listed");
        };
        let mut names: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
        names.sort();
        for path in names {
            self.entries += 1;
            if self.entries >= ENTRIES_MAX || self.files.len() >= FILES_MAX {
                return;
            }
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            if name.starts_with('.') || name == "node_modules" {
                continue;
            }
            let key = format!("{prefix}{name}");
            // A link may lead anywhere; what it leads to has to be inside.
            let Ok(target) = path.canonicalize() else { continue };
            if !target.starts_with(root) {
                self.left_out(&key, "it leads out of the source directory");
                continue;
            }
            let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
            if target.is_dir() {
                // A linked directory is read where it is; following it here could go in circles.
                if depth < DEPTH_MAX && !is_link {
                    self.walk(root, &path, &format!("{key}/"), depth + 1, texts_only);
                }
            } else if target.is_file() && is_wanted(name) && !(texts_only && is_configuration(name)) {
                self.add_file(&key, &target);
            }
        }
    }

    /// The modules that `init` has fetched or linked, also where they lie beside the root module.
    fn modules(&mut self, root: &Path) {
        let path = root.join(MANIFEST);
        let Ok(Some(text)) = read_file(&path, FILE_BYTES_MAX as u64) else {
            return;
        };
        let Ok(text) = String::from_utf8(text) else {
            return self.left_out(MANIFEST, "it is not UTF-8");
        };
        let Ok(document) = json::parse(&text) else {
            return self.left_out(MANIFEST, "it is not JSON");
        };
        let fence = repository(root);
        let directories = document
            .root()
            .get("Modules")
            .into_iter()
            .flat_map(json::Value::elements)
            .filter_map(|module| module.get("Dir")?.as_str().map(|name| name.replace('\\', "/")));
        let mut directories: Vec<String> = directories.collect();
        directories.sort();
        directories.dedup();
        for directory in directories {
            self.module(root, &fence, &directory);
        }
        self.add(MANIFEST, text.into_bytes());
    }

    fn module(&mut self, root: &Path, fence: &Path, directory: &str) {
        let relative = Path::new(directory);
        let outside = relative.components().any(|part| part == Component::ParentDir);
        // The walk has read what is inside, except for what begins with a dot.
        if !outside && !directory.starts_with(MODULES) {
            return;
        }
        let Ok(target) = root.join(relative).canonicalize() else {
            return self.left_out(directory, "there is no such module directory");
        };
        if relative.is_absolute() || !target.starts_with(fence) {
            return self.left_out(directory, "the module lies outside of the repository");
        }
        let Ok(listing) = fs::read_dir(&target) else {
            return self.left_out(directory, "it cannot be listed");
        };
        let mut names: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
        names.sort();
        for path in names {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let is_inside = path.canonicalize().is_ok_and(|target| target.starts_with(fence));
            if is_configuration(name) && is_inside && path.is_file() && self.files.len() < FILES_MAX {
                let key = format!("{}/{name}", directory.trim_end_matches('/'));
                self.add_file(&key, &path);
            }
        }
    }

    fn add_file(&mut self, key: &str, path: &Path) {
        match read_file(path, FILE_BYTES_MAX as u64) {
            Ok(Some(bytes)) => self.add(key, bytes),
            Ok(None) if is_configuration(key) => self.left_out(key, "it is too large"),
            Ok(None) => {}
            Err(error) => self.left_out(key, &error.to_string()),
        }
    }

    fn add(&mut self, name: &str, bytes: Vec<u8>) {
        if self.files.len() >= FILES_MAX || self.bytes + bytes.len() > BYTES_MAX {
            return self.left_out(name, "there are too many sources");
        }
        match String::from_utf8(bytes) {
            Ok(text) => {
                self.bytes += text.len();
                self.files.insert(name.to_owned(), text);
            }
            Err(_) if is_configuration(name) => self.left_out(name, "it is not UTF-8"),
            // Nothing that a configuration could read as text.
            Err(_) => {}
        }
    }

    #[cold]
    fn left_out(&mut self, name: &str, why: &str) {
        const NOTES_MAX: usize = 20;
        if self.notes.len() < NOTES_MAX {
            self.notes.push(format!("the source `{name}` was not read: {why}"));
        }
    }
}

/// The directory of the repository that holds `root`, or `root` itself.
pub(crate) fn repository(root: &Path) -> PathBuf {
    let holds_git = |directory: &&Path| directory.join(".git").exists();
    root.ancestors().find(holds_git).unwrap_or(root).to_path_buf()
}

fn is_configuration(name: &str) -> bool {
    let stem = name.strip_suffix(".json").unwrap_or(name);
    [".tf", ".tofu"].iter().any(|end| stem.ends_with(end))
}

/// Configuration, and what `file` and `templatefile` usually read. A state is neither, and full of secrets.
fn is_wanted(name: &str) -> bool {
    const TEXTS: [&str; 14] = [
        "conf", "cfg", "hcl", "json", "md", "policy", "sh", "tftpl", "tmpl", "toml", "tpl", "txt", "yaml", "yml",
    ];
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    is_configuration(name) || TEXTS.contains(&extension)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::zip::DEFLATED;
    use crate::input::zip::tests::archive;

    fn names(found: &SourceFiles) -> Vec<&str> {
        found.files.keys().map(String::as_str).collect()
    }

    #[test]
    fn a_plan_file_holds_its_configuration() {
        let large = vec![b'#'; FILE_BYTES_MAX + 1];
        let zip = archive(
            &[
                ("tfplan", b"\x00\xff"),
                ("tfconfig/modules.json", b"[]"),
                ("tfconfig/m-/main.tf", b"locals {}"),
                ("tfconfig/m-/large.tf", &large),
                ("tfconfig/m-/binary.tf", b"\xff\xfe"),
                ("tfconfig/../../../etc/passwd.tf", b"locals {}"),
            ],
            DEFLATED,
        );
        let found = SourceFiles::of_archive(&zip);
        assert_eq!(
            names(&found),
            [
                "tfconfig/../../../etc/passwd.tf",
                "tfconfig/m-/main.tf",
                "tfconfig/modules.json"
            ]
        );
        assert_eq!(found.notes.len(), 2, "{:?}", found.notes);
        assert!(SourceFiles::of_archive(b"{}").files.is_empty());
    }

    #[test]
    fn a_directory_is_read_with_its_modules_and_texts() {
        let place = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("repo/.git/HEAD", "");
        write("repo/root/main.tf", "locals {}");
        write("repo/root/policy.json.tftpl", "{}");
        write("repo/root/terraform.tfstate", "{}");
        write("repo/root/.env", "SECRET=1");
        write("repo/root/local/x.tofu", "");
        write("repo/root/.terraform/providers/x/README.md", "");
        write("repo/root/.terraform/modules/remote/main.tf", "");
        write("repo/shared/a/main.tf", "");
        write("elsewhere/main.tf", "");
        write(
            "repo/root/.terraform/modules/modules.json",
            r#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"a","Source":"../shared/a","Dir":"../shared/a"},
                {"Key":"b","Dir":".terraform/modules/remote"},{"Key":"c","Dir":"../../elsewhere"},{"Key":"d","Dir":"/etc"}]}"#,
        );
        let mut found = SourceFiles::default();
        found.of_directory(&place.path().join("repo/root"), false).unwrap();
        assert_eq!(
            names(&found),
            [
                "../shared/a/main.tf",
                ".terraform/modules/modules.json",
                ".terraform/modules/remote/main.tf",
                "local/x.tofu",
                "main.tf",
                "policy.json.tftpl"
            ]
        );
        assert!(
            found.notes.iter().any(|note| note.contains("elsewhere")),
            "{:?}",
            found.notes
        );
        let mut texts = SourceFiles::default();
        texts.of_directory(&place.path().join("repo/root"), true).unwrap();
        assert_eq!(names(&texts), ["policy.json.tftpl"]);
        assert!(
            SourceFiles::default()
                .of_directory(&place.path().join("no"), false)
                .is_err()
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_does_not_lead_out() {
        use std::os::unix::fs::symlink;
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("root");
        fs::create_dir(&root).unwrap();
        fs::write(place.path().join("outside.tf"), "secret").unwrap();
        fs::write(root.join("main.tf"), "").unwrap();
        symlink(place.path().join("outside.tf"), root.join("linked.tf")).unwrap();
        symlink(&root, root.join("circle")).unwrap();
        symlink(root.join("main.tf"), root.join("alias.tf")).unwrap();
        let mut found = SourceFiles::default();
        found.of_directory(&root, false).unwrap();
        assert_eq!(names(&found), ["alias.tf", "main.tf"]);
        assert!(found.notes[0].contains("linked.tf"), "{:?}", found.notes);
    }
}
