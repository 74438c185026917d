//! The languages that a policy module may be written in: one file each in `language/`, and one line in the list.
//!
//! A language knows the files of a new module and how a component comes of a folder. Whatever follows is the same for
//! all: the component is judged as a run will judge it, and its cases run in the same sandbox.

mod javascript;
mod python;
mod rego;
mod rust;
mod workshop;

use std::fmt;
use std::path::Path;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::exit::Failure;

/// Every language, sorted by its name.
static LANGUAGES: [&Language; 4] = [
    &javascript::LANGUAGE,
    &python::LANGUAGE,
    &rego::LANGUAGE,
    &rust::LANGUAGE,
];

/// A language.
pub(super) struct Language {
    /// The word for it behind `--language`.
    pub(super) name: &'static str,
    /// What it is called in a sentence.
    pub(super) title: &'static str,
    /// Whether a module pins tools that are fetched into its folder.
    pub(super) has_tools: bool,
    /// What a folder of a module in this language has to have, as the reader is told.
    pub(super) marker: &'static str,
    /// Whether a folder is one of a module in this language.
    pub(super) is_here: fn(&Path) -> bool,
    /// Names that a module in this language cannot have.
    pub(super) reserved: &'static [&'static str],
    /// The files of a new module of that name: places below its folder, and texts.
    pub(super) files: fn(&str) -> Vec<(String, String)>,
    /// Makes the component of a module's folder.
    pub(super) build: fn(&Source<'_>) -> Result<Built, Failure>,
}

/// What is to be built.
#[derive(Debug)]
pub(super) struct Source<'s> {
    /// The module's folder.
    pub(super) directory: &'s Path,
    /// Nothing may be fetched.
    pub(super) offline: bool,
    /// The tools that the module pins may be fetched into its folder.
    pub(super) install: bool,
}

/// What was built.
#[derive(Debug)]
pub(super) struct Built {
    /// The component's file name without its ending.
    pub(super) name: String,
    /// The component: made by `nhi_policy_host::componentize`, or named by `nhi_policy_host::name_contract`.
    pub(super) component: Vec<u8>,
}

impl fmt::Debug for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

/// The language that the module in a folder is written in.
pub(super) fn of(directory: &Path) -> Result<&'static Language, Failure> {
    let here: Vec<&Language> = LANGUAGES
        .into_iter()
        .filter(|language| (language.is_here)(directory))
        .collect();
    let shown = directory.display();
    match here.as_slice() {
        [language] => Ok(language),
        [] => {
            let markers: Vec<&str> = LANGUAGES.iter().map(|language| language.marker).collect();
            Err(Failure::usage(format!(
                "`{shown}` is no module's folder: it has no {}",
                markers.join(", no ")
            ))
            .help("name the module's folder, or make one with `nhi module new NAME`"))
        }
        several => {
            let found: Vec<&str> = several.iter().map(|language| language.marker).collect();
            Err(Failure::usage(format!(
                "`{shown}` could be a module in several languages: it has {}",
                found.join(" and ")
            ))
            .help("keep each module in a folder of its own"))
        }
    }
}

/// Reads the word behind `--language`.
pub(super) fn parser() -> impl TypedValueParser<Value = &'static Language> {
    let values = LANGUAGES.map(|language| PossibleValue::new(language.name).help(language.title));
    PossibleValuesParser::new(values).try_map(|word| {
        LANGUAGES
            .into_iter()
            .find(|language| language.name == word)
            .ok_or_else(|| format!("`{word}` is no language that is known here"))
    })
}

/// Whether a module's name can be that of a file, wherever its component is written to.
fn is_plain(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !name.is_empty() && name.bytes().all(is_plain)
}

/// A template with the module's name in it: `{{name}}`, `{{crate}}`, `{{type}}` and `{{code}}` are replaced.
fn fill(text: &str, name: &str) -> String {
    let words = || name.split('-').filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_ascii_uppercase() + rest
    };
    let type_name: String = words().map(capital).collect();
    let code: String = words().next().unwrap_or_default().to_ascii_uppercase();
    // The built-in analyzer's codes begin with `NHI`.
    let code = if code.starts_with("NHI") {
        format!("ORG-{code}")
    } else {
        code
    };
    text.replace("{{name}}", name)
        .replace("{{crate}}", &name.replace('-', "_"))
        .replace("{{type}}", &type_name)
        .replace("{{code}}", &format!("{code}001"))
}

/// The files of a new module that are those of an example, with its own name and code instead of the example's.
fn of_example(
    files: &[(&'static str, &'static str)],
    sdk: &[(&'static str, &'static str)],
    name: &str,
) -> Vec<(String, String)> {
    let code = fill("{{code}}", name);
    let own = files.iter().map(|(path, text)| {
        (
            (*path).to_owned(),
            text.replace("team-policy", name).replace("TEAM001", &code),
        )
    });
    let sdk = sdk
        .iter()
        .map(|(path, text)| (format!("sdk/{path}"), (*text).to_owned()));
    own.chain(sdk).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_every_new_module_is_one_of_its_language() {
        assert!(LANGUAGES.is_sorted_by(|a, b| a.name < b.name));
        for language in LANGUAGES {
            let folder = tempfile::tempdir().unwrap();
            assert!(of(folder.path()).is_err(), "an empty folder");
            for (path, text) in (language.files)("team-policy") {
                // What comes with the SDK is no template.
                assert!(path.starts_with("sdk/") || !text.contains("{{"), "{language}: {path}");
                let path = folder.path().join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            assert_eq!(of(folder.path()).unwrap().name, language.name);
        }
    }

    #[test]
    fn a_name_becomes_a_code_that_is_nobody_elses() {
        for (name, code) in [("team-policy", "TEAM001"), ("nhi-team", "ORG-NHI001"), ("a", "A001")] {
            assert_eq!(fill("{{code}}", name), code);
        }
        assert_eq!(fill("{{crate}} {{type}}", "team-policy"), "team_policy TeamPolicy");
    }
}
