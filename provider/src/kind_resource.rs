//! The resource of any kind but identities: translation between states and records, written once.
//!
//! It plans without a clock: what depends on the time of the apply is unknown where it will change and kept where it
//! will not.

mod lapsed;
mod sought;

use std::marker::PhantomData;
use std::sync::Arc;

use nhi_governance::{Judged, Record as _, RecordId};
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::schema::{Attribute, Schema};
use tfplugin::server::{
    Answer, CreateRequest, DeleteRequest, IdentitySchema, PlanAnswer, PlanRequest, ReadRequest, Resource, StateAnswer,
    UpdateRequest,
};
use tfplugin::value::{AttributePath, Type, Value};

use crate::governed::{Approved, FoundRecord, Governed, Spec, Trouble, blocking};
use crate::{report, spelling};
use lapsed::lapsed;
use sought::Sought;

/// What tells the resource of one kind from that of another.
pub(super) trait Kind: Spec {
    /// The type's full name.
    const TYPE: &'static str;
    /// What a sentence calls it.
    const WORD: &'static str;
    /// What another value of replaces it.
    const KEY: &'static [&'static str];
    /// What is computed besides the attributes of all kinds.
    const COMPUTED: &'static [&'static str];
    /// The statuses that a reader of a plan should know of.
    const WARNED: &'static [&'static str];

    /// What names a record that has not ended, where an id is not at hand: attributes of `KEY`, with what each of them says.
    const NAMED_BY: &'static [(&'static str, &'static str)] = &[];

    /// The environment and the key on record of what is named so.
    fn place(named: &Value) -> (String, String) {
        let text = |name| named.get(name).as_str().unwrap_or_default().to_owned();
        (text("environment"), text("name"))
    }

    /// What would be declared to bring it back, and how to say so, where its time ran out while the configuration goes on to
    /// want it: such a plan is refused. A kind that declares the day of its end is not wanted past it by its own words,
    /// and is only warned of.
    fn renewed(prior: &Value, planned: &Value) -> Option<(Value, String)> {
        let _ = (prior, planned);
        None
    }

    /// What the resource is, and its attributes but for those of all kinds.
    fn schema() -> Schema;

    /// Checks a configuration or a plan.
    fn judge(value: &Value) -> Judged<Self::Declared>;
}

/// What every kind computes.
const COMMON: [&str; 4] = ["id", "revision", "status", "status_reason"];

/// The resource of a kind.
pub(super) struct KindResource<K> {
    governed: Arc<Governed>,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> KindResource<K> {
    pub(super) fn shared(governed: Arc<Governed>) -> Arc<dyn Resource> {
        let kind = PhantomData;
        Arc::new(Self { governed, kind })
    }

    async fn run<T: Send + 'static>(&self, call: impl FnOnce(&Governed) -> T + Send + 'static) -> T {
        blocking(Arc::clone(&self.governed), call).await
    }

    async fn changed(&self, prior: Value, planned: &Value) -> Result<Value, Diagnostics> {
        let id = id_of(&prior)?;
        let revision = prior
            .get("revision")
            .as_i64()
            .and_then(|number| u64::try_from(number).ok());
        let attribute = "revision";
        let revision = revision.ok_or(Trouble::EditedRecord {
            kind: K::WORD,
            id,
            attribute,
        })?;
        let judged = K::judge(planned);
        let found = self
            .run(move |governed| {
                governed.change_record::<K>(id, revision, judged, |on_record| agrees::<K>(id, &prior, on_record))
            })
            .await?;
        Ok(state(&found))
    }

    /// The state of what an import looks for.
    async fn take_in(&self, sought: Sought) -> StateAnswer {
        let looked_for = sought.clone();
        match self.run(move |governed| looked_for.find::<K>(governed)).await {
            Ok(Some(found)) if found.record.ended_at().is_some() => {
                StateAnswer::with(Value::Null, ended::<K>(found.id()))
            }
            Ok(Some(found)) => StateAnswer::new(state(&found)),
            Ok(None) => StateAnswer::with(Value::Null, nothing_to_import::<K>(&sought)),
            Err(trouble) => StateAnswer::with(Value::Null, trouble),
        }
    }
}

impl<K: Kind> Resource for KindResource<K> {
    fn type_name(&self) -> &'static str {
        K::TYPE
    }

    fn schema(&self) -> Schema {
        common::<K>().into_iter().fold(K::schema(), Schema::attribute)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        K::judge(config).violations.into_iter().map(report::violation).collect()
    }

    fn read(&self, request: ReadRequest) -> Answer<'_, StateAnswer> {
        Box::pin(async move {
            let ReadRequest { prior, private } = request;
            let id = match id_of(&prior) {
                Ok(id) => id,
                Err(diagnostic) => return StateAnswer::with(prior, diagnostic),
            };
            if self.governed.location().is_none() {
                let diagnostics = crate::resources::not_read().into();
                return StateAnswer {
                    state: prior,
                    private,
                    diagnostics,
                };
            }
            match self.run(move |governed| governed.find_record::<K>(id, true)).await {
                Ok(Some(found)) => {
                    if let Err(trouble) = same_key::<K>(id, &prior, &found.state) {
                        return StateAnswer::with(prior, trouble);
                    }
                    if !found.record.is_confirmed() {
                        self.run(move |governed| governed.confirm_records::<K::Declared>(&[id]))
                            .await;
                    }
                    StateAnswer {
                        state: state(&found),
                        private,
                        ..StateAnswer::default()
                    }
                }
                Ok(None) => StateAnswer::with(Value::Null, not_on_record::<K>(id)),
                Err(trouble) => StateAnswer::with(prior, trouble),
            }
        })
    }

    fn plan(&self, request: PlanRequest) -> Answer<'_, PlanAnswer> {
        Box::pin(async move {
            let prior = request.prior.clone();
            let mut answer = plan::<K>(request);
            if !prior.is_null()
                && answer.requires_replace.is_empty()
                && let Some((renewed, way)) = K::renewed(&prior, &answer.planned)
            {
                let prior = prior.clone();
                let lapsed = self.run(move |governed| lapsed::<K>(governed, &prior, &renewed, &way));
                answer.diagnostics.push(lapsed.await);
            }
            let is_decided = !answer.diagnostics.has_errors() && answer.requires_replace.is_empty();
            if is_decided && answer.planned != prior {
                let planned = answer.planned.clone();
                let approvals = self
                    .run(move |governed| approvals::<K>(governed, &prior, &planned))
                    .await;
                answer.diagnostics.extend(approvals);
            }
            answer
        })
    }

    fn create(&self, request: CreateRequest) -> Answer<'_, StateAnswer> {
        Box::pin(async move {
            let judged = K::judge(&request.planned);
            match self.run(move |governed| governed.create_record::<K>(judged)).await {
                Ok(found) => StateAnswer {
                    state: state(&found),
                    private: request.private,
                    ..StateAnswer::default()
                },
                Err(trouble) => StateAnswer::with(Value::Null, trouble),
            }
        })
    }

    fn update(&self, request: UpdateRequest) -> Answer<'_, StateAnswer> {
        Box::pin(async move {
            let UpdateRequest {
                prior,
                planned,
                private,
                ..
            } = request;
            match self.changed(prior.clone(), &planned).await {
                Ok(state) => StateAnswer {
                    state,
                    private,
                    ..StateAnswer::default()
                },
                Err(diagnostics) => StateAnswer {
                    state: prior,
                    private,
                    diagnostics,
                },
            }
        })
    }

    fn delete(&self, request: DeleteRequest) -> Answer<'_, StateAnswer> {
        Box::pin(async move {
            let DeleteRequest { prior, private } = request;
            let claimed = prior.clone();
            let ended = match id_of(&prior) {
                Ok(id) => self
                    .run(move |governed| {
                        governed.end_record::<K>(id, |on_record| same_key::<K>(id, &claimed, on_record))
                    })
                    .await
                    .map_err(Diagnostics::from),
                Err(diagnostic) => Err(diagnostic.into()),
            };
            crate::resources::deleted(ended, prior, private)
        })
    }

    fn import(&self, id: String) -> Answer<'_, StateAnswer> {
        Box::pin(async move {
            match RecordId::parse(&id) {
                Ok(id) => self.take_in(Sought::id(id)).await,
                Err(error) => StateAnswer::with(Value::Null, crate::resources::malformed(&error.to_string())),
            }
        })
    }

    fn identity(&self) -> Option<IdentitySchema> {
        Some(sought::schema::<K>())
    }

    fn import_by_identity(&self, identity: Value) -> Answer<'_, StateAnswer> {
        Box::pin(async move {
            match Sought::parse::<K>(&identity) {
                Ok(sought) => self.take_in(sought).await,
                Err(diagnostic) => StateAnswer::with(Value::Null, diagnostic),
            }
        })
    }
}

fn common<K: Kind>() -> Vec<Attribute> {
    let word = K::WORD;
    vec![
        Attribute::computed("id", Type::String).describe(format!("Id of the {word}, a ULID; never used again.")),
        Attribute::computed("revision", Type::Number).describe(
            "How often the record was changed: 1 when it was created. An apply refuses to overwrite another.",
        ),
        Attribute::computed("status", Type::String).describe(format!(
            "How the {word} stood when it was last read. Time and what happens elsewhere change it, without a \
             difference in the plan."
        )),
        Attribute::computed("status_reason", Type::String).describe("Why it stands so."),
    ]
}

fn plan<K: Kind>(request: PlanRequest) -> PlanAnswer {
    let PlanRequest {
        config,
        prior,
        proposed,
        private,
    } = request;
    let judged = K::judge(&config);
    if !judged.violations.is_empty() {
        let diagnostics = judged.violations.into_iter().map(report::violation).collect();
        return PlanAnswer {
            diagnostics,
            ..PlanAnswer::default()
        };
    }
    let mut planned = proposed;
    let mut answer = PlanAnswer {
        private,
        ..PlanAnswer::default()
    };
    let computed = || COMMON.iter().chain(K::COMPUTED).copied();
    if prior.is_null() {
        computed().for_each(|name| planned.insert(name, Value::UNKNOWN));
        planned.insert("revision", 1_u64.into());
        answer.planned = planned;
        return answer;
    }
    spelling::keep(&prior, &mut planned);
    let differs = |planned: &Value, name: &str| planned.get(name) != prior.get(name);
    let replaced = K::KEY.iter().filter(|name| differs(&planned, name));
    answer.requires_replace = replaced.map(|name| AttributePath::of(*name)).collect();
    let status = prior.get("status").as_str().unwrap_or_default();
    if status == "ended" {
        // The end is final: what the configuration wants is another record.
        answer.requires_replace.push(AttributePath::of("id"));
    }
    if K::WARNED.contains(&status) {
        answer.diagnostics.push(warned::<K>(&prior, status));
    }
    let is_declared = |name: &str| !computed().any(|other| other == name);
    let mut names = planned.entries().into_iter().flat_map(|entries| entries.keys());
    let changes = names.any(|name| is_declared(name) && differs(&planned, name));
    if changes || !answer.requires_replace.is_empty() {
        let kept = |name: &str| name == "id" && status != "ended";
        computed()
            .filter(|name| !kept(name))
            .for_each(|name| planned.insert(name, Value::UNKNOWN));
    }
    answer.planned = planned;
    answer
}

/// Whether what is planned has the approvals that it calls for. What is not all known is judged by the apply.
fn approvals<K: Kind>(governed: &Governed, prior: &Value, planned: &Value) -> Diagnostics {
    let is_configured = governed.location().is_some() && governed.policy().is_some() && governed.approving().is_some();
    let mut diagnostics = report::ruled(governed);
    let declared = K::judge(planned).declaration.filter(|_| is_configured);
    let Some(declared) = declared.filter(|_| !diagnostics.has_errors()) else {
        return diagnostics;
    };
    let previous = if prior.is_null() {
        None
    } else {
        match id_of(prior).map(|id| governed.find_record::<K>(id, false)) {
            Ok(Ok(found)) => found.map(|found| found.record),
            Ok(Err(trouble)) => return trouble.into(),
            Err(diagnostic) => return diagnostic.into(),
        }
    };
    match governed.approved_record::<K>(previous.as_ref(), &declared) {
        Ok(Approved::Yes(_)) => {}
        Ok(Approved::Waived(lacking)) => diagnostics.push(report::approvals_waived(&lacking)),
        Err(trouble) => diagnostics.extend(Diagnostics::from(trouble)),
    }
    diagnostics
}

fn state<K: Kind>(found: &FoundRecord<K>) -> Value {
    let mut state = found.state.clone();
    state.insert("id", found.record.id().to_string().into());
    state.insert("revision", found.record.revision().into());
    state
}

/// A state is an untrusted cache. What never changes for an id differs only where the state was edited, or belongs to
/// another registry.
fn same_key<K: Kind>(id: RecordId, prior: &Value, on_record: &Value) -> Result<(), Trouble> {
    let kind = K::WORD;
    if K::KEY.iter().all(|name| prior.get(name) == on_record.get(name)) {
        Ok(())
    } else {
        Err(Trouble::ForgedRecord { kind, id })
    }
}

/// The plan was made from the state, so whatever is declared has to be what is on record at that revision.
fn agrees<K: Kind>(id: RecordId, prior: &Value, on_record: &Value) -> Result<(), Trouble> {
    same_key::<K>(id, prior, on_record)?;
    let kind = K::WORD;
    match K::COMPUTED
        .iter()
        .find(|name| name.ends_with("expires_at") && prior.get(name) != on_record.get(name))
    {
        None => Ok(()),
        Some(attribute) => Err(Trouble::EditedRecord { kind, id, attribute }),
    }
}

fn id_of(prior: &Value) -> Result<RecordId, Diagnostic> {
    let id = prior.get("id").as_str().unwrap_or_default();
    RecordId::parse(id).map_err(|error| crate::resources::malformed(&error.to_string()))
}

fn warned<K: Kind>(prior: &Value, status: &str) -> Diagnostic {
    let text = |name| prior.get(name).as_str().unwrap_or_default();
    let summary = format!("{} `{}`: {}", K::WORD, text("id"), status.replace('_', " "));
    Diagnostic::warning(summary, format!("Of this {}: {}.", K::WORD, text("status_reason")))
}

fn not_on_record<K: Kind>(id: RecordId) -> Diagnostic {
    let detail = "Records are never deleted from a registry. The plan creates a new one, with another id. If it should \
                  be on record, check which registry the provider uses, and restore it before you apply. \
                  (NHI-REGISTRY-NOT-FOUND)";
    Diagnostic::warning(format!("{} `{id}` is not in the registry", K::WORD), detail)
}

fn nothing_to_import<K: Kind>(sought: &Sought) -> Diagnostic {
    let detail = "Check which registry the provider uses. (NHI-REGISTRY-NOT-FOUND)";
    Diagnostic::error(format!("{} {sought} is not in the registry", K::WORD), detail)
}

fn ended<K: Kind>(id: RecordId) -> Diagnostic {
    let detail = "What has ended stays as a tombstone: let the configuration create a new one. (NHI-ENDED)";
    Diagnostic::error(format!("{} `{id}` has ended and cannot be imported", K::WORD), detail)
}
