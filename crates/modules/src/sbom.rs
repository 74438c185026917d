//! Lists of dependencies: CycloneDX 1.5 in JSON, from what `cargo auditable` put into a module or from a lock file.
//!
//! The same module always has the same list: there is neither a time nor a serial number in it, so that publishing it
//! twice adds nothing. <https://cyclonedx.org/docs/1.5/json/>

use nhi_governance::{Digest, Problem};
use serde_json::{Value, json};

use crate::artifact::Facts;
use crate::attachment::SBOM_BYTES_MAX;
use crate::code::SBOM;

/// The most dependencies of a list.
const COMPONENTS_MAX: usize = 10_000;

/// The lowest version of the format that says what a reader needs.
const VERSION_MIN: (u32, u32) = (1, 5);

/// One dependency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its package, in hexadecimal, where that is known.
    pub sha256: Option<String>,
    /// Whether it is from crates.io, where its name says what it is.
    pub is_published: bool,
}

/// What a list says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sbom {
    /// The version of the format.
    pub spec_version: String,
    /// Name and version of what is listed, as it is written.
    pub components: Vec<String>,
}

/// The list of a module's dependencies.
pub fn sbom(facts: &Facts, wasm: &[u8], components: &[Component]) -> Vec<u8> {
    let mut components = components.to_vec();
    components.sort();
    components.dedup();
    let listed: Vec<Value> = components.iter().map(described).collect();
    let sbom = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "tools": { "components": [{ "type": "application", "name": "nhi", "version": env!("CARGO_PKG_VERSION") }] },
            "component": {
                "type": "library",
                "bom-ref": "module",
                "name": facts.name,
                "version": facts.version,
                "hashes": [{ "alg": "SHA-256", "content": Digest::of(wasm).to_string() }],
            },
        },
        "components": listed,
    });
    sbom.to_string().into_bytes()
}

fn described(component: &Component) -> Value {
    let Component {
        name,
        version,
        sha256,
        is_published,
    } = component;
    let mut described = json!({ "type": "library", "name": name, "version": version });
    if let Some(object) = described.as_object_mut() {
        if *is_published {
            let purl = format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"));
            object.insert("bom-ref".to_owned(), json!(purl));
            object.insert("purl".to_owned(), json!(purl));
        }
        if let Some(sha256) = sha256 {
            object.insert("hashes".to_owned(), json!([{ "alg": "SHA-256", "content": sha256 }]));
        }
    }
    described
}

/// Reads a list, whoever made it.
///
/// # Errors
///
/// What is not CycloneDX 1.5 or later in JSON, or is too long.
pub fn read_sbom(bytes: &[u8]) -> Result<Sbom, Problem> {
    if bytes.len() as u64 > SBOM_BYTES_MAX {
        return Err(refuse("it is too long"));
    }
    let sbom: Value = serde_json::from_slice(bytes).map_err(|_| refuse("it is not JSON"))?;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    if text(&sbom, "bomFormat").as_deref() != Some("CycloneDX") {
        return Err(refuse("it is not CycloneDX"));
    }
    let spec_version = text(&sbom, "specVersion").unwrap_or_default();
    let numbers = spec_version.split_once('.');
    let numbers = numbers.and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    if numbers.is_none_or(|numbers: (u32, u32)| numbers < VERSION_MIN) {
        return Err(refuse("it is of a version before 1.5"));
    }
    let components = match sbom.get("components") {
        None => &[],
        Some(Value::Array(components)) if components.len() <= COMPONENTS_MAX => components.as_slice(),
        Some(_) => return Err(refuse("its list of components cannot be read")),
    };
    let component = |component: &Value| {
        let name = text(component, "name")?;
        let version = text(component, "version").unwrap_or_default();
        Some(format!("{name} {version}").trim_end().to_owned())
    };
    let components: Option<Vec<String>> = components.iter().map(component).collect();
    Ok(Sbom {
        spec_version,
        components: components.ok_or_else(|| refuse("a component has no name"))?,
    })
}

/// What `cargo auditable` wrote into a module, unpacked: what was linked in, without the module itself.
///
/// # Errors
///
/// What it does not write.
pub fn of_auditable(json: &[u8]) -> Result<Vec<Component>, Problem> {
    let wrong = || refuse("what `cargo auditable` wrote into the module cannot be read");
    let list: Value = serde_json::from_slice(json).map_err(|_| wrong())?;
    let packages = list.get("packages").and_then(Value::as_array).ok_or_else(wrong)?;
    let text = |package: &Value, name: &str| package.get(name).and_then(Value::as_str).map(str::to_owned);
    let is_linked = |package: &&Value| {
        let is_root = package.get("root").and_then(Value::as_bool).unwrap_or(false);
        !is_root && text(package, "kind").is_none_or(|kind| kind == "runtime")
    };
    let component = |package: &Value| {
        Some(Component {
            name: text(package, "name")?,
            version: text(package, "version")?,
            sha256: None,
            is_published: text(package, "source").is_some_and(|source| source == "crates.io"),
        })
    };
    let components: Option<Vec<_>> = packages.iter().filter(is_linked).map(component).collect();
    components.filter(|list| list.len() <= COMPONENTS_MAX).ok_or_else(wrong)
}

/// The packages of a `Cargo.lock`, without the module itself. Cargo writes such a file in one form only, line by line;
/// what is not of that form is refused.
///
/// # Errors
///
/// A file that cargo did not write.
pub fn of_lock(text: &str, module: &str) -> Result<Vec<Component>, Problem> {
    let wrong = || refuse("`Cargo.lock` cannot be read");
    let mut components = Vec::new();
    for block in text.split("[[package]]").skip(1) {
        // What comes after the packages begins a table of another name.
        let lines = block.lines().take_while(|line| !line.starts_with('['));
        let (mut name, mut version, mut source, mut sha256) = (None, None, None, None);
        for line in lines {
            let Some((key, value)) = line.split_once(" = ") else {
                continue;
            };
            let place = match key {
                "name" => &mut name,
                "version" => &mut version,
                "source" => &mut source,
                "checksum" => &mut sha256,
                _ => continue,
            };
            let text = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let text = text.filter(|text| !text.contains(['"', '\\'])).ok_or_else(wrong)?;
            if place.replace(text.to_owned()).is_some() {
                return Err(wrong());
            }
        }
        let component = Component {
            name: name.ok_or_else(wrong)?,
            version: version.ok_or_else(wrong)?,
            is_published: source.as_deref() == Some("registry+https://github.com/rust-lang/crates.io-index"),
            sha256,
        };
        if component
            .sha256
            .as_deref()
            .is_some_and(|hex| Digest::parse(hex).is_err())
        {
            return Err(wrong());
        }
        if source.is_some() || component.name != module {
            components.push(component);
        }
    }
    (components.len() <= COMPONENTS_MAX)
        .then_some(components)
        .ok_or_else(wrong)
}

#[cold]
fn refuse(why: &str) -> Problem {
    let help = "Name a list of dependencies in CycloneDX 1.5 or later, as JSON, with `--sbom FILE`.";
    Problem::new(&SBOM, format!("the list of dependencies cannot be used: {why}"), help)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Component, of_auditable, of_lock, read_sbom, sbom};
    use crate::artifact::Facts;

    fn facts() -> Facts {
        Facts {
            name: "naming".to_owned(),
            version: "1.2.3".to_owned(),
            abi: "nhi:policy@1.0.0".to_owned(),
            exports: Vec::new(),
            imports: Vec::new(),
        }
    }

    fn names(components: &[Component]) -> Vec<String> {
        components.iter().map(|c| format!("{} {}", c.name, c.version)).collect()
    }

    #[test]
    fn a_lock_file_of_cargo_is_read() {
        let text = include_str!("../../../cli/templates/rust/Cargo.lock.in").replace("{{name}}", "naming");
        let components = of_lock(&text, "naming").unwrap();
        let packages = text.matches("[[package]]").count();
        assert_eq!(
            components.len(),
            packages - 1,
            "the module itself is not its own dependency"
        );
        assert!(names(&components).iter().any(|name| name.starts_with("wit-bindgen ")));
        for component in &components {
            assert_eq!(component.is_published, component.sha256.is_some(), "{component:?}");
        }
        let bytes = sbom(&facts(), b"wasm", &components);
        let again = read_sbom(&bytes).unwrap();
        assert_eq!(
            (again.spec_version.as_str(), again.components.len()),
            ("1.5", components.len())
        );
        for bad in [
            text.replacen("name = \"", "name = '", 1),
            text.replacen("checksum = \"", "checksum = \"x", 1),
            text.replacen("[[package]]\nname", "[[package]]\nnom", 1),
            text.replacen("version = \"", "version = \"1\"\nversion = \"", 1),
        ] {
            assert_ne!(bad, text);
            // The first `version` of a lock file is a number, that of the format.
            assert!(of_lock(&bad, "naming").is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_linked_in_is_listed() {
        let json = br#"{"packages":[
            {"name":"naming","version":"1.2.3","source":"local","root":true,"dependencies":[1]},
            {"name":"memchr","version":"2.7.0","source":"crates.io"},
            {"name":"own","version":"0.1.0","source":"local"},
            {"name":"cc","version":"1.0.0","source":"crates.io","kind":"build"}]}"#;
        let components = of_auditable(json).unwrap();
        assert_eq!(names(&components), ["memchr 2.7.0", "own 0.1.0"]);
        let text = String::from_utf8(sbom(&facts(), b"wasm", &components)).unwrap();
        assert!(
            text.contains("pkg:cargo/memchr@2.7.0") && !text.contains("pkg:cargo/own"),
            "{text}"
        );
        for bad in [&b"[]"[..], b"{}", br#"{"packages":[{"name":1}]}"#] {
            assert!(of_auditable(bad).is_err());
        }
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"bomFormat":"SPDX","specVersion":"1.5"}"#,
            r#"{"bomFormat":"CycloneDX","specVersion":"1.4"}"#,
            r#"{"bomFormat":"CycloneDX","specVersion":"x"}"#,
            r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":{}}"#,
            r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{}]}"#,
        ] {
            assert_eq!(
                read_sbom(text.as_bytes()).unwrap_err().code.id,
                "NHI-MODULE-SBOM",
                "{text}"
            );
        }
        let good = r#"{"bomFormat":"CycloneDX","specVersion":"1.10","components":[{"name":"a"}]}"#;
        assert_eq!(read_sbom(good.as_bytes()).unwrap().components, ["a"]);
    }

    proptest! {
        #[test]
        fn foreign_text_ends_in_a_list_or_a_problem(text in r#"(\[\[package\]\]|name = "[a-z]*"|version = "1"|\n|.){0,60}"#) {
            let _ = of_lock(&text, "x");
            let _ = read_sbom(text.as_bytes());
            let _ = of_auditable(text.as_bytes());
        }
    }
}
