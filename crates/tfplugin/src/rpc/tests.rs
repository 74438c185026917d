//! The adapter from outside: RPCs in, RPCs out, with a resource that keeps or breaks its promises.

use provider_server::Provider as Service;

use super::*;
use crate::codec::{self, UnknownAttributes};
use crate::diagnostic::Diagnostics;
use crate::schema::Attribute;
use crate::server::{
    Answer as Later, CreateRequest, DeleteRequest, PlanAnswer, PlanRequest, ReadRequest, StateAnswer, StoredState,
    UpdateRequest,
};
use crate::value::{AttributePath, Value};

/// What the resource does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    PlansAnotherName,
    ReplacesNothing,
    LeavesUnknown,
    LosesAttributes,
    FailsHalfWay,
    Vanishes,
}

struct Thing(Fault);

fn soon<T: Send + 'static>(value: T) -> Later<'static, T> {
    Box::pin(std::future::ready(value))
}

impl Resource for Thing {
    fn type_name(&self) -> &'static str {
        "test_thing"
    }

    fn schema(&self) -> Schema {
        Schema::new("A thing.")
            .version(1)
            .attribute(Attribute::required("name", Type::String))
            .attribute(Attribute::computed("id", Type::String))
    }

    fn upgrade(&self, schema: &Schema, version: i64, state: &StoredState<'_>) -> Result<Value, Diagnostic> {
        assert!((0..=1).contains(&version));
        state.read(schema, UnknownAttributes::Drop)
    }

    fn read(&self, request: ReadRequest) -> Later<'_, StateAnswer> {
        let state = if self.0 == Fault::Vanishes {
            Value::Null
        } else {
            request.prior
        };
        soon(StateAnswer::new(state))
    }

    fn plan(&self, request: PlanRequest) -> Later<'_, PlanAnswer> {
        let mut answer = PlanAnswer {
            planned: request.proposed,
            ..PlanAnswer::default()
        };
        if request.prior.is_null() {
            answer.planned.insert("id", Value::UNKNOWN);
        }
        match self.0 {
            Fault::PlansAnotherName => answer.planned.insert("name", "s3cret".into()),
            Fault::ReplacesNothing => answer.requires_replace.push(AttributePath::of("colour")),
            _ => {}
        }
        soon(answer)
    }

    fn create(&self, request: CreateRequest) -> Later<'_, StateAnswer> {
        let mut state = request.planned;
        state.insert("id", "7".into());
        soon(match self.0 {
            Fault::LeavesUnknown => StateAnswer::new(object("n", Value::UNKNOWN)),
            Fault::LosesAttributes => StateAnswer::new(Value::object([("id", Value::from("7"))])),
            Fault::FailsHalfWay => StateAnswer::with(state, Diagnostic::error("half", "way")),
            Fault::Vanishes => StateAnswer::default(),
            _ => StateAnswer::new(state),
        })
    }

    fn update(&self, request: UpdateRequest) -> Later<'_, StateAnswer> {
        soon(StateAnswer::new(request.planned))
    }

    fn delete(&self, _: DeleteRequest) -> Later<'_, StateAnswer> {
        soon(StateAnswer::default())
    }

    fn import(&self, id: String) -> Later<'_, StateAnswer> {
        soon(StateAnswer::new(if id == "7" { object("n", "7") } else { Value::Null }))
    }
}

struct Shelf(Vec<Arc<dyn Resource>>);

impl Provider for Shelf {
    fn schema(&self) -> Schema {
        Schema::new("")
    }

    fn resources(&self) -> &[Arc<dyn Resource>] {
        &self.0
    }

    fn configure(&self, _: Value) -> Later<'_, Diagnostics> {
        soon(Diagnostics::new())
    }
}

fn adapter(fault: Fault) -> Adapter<Shelf> {
    Adapter::new(Shelf(vec![Arc::new(Thing(fault))]))
}

fn object(name: &str, id: impl Into<Value>) -> Value {
    Value::object([("name", Value::from(name)), ("id", id.into())])
}

fn ty() -> Type {
    Thing(Fault::None).schema().ty()
}

fn sent(value: &Value) -> proto::DynamicValue {
    wire::encode(value, &ty()).unwrap()
}

fn received(value: Option<proto::DynamicValue>) -> Value {
    codec::decode_msgpack(&value.unwrap().msgpack, &ty()).unwrap()
}

fn told(diagnostics: &[proto::Diagnostic]) -> Vec<(String, String)> {
    let place = |attribute: &Option<proto::AttributePath>| format!("{:?}", attribute.as_ref().map(|path| &path.steps));
    diagnostics
        .iter()
        .map(|found| (format!("{}: {}", found.summary, found.detail), place(&found.attribute)))
        .collect()
}

async fn plan(fault: Fault, prior: &Value, proposed: &Value) -> proto::plan_resource_change::Response {
    let request = proto::plan_resource_change::Request {
        type_name: "test_thing".to_owned(),
        prior_state: Some(sent(prior)),
        proposed_new_state: Some(sent(proposed)),
        config: Some(sent(&if proposed.is_null() {
            Value::Null
        } else {
            object("n", Value::Null)
        })),
        prior_private: b"kept".to_vec(),
        ..Default::default()
    };
    adapter(fault)
        .plan_resource_change(Request::new(request))
        .await
        .unwrap()
        .into_inner()
}

async fn apply(fault: Fault, prior: &Value, planned: &Value) -> proto::apply_resource_change::Response {
    let request = proto::apply_resource_change::Request {
        type_name: "test_thing".to_owned(),
        prior_state: Some(sent(prior)),
        planned_state: Some(sent(planned)),
        config: Some(sent(&if planned.is_null() {
            Value::Null
        } else {
            object("n", Value::Null)
        })),
        ..Default::default()
    };
    adapter(fault)
        .apply_resource_change(Request::new(request))
        .await
        .unwrap()
        .into_inner()
}

#[tokio::test]
async fn a_life_without_faults() {
    let config = object("n", Value::Null);
    let planned = plan(Fault::None, &Value::Null, &config).await;
    assert_eq!(told(&planned.diagnostics), []);
    assert_eq!(received(planned.planned_state), object("n", Value::UNKNOWN));

    let created = apply(Fault::None, &Value::Null, &object("n", Value::UNKNOWN)).await;
    assert_eq!(told(&created.diagnostics), []);
    let state = received(created.new_state);
    assert_eq!(state, object("n", "7"));

    let unchanged = plan(Fault::None, &state, &state).await;
    assert_eq!(received(unchanged.planned_state), state);
    let destroyed = plan(Fault::None, &state, &Value::Null).await;
    assert_eq!(
        (received(destroyed.planned_state), destroyed.planned_private),
        (Value::Null, b"kept".to_vec())
    );
    let gone = apply(Fault::None, &state, &Value::Null).await;
    assert_eq!(
        (received(gone.new_state), told(&gone.diagnostics)),
        (Value::Null, vec![])
    );
}

#[tokio::test]
async fn plans_that_break_a_promise_are_errors_that_name_it() {
    let config = object("n", Value::Null);
    for (fault, words) in [
        (
            Fault::PlansAnotherName,
            "asked to plan: `name` was planned with neither its configured nor its prior value",
        ),
        (
            Fault::ReplacesNothing,
            "is to be replaced because of `colour`, which the schema does not have",
        ),
    ] {
        let planned = plan(fault, &Value::Null, &config).await;
        let told = told(&planned.diagnostics);
        assert!(
            told.len() == 1 && told[0].0.contains(words) && !told[0].0.contains("s3cret"),
            "{told:?}"
        );
        assert_eq!(planned.planned_state, None);
    }
}

#[tokio::test]
async fn an_apply_that_goes_wrong_still_saves_what_there_is() {
    let planned = object("n", Value::UNKNOWN);
    let cases = [
        (Fault::LeavesUnknown, "`id` is still unknown", object("n", Value::Null)),
        (
            Fault::LosesAttributes,
            "`name` does not fit the schema",
            object("n", Value::Null),
        ),
        (Fault::FailsHalfWay, "half: way", object("n", "7")),
        (Fault::Vanishes, "is gone without an error", Value::Null),
    ];
    for (fault, words, saved) in cases {
        let applied = apply(fault, &Value::Null, &planned).await;
        let told = told(&applied.diagnostics);
        assert!(told.len() == 1 && told[0].0.contains(words), "{fault:?}: {told:?}");
        assert_eq!(received(applied.new_state), saved, "{fault:?}");
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_understood_changes_nothing() {
    let junk = proto::DynamicValue {
        msgpack: vec![0x81, 0xa1, b'x', 0xc0],
        json: Vec::new(),
    };
    let prior = Some(sent(&object("n", "7")));
    let request = proto::apply_resource_change::Request {
        type_name: "test_thing".to_owned(),
        prior_state: prior.clone(),
        planned_state: Some(junk),
        ..Default::default()
    };
    let answer = adapter(Fault::None)
        .apply_resource_change(Request::new(request))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((answer.new_state, answer.diagnostics.len()), (prior, 1));

    let request = proto::validate_resource_config::Request {
        type_name: "test_thin".to_owned(),
        ..Default::default()
    };
    let answer = adapter(Fault::None)
        .validate_resource_config(Request::new(request))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        told(&answer.diagnostics)[0].0,
        "There is no resource type test_thin: This version of the provider has test_thing only."
    );
}

#[tokio::test]
async fn states_are_upgraded_read_and_imported() {
    let upgrade = |json: &str| proto::upgrade_resource_state::Request {
        type_name: "test_thing".to_owned(),
        version: 0,
        raw_state: Some(proto::RawState {
            json: json.as_bytes().to_vec(),
            ..Default::default()
        }),
    };
    let service = adapter(Fault::None);
    let old = upgrade(r#"{"name":"n","colour":"red"}"#);
    let answer = service
        .upgrade_resource_state(Request::new(old))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(received(answer.upgraded_state), object("n", Value::Null));
    for bad in ["", "{", r#"{"name":7}"#] {
        let answer = service
            .upgrade_resource_state(Request::new(upgrade(bad)))
            .await
            .unwrap()
            .into_inner();
        assert_eq!((answer.upgraded_state, answer.diagnostics.len()), (None, 1), "{bad}");
    }

    let read = proto::read_resource::Request {
        type_name: "test_thing".to_owned(),
        // JSON is accepted wherever msgpack is.
        current_state: Some(proto::DynamicValue {
            msgpack: Vec::new(),
            json: br#"{"name":"n","id":"7"}"#.to_vec(),
        }),
        ..Default::default()
    };
    let answer = service
        .read_resource(Request::new(read.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(received(answer.new_state), object("n", "7"));
    let answer = adapter(Fault::Vanishes)
        .read_resource(Request::new(read))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((received(answer.new_state), answer.diagnostics), (Value::Null, vec![]));

    for (id, found, messages) in [("7", 1, 0), ("8", 0, 1), ("", 0, 1)] {
        let request = proto::import_resource_state::Request {
            type_name: "test_thing".to_owned(),
            id: id.to_owned(),
            ..Default::default()
        };
        let answer = service
            .import_resource_state(Request::new(request))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (answer.imported_resources.len(), answer.diagnostics.len()),
            (found, messages),
            "{id}"
        );
    }
}
