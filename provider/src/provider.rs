//! The provider block: which registry, which trust domain.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nhi_governance::TrustDomain;
use serde_json::json;
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::schema::{Attribute, Schema};
use tfplugin::server::{Answer, Provider, Resource};
use tfplugin::value::{AttributePath, Type, Value};

use crate::governed::{Governed, Settings};
use crate::{actor, resources};

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
    let provider = Nhi::new(Arc::new(Governed::new(actor::from_surroundings())));
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
            "Path of the registry, an SQLite file that the first apply creates. Relative paths start at the working \
             directory. Default: the environment variable `{REGISTRY_VARIABLE}`, else `{REGISTRY_DEFAULT}`. Another \
             path is another registry: identities are not moved."
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
        let (settings, mut diagnostics) = settings(&config, |name| std::env::var_os(name).map(PathBuf::from));
        if let Some(path) = &settings.registry {
            diagnostics.extend(directory_missing(path));
        }
        if !diagnostics.has_errors() {
            self.governed.configure(settings);
        }
        Box::pin(std::future::ready(diagnostics))
    }
}

fn settings(config: &Value, variable: impl Fn(&str) -> Option<PathBuf>) -> (Settings, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let registry = match config.get("registry") {
        Value::Unknown(_) => None,
        Value::String(path) => {
            diagnostics.extend(not_a_path(path));
            Some(PathBuf::from(path))
        }
        _ => {
            let path = variable(REGISTRY_VARIABLE).filter(|path| !path.as_os_str().is_empty());
            Some(path.unwrap_or_else(|| REGISTRY_DEFAULT.into()))
        }
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

fn not_a_path(path: &str) -> Option<Diagnostic> {
    let summary = if path.is_empty() {
        "the path of the registry is empty".to_owned()
    } else if let Some((scheme, _)) = path.split_once("://") {
        // What follows may hold a password.
        format!("a registry at `{scheme}://` is not supported")
    } else {
        return None;
    };
    let detail = format!(
        "The registry is the system of record of every identity, so it has to be one that this version can write \
         durably. Write the path of an SQLite file, for example `{REGISTRY_DEFAULT}`. (NHI-REGISTRY-PATH)"
    );
    Some(Diagnostic::error(summary, detail).at(AttributePath::of("registry")))
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
