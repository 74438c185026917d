//! The provider block: which registry, which policy, which trust domain.

mod approvals;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nhi_governance::{Policy, TrustDomain};
use nhi_registry::{Anchor, Location};
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::schema::{Attribute, Schema};
use tfplugin::server::{Action, Answer, DataSource, Function, ListResource, Provider, Resource};
use tfplugin::value::{AttributePath, Type, Value};

use crate::governed::{Governed, Settings, Trouble, blocking};
use crate::{actions, anchor, data_sources, functions, list_resources, report, resources};

const REGISTRY_VARIABLE: &str = "NHI_REGISTRY";
const POLICY_VARIABLE: &str = "NHI_POLICY";
const REGISTRY_DEFAULT: &str = "nhi-registry.db";
const APPROVALS_DEFAULT: &str = "approvals";
const TRUST_DOMAIN_DEFAULT: &str = "nhi.internal";

/// The provider.
pub(crate) struct Nhi {
    governed: Arc<Governed>,
    resources: Vec<Arc<dyn Resource>>,
    data_sources: Vec<Arc<dyn DataSource>>,
    functions: Vec<Arc<dyn Function>>,
    list_resources: Vec<Arc<dyn ListResource>>,
    actions: Vec<Arc<dyn Action>>,
}

impl Nhi {
    pub(crate) fn new(governed: Arc<Governed>) -> Nhi {
        Nhi {
            resources: resources::all(&governed),
            data_sources: data_sources::all(&governed),
            functions: functions::all(),
            list_resources: list_resources::all(&governed),
            actions: actions::all(&governed),
            governed,
        }
    }
}

impl Provider for Nhi {
    fn schema(&self) -> Schema {
        Schema::new(
            "Governs non-human identities: every identity has owners, a purpose, a scope and an end, is kept in a \
             registry, and every change of it is in a tamper-evident audit log.",
        )
        .attribute(Attribute::optional("policy", Type::String).describe(format!(
            "Path of the organisation's policy file, in HCL or JSON: tiers, scores, names, scopes and limits. Relative \
             paths start at the working directory. Default: the environment variable `{POLICY_VARIABLE}`, else the \
             built-in policy. Another policy judges every identity anew at the next plan."
        )))
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
        .attribute(Attribute::optional("organisation", Type::String).describe(
            "Whose identities they are: a name such as `example`. Approvals of another organisation do not count. \
             Default: that of the policy, else that of the trust root.",
        ))
        .attribute(Attribute::optional("approvers", Type::String).describe(
            "Path of the trust root, an HCL file with the people who may approve and their keys. Without it nothing that \
             calls for approvals can be applied, unless `enforcement` is `warn`.",
        ))
        .attribute(Attribute::optional("approvers_digest", Type::String).describe(
            "SHA-256 of the trust root, or of an earlier version that leads to it by signatures; `nhi approvers show` \
             tells it. Required with `approvers`. Who changes it decides anew whom to trust.",
        ))
        .attribute(Attribute::optional("approvals", Type::String).describe(format!(
            "Directory of requests and approvals. A plan that lacks approvals writes its request there. Default: \
             `{APPROVALS_DEFAULT}`."
        )))
        .attribute(Attribute::optional("enforcement", Type::String).describe(
            "What happens to a change that lacks approvals: `enforce` refuses it at plan and at apply, `warn` lets it go \
             ahead and keeps on record that it did, where the policy in force admits that: by default everywhere but in \
             production. Default: `enforce`.",
        ))
        .attribute(Attribute::optional("audit_checkpoint", Type::String).describe(
            "An `audit_checkpoint` of an identity that was kept elsewhere, an earlier output for example. A registry that \
             does not continue from there is refused: an older copy, another one, or none. Default: none is asked for.",
        ))
    }

    fn resources(&self) -> &[Arc<dyn Resource>] {
        &self.resources
    }

    fn data_sources(&self) -> &[Arc<dyn DataSource>] {
        &self.data_sources
    }

    fn functions(&self) -> &[Arc<dyn Function>] {
        &self.functions
    }

    fn list_resources(&self) -> &[Arc<dyn ListResource>] {
        &self.list_resources
    }

    fn actions(&self) -> &[Arc<dyn Action>] {
        &self.actions
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let mut diagnostics = settings(config, |_| None).1;
        diagnostics.extend(checkpoint(config).err());
        diagnostics
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
        diagnostics.extend(approvals::untrusted(settings.approving.as_ref()));
        let checkpoint = checkpoint(&config).unwrap_or_else(|diagnostic| {
            diagnostics.push(diagnostic);
            None
        });
        if diagnostics.has_errors() {
            return Box::pin(std::future::ready(diagnostics));
        }
        self.governed.configure(settings);
        let governed = Arc::clone(&self.governed);
        Box::pin(async move {
            let tried = blocking(Arc::clone(&governed), Governed::try_registry).await;
            if let Err(trouble) = tried {
                let at = |diagnostic: Diagnostic| diagnostic.at(AttributePath::of("registry"));
                diagnostics.extend(Diagnostics::from(trouble).into_iter().map(at));
                return diagnostics;
            }
            let ruled = blocking(Arc::clone(&governed), Governed::loosened).await;
            match ruled {
                Ok(loosened) if loosened.is_empty() => {}
                Ok(loosened) => diagnostics.push(report::looser_policy(&loosened)),
                Err(trouble) => diagnostics.extend(Diagnostics::from(trouble)),
            }
            if let Some(checkpoint) = checkpoint {
                let continued = blocking(governed, move |governed| governed.refuse_discontinued(&checkpoint)).await;
                let at = |diagnostic: Diagnostic| diagnostic.at(AttributePath::of(anchor::ATTRIBUTE));
                let refused = continued.err().map(Diagnostics::from).unwrap_or_default();
                diagnostics.extend(refused.into_iter().map(at));
            }
            diagnostics
        })
    }
}

fn settings(config: &Value, variable: impl Fn(&str) -> Option<OsString> + Copy) -> (Settings, Diagnostics) {
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
    let settings = Settings {
        registry,
        trust_domain,
        policy: policy(config, variable, &mut diagnostics),
        approving: approvals::settings(config, &mut diagnostics),
    };
    (settings, diagnostics)
}

/// The checkpoint that the registry has to continue from, if one is given and known.
fn checkpoint(config: &Value) -> Result<Option<Anchor>, Diagnostic> {
    let Some(text) = config.get(anchor::ATTRIBUTE).as_str() else {
        return Ok(None);
    };
    Anchor::parse(text).map(Some).ok_or_else(|| {
        let detail = "A registry that was rolled back would pass for whole. Write the `audit_checkpoint` of an identity as \
                      it was shown: the registry's id, the number of a row and its hash, with `/` between them. \
                      (NHI-REGISTRY-ROLLBACK)";
        Diagnostic::error("the checkpoint cannot be read", detail).at(AttributePath::of(anchor::ATTRIBUTE))
    })
}

/// The policy, unless it is known only after apply; every mistake in its file is a diagnostic of its own.
fn policy(
    config: &Value,
    variable: impl Fn(&str) -> Option<OsString>,
    diagnostics: &mut Diagnostics,
) -> Option<Arc<Policy>> {
    let path = match config.get("policy") {
        Value::Unknown(_) => return None,
        Value::String(path) if path.trim().is_empty() => {
            let detail = format!(
                "Without its policy an organisation's rules would silently be the built-in ones. Write the path of the \
                 policy file, for example `nhi.hcl`, or leave `policy` and `{POLICY_VARIABLE}` out for the built-in \
                 policy. (NHI-POLICY-READ)"
            );
            let empty = Diagnostic::error("the path of the policy is empty", detail);
            diagnostics.push(empty.at(AttributePath::of("policy")));
            return None;
        }
        Value::String(path) => Some(PathBuf::from(path)),
        _ => variable(POLICY_VARIABLE)
            .filter(|path| !path.is_empty())
            .map(PathBuf::from),
    };
    let Some(path) = path else {
        return Some(Arc::default());
    };
    match nhi_policy_file::load(&path) {
        Ok(policy) => Some(Arc::new(policy)),
        Err(error) => {
            let at = |(summary, detail)| Diagnostic::error(summary, detail).at(AttributePath::of("policy"));
            diagnostics.extend(error.problems().into_iter().map(at));
            None
        }
    }
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
    use nhi_registry::Actor;

    use super::*;

    fn refusals(registry: Value, variable: Option<&str>) -> String {
        let config = Value::object([("registry", registry), ("trust_domain", Value::Null)]);
        refusals_of(&config, REGISTRY_VARIABLE, variable)
    }

    /// What is refused where one variable of the environment is set.
    fn refusals_of(config: &Value, name: &str, variable: Option<&str>) -> String {
        let (_, diagnostics) = settings(config, |asked| variable.filter(|_| asked == name).map(OsString::from));
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
        for (policy, variable) in [(Value::from(url), None), (Value::Null, Some(url))] {
            let told = refusals_of(&Value::object([("policy", policy)]), POLICY_VARIABLE, variable);
            assert!(told.contains("NHI-POLICY-READ") && !told.contains("hunter2"), "{told}");
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

    #[test]
    fn a_policy_is_read_or_refused_and_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let good = file("good.hcl", "organisation = \"example\"\n");
        let bad = file("bad.hcl", "tier \"low\" {\n  score_from = 1\n  ttl = \"0h\"\n}\n");
        let missing = directory.path().join("missing.hcl").display().to_string();
        for (given, variable, organisation, told) in [
            (Value::Null, None, Some(None), 0),
            (Value::Null, Some(""), Some(None), 0),
            (Value::Null, Some(good.as_str()), Some(Some("example")), 0),
            (Value::from(good.as_str()), Some(bad.as_str()), Some(Some("example")), 0),
            (Value::UNKNOWN, Some(good.as_str()), None, 0),
            (Value::from(bad.as_str()), None, None, 2),
            (Value::Null, Some(bad.as_str()), None, 2),
            (Value::from(missing.as_str()), None, None, 1),
            (Value::from(" "), None, None, 1),
        ] {
            let config = Value::object([("policy", given.clone()), ("registry", "r.db".into())]);
            let (settings, diagnostics) = settings(&config, |name| {
                variable.filter(|_| name == POLICY_VARIABLE).map(OsString::from)
            });
            let found = settings
                .policy
                .map(|policy| policy.organisation().map(ToString::to_string));
            assert_eq!(
                found,
                organisation.map(|name| name.map(str::to_owned)),
                "{given:?} {variable:?}"
            );
            let diagnostics: Vec<_> = diagnostics.into_iter().collect();
            assert_eq!(diagnostics.len(), told, "{given:?}: {diagnostics:?}");
            for diagnostic in diagnostics {
                assert_eq!(diagnostic.path, AttributePath::of("policy"));
            }
        }
    }
}
