//! A core on a real registry, in small: proposes, plans twice, applies.

use nhi_registry::Actor;
use tempfile::TempDir;
use tfplugin::diagnostic::Severity;
use tfplugin::server::{Provider as _, Resource};

use super::super::*;
use crate::provider::Nhi;

/// A registry of its own, and a provider on it.
pub(super) struct House {
    pub(super) directory: TempDir,
    pub(super) provider: Nhi,
}

impl House {
    pub(super) async fn new() -> House {
        let directory = TempDir::new().unwrap();
        let house = House {
            provider: Self::provider(),
            directory,
        };
        house.configure(&house.provider, "registry.db").await;
        house
    }

    pub(super) fn provider() -> Nhi {
        Nhi::new(Arc::new(Governed::new(Actor::new("tester"))))
    }

    pub(super) async fn configure(&self, provider: &Nhi, file: &str) {
        let registry = self.directory.path().join(file).display().to_string();
        let config = Value::object([
            ("registry", Value::from(registry)),
            ("trust_domain", "example.org".into()),
            ("enforcement", "warn".into()),
        ]);
        assert!(provider.configure(config).await.is_empty());
    }

    pub(super) fn resource(&self) -> &dyn Resource {
        &**self
            .provider
            .resources()
            .iter()
            .find(|resource| resource.type_name() == "nhi_identity")
            .unwrap()
    }

    /// What a core does at plan: proposes the configuration with prior values for what is computed.
    pub(super) async fn plan(&self, prior: &Value, config: &Value) -> PlanAnswer {
        let mut proposed = config.clone();
        for name in COMPUTED {
            if proposed.get(name).is_null() {
                proposed.insert(name, prior.get(name).clone());
            }
        }
        let request = || PlanRequest {
            config: config.clone(),
            prior: prior.clone(),
            proposed: proposed.clone(),
            private: vec![],
        };
        let (first, second) = (
            self.resource().plan(request()).await,
            self.resource().plan(request()).await,
        );
        assert_eq!(
            (&first.planned, &first.diagnostics),
            (&second.planned, &second.diagnostics)
        );
        first
    }

    pub(super) async fn create(&self, config: &Value) -> StateAnswer {
        let planned = self.plan(&Value::Null, config).await.planned;
        self.resource()
            .create(CreateRequest {
                config: config.clone(),
                planned,
                private: vec![],
            })
            .await
    }

    pub(super) async fn update(&self, prior: &Value, config: &Value) -> StateAnswer {
        let planned = self.plan(prior, config).await.planned;
        let request = UpdateRequest {
            config: config.clone(),
            prior: prior.clone(),
            planned,
            private: vec![],
        };
        self.resource().update(request).await
    }

    pub(super) async fn read(&self, prior: &Value) -> StateAnswer {
        self.resource()
            .read(ReadRequest {
                prior: prior.clone(),
                private: vec![],
            })
            .await
    }
}

pub(super) const COMPUTED: [&str; 17] = [
    "approval_digests",
    "approved_by",
    "audit_checkpoint",
    "expires_at",
    "generation",
    "id",
    "is_orphaned",
    "issued_at",
    "last_used_at",
    "request_digest",
    "review_due_at",
    "revision",
    "risk_score",
    "risk_tier",
    "spiffe_id",
    "status",
    "status_reason",
];

/// A configuration in which nothing is wrong, with some attributes set to something else.
pub(super) fn config(changes: &[(&str, Value)]) -> Value {
    let text = |text: &str| Value::from(text);
    let scope = [
        ("backend", text("aws")),
        ("resource", text("arn:aws:s3:::reports/daily")),
        ("actions", Value::set([text("s3:PutObject"), text("s3:GetObject")])),
    ];
    let purpose = [
        ("summary", text("Writes the daily report")),
        ("task", text("Report job")),
        ("ticket", Value::Null),
    ];
    let mut config = Value::object(
        schema::schema()
            .attributes
            .iter()
            .map(|of| (of.name.clone(), Value::Null)),
    );
    let set = [
        ("name", text("reporter")),
        ("kind", text("workload")),
        ("technical_owner", text("team:reports")),
        ("policy_owner", text("team:iam")),
        ("purpose", Value::object(purpose)),
        ("environment", text("staging")),
        ("ttl", text("720h")),
        ("scope", Value::List(vec![Value::object(scope)])),
        ("revoked_by", Value::set([text("ttl"), text("manual")])),
    ];
    for (name, value) in set.into_iter().chain(changes.iter().cloned()) {
        config.insert(name, value);
    }
    config
}

pub(super) fn with(value: &Value, name: &str, part: impl Into<Value>) -> Value {
    let mut value = value.clone();
    value.insert(name, part.into());
    value
}

pub(super) fn told(diagnostics: &Diagnostics, severity: Severity) -> Vec<String> {
    let wanted = diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity);
    wanted
        .map(|diagnostic| format!("{}|{}", diagnostic.path, diagnostic.summary))
        .collect()
}
