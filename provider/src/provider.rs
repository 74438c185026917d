//! The provider block: which registry, which trust domain.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use nhi_governance::TrustDomain;
use nhi_registry::{Actor, Location};
use serde_json::json;
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::schema::{Attribute, Schema};
use tfplugin::server::{Answer, Provider, Resource};
use tfplugin::value::{AttributePath, Type, Value};

use crate::governed::{Governed, Settings, Trouble, blocking};
use crate::resources;

const REGISTRY_VARIABLE: &str = "NHI_REGISTRY";
const REGISTRY_DEFAULT: &str = "nhi-registry.db";
const TRUST_DOMAIN_DEFAULT: &str = "nhi.internal";

/// The provider.
pub(crate) struct Nhi {
    governed: Arc<Governed>,
    resources: Vec<Arc<dyn Resource>>,
}

impl Nhi {
    pub(crate) fn new(governed: Arc<Governed>) -> Nhi {
        Nhi {
            resources: resources::all(&governed),
            governed,
        }
    }
}

/// Every schema, in the form of `terraform providers schema -json`.
pub(crate) fn schemas(address: &str) -> serde_json::Value {
    let provider = Nhi::new(Arc::new(Governed::new(Actor::from_surroundings())));
    let of = |resource: &Arc<dyn Resource>| (resource.type_name().to_owned(), resource.schema().to_json());
    let resources: serde_json::Map<_, _> = provider.resources.iter().map(of).collect();
    let schemas = json!({ "provider": provider.schema().to_json(), "resource_schemas": resources });
    json!({ "format_version": "1.0", "provider_schemas": { address: schemas } })
}

impl Provider for Nhi {
    fn schema(&self) -> Schema {
        Schema::new(
            "Governs non-human identities: every identity has owners, a purpose, a scope and an end, is kept in a \
             registry, and every change of it is in a tamper-evident audit log.",
        )
        .attribute(Attribute::optional("registry", Type::String).describe(format!(
            "Where the registry is: the path of an SQLite file, or the URL of a PostgreSQL database, \
             `postgres://user@host/database`. The first apply creates it. Relative paths start at the working directory; \
             leave the password out of the URL, it is read from `PGPASSWORD` or a password file. Default: the environment \
             variable `{REGISTRY_VARIABLE}`, else `{REGISTRY_DEFAULT}`. Another place is another registry: identities are \
             moved by `nhi registry migrate` only."
        )))
        .attribute(Attribute::optional("trust_domain", Type::String).describe(format!(
            "SPIFFE trust domain of new identities, for example `example.org`. Default: `{TRUST_DOMAIN_DEFAULT}`. \
             Identities that exist keep the SPIFFE id they were created with."
        )))
    }

    fn resources(&self) -> &[Arc<dyn Resource>] {
        &self.resources
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        settings(config, |_| None).1
    }

    fn configure(&self, config: Value) -> Answer<'_, Diagnostics> {
        let (settings, mut diagnostics) = settings(&config, |name| std::env::var_os(name));
        let path = settings.registry.as_ref().and_then(Location::path);
        if let Some(path) = path.filter(|_| !diagnostics.has_errors()) {
            diagnostics.extend(directory_missing(path));
        }
        if diagnostics.has_errors() {
            return Box::pin(std::future::ready(diagnostics));
        }
        self.governed.configure(settings);
        let governed = Arc::clone(&self.governed);
        Box::pin(async move {
            let tried = blocking(governed, Governed::try_registry).await;
            if let Err(trouble) = tried {
                let at = |diagnostic: Diagnostic| diagnostic.at(AttributePath::of("registry"));
                diagnostics.extend(Diagnostics::from(trouble).into_iter().map(at));
            }
            diagnostics
        })
    }
}

fn settings(config: &Value, variable: impl Fn(&str) -> Option<OsString>) -> (Settings, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let registry = match config.get("registry") {
        Value::Unknown(_) => None,
        Value::String(text) => located(text, &mut diagnostics),
        _ => match variable(REGISTRY_VARIABLE).filter(|text| !text.is_empty()) {
            None => located(REGISTRY_DEFAULT, &mut diagnostics),
            Some(text) => match text.to_str() {
                Some(text) => located(text, &mut diagnostics),
                // A path that is no text can still be that of a file.
                None => Some(Location::file(Path::new(&text))),
            },
        },
    };
    let domain = match config.get("trust_domain") {
        Value::Unknown(_) => None,
        Value::String(text) => Some(text.as_str()),
        _ => Some(TRUST_DOMAIN_DEFAULT),
    };
    let trust_domain = domain.and_then(|text| match TrustDomain::parse(text) {
        Ok(domain) => Some(domain),
        Err(problem) => {
            let detail = format!("{} {} ({})", problem.code.why, problem.help, problem.code.id);
            let at = AttributePath::of("trust_domain");
            diagnostics.push(Diagnostic::error(problem.message, detail).at(at));
            None
        }
    });
    (Settings { registry, trust_domain }, diagnostics)
}

/// Where the registry is, if the text says so.
fn located(text: &str, diagnostics: &mut Diagnostics) -> Option<Location> {
    if text.trim().is_empty() {
        let detail = format!(
            "The registry is the system of record of every identity, so it has to be one that this version can write \
             durably. Write the path of an SQLite file, for example `{REGISTRY_DEFAULT}`, or the URL of a PostgreSQL \
             database, `postgres://user@host/database`. (NHI-REGISTRY-PATH)"
        );
        let summary = "the path of the registry is empty";
        diagnostics.push(Diagnostic::error(summary, detail).at(AttributePath::of("registry")));
        return None;
    }
    match Location::parse(text) {
        Ok(location) => Some(location),
        Err(error) => {
            let at = |diagnostic: Diagnostic| diagnostic.at(AttributePath::of("registry"));
            diagnostics.extend(Diagnostics::from(Trouble::from(error)).into_iter().map(at));
            None
        }
    }
}

/// Found at plan, before an apply fails half-way on it.
fn directory_missing(path: &Path) -> Option<Diagnostic> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty())?;
    if directory.is_dir() {
        return None;
    }
    let summary = format!(
        "there is no directory `{}` to keep the registry in",
        directory.display()
    );
    let detail = format!(
        "The registry is created by the first apply, its directory is not, so that a mistyped path does not start an \
         empty registry. Create it, for example with `mkdir -m 700 {}`, or correct the path. (NHI-REGISTRY-DIRECTORY)",
        directory.display()
    );
    Some(Diagnostic::error(summary, detail).at(AttributePath::of("registry")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusals(registry: Value, variable: Option<&str>) -> String {
        let config = Value::object([("registry", registry), ("trust_domain", Value::Null)]);
        let (_, diagnostics) = settings(&config, |_| variable.map(OsString::from));
        diagnostics.into_iter().fold(String::new(), |told, diagnostic| {
            told + &diagnostic.summary + &diagnostic.detail
        })
    }

    #[test]
    fn what_is_no_path_is_refused_without_its_secrets() {
        let url = "mysql://user:hunter2@db.example.com/nhi";
        let plain = "postgres://user:hunter2@db.example.com/nhi?sslmode=prefer";
        for (registry, variable, code) in [
            (Value::from(url), None, "NHI-REGISTRY-URL"),
            (Value::Null, Some(url), "NHI-REGISTRY-URL"),
            (Value::from(plain), None, "NHI-REGISTRY-URL"),
            (Value::from(""), None, "NHI-REGISTRY-PATH"),
            (Value::from("  "), None, "NHI-REGISTRY-PATH"),
            (Value::Null, Some("  "), "NHI-REGISTRY-PATH"),
        ] {
            let told = refusals(registry.clone(), variable);
            assert!(told.contains(code), "{registry:?} {variable:?}: {told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
        for (registry, variable) in [
            (Value::from("dir/registry.db"), Some(url)),
            (Value::from("postgres://user@db.example.com/nhi"), None),
            (Value::UNKNOWN, Some(url)),
            (Value::Null, Some("")),
            (Value::Null, None),
        ] {
            assert_eq!(refusals(registry, variable), "");
        }
    }

    #[tokio::test]
    async fn a_registry_that_cannot_be_used_is_found_at_plan() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).display().to_string();
        std::fs::write(path("notes.txt"), "no registry at all\n".repeat(100)).unwrap();
        std::fs::create_dir(path("folder")).unwrap();
        for (name, code) in [
            ("notes.txt", Some("NHI-REGISTRY-FOREIGN")),
            ("folder", Some("NHI-REGISTRY-FOREIGN")),
            ("missing/registry.db", Some("NHI-REGISTRY-DIRECTORY")),
            ("new.db", None),
        ] {
            let provider = Nhi::new(Arc::new(Governed::new(Actor::new("tester"))));
            let config = Value::object([("registry", path(name).into()), ("trust_domain", Value::Null)]);
            let told: Vec<_> = provider.configure(config).await.into_iter().collect();
            assert_eq!(told.len(), usize::from(code.is_some()), "{name}: {told:?}");
            for diagnostic in told {
                assert!(diagnostic.detail.contains(code.unwrap_or_default()), "{diagnostic:?}");
                assert_eq!(diagnostic.path, AttributePath::of("registry"));
            }
        }
        assert_eq!(
            std::fs::read_dir(directory.path()).unwrap().count(),
            2,
            "looking leaves no file"
        );
    }
}
