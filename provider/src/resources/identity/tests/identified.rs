//! Imports by resource identity.

use tfplugin::diagnostic::Severity;

use super::house::{House, config, told};
use super::*;

fn identity(parts: [(&str, Value); 3]) -> Value {
    Value::object(parts)
}

#[tokio::test]
async fn an_identity_is_found_by_its_id_or_by_its_place() {
    let house = House::new().await;
    let state = house.create(&config(&[])).await.state;
    let other = house
        .create(&config(&[("environment", "sandbox-eu".into())]))
        .await
        .state;
    let schema = house.resource().identity().unwrap();
    let whole = schema.of(&state);
    let (id, other_id) = (state.get("id").clone(), other.get("id").clone());
    let place = |id: Value, environment: &str, name: &str| {
        identity([("id", id), ("environment", environment.into()), ("name", name.into())])
    };
    let by_id = |id: Value| identity([("id", id), ("environment", Value::Null), ("name", Value::Null)]);
    for found in [
        whole.clone(),
        by_id(id.clone()),
        place(Value::Null, "staging", "reporter"),
    ] {
        let imported = house.resource().import_by_identity(found).await;
        assert!(imported.diagnostics.is_empty(), "{:?}", imported.diagnostics);
        // The log has grown since, and nothing says that the importer saw where it ended before.
        let checkpoint = state.get("audit_checkpoint").clone();
        assert_eq!(with(&imported.state, "audit_checkpoint", checkpoint), state);
        assert_eq!(schema.of(&imported.state), whole);
    }
    let nothing = identity([("id", Value::Null), ("environment", Value::Null), ("name", Value::Null)]);
    let half = identity([
        ("id", id.clone()),
        ("environment", "staging".into()),
        ("name", Value::Null),
    ]);
    for (sought, words) in [
        (place(other_id, "staging", "reporter"), "is not in the registry"),
        (
            place(Value::Null, "staging", "nobody"),
            "identity `nobody` of `staging` is not in the registry",
        ),
        (place(Value::Null, "Staging!", "reporter"), "environment|"),
        (by_id("7".into()), "id|"),
        (by_id("01ARZ3NDEKTSV4RRFFQ69G5FAV".into()), "is not in the registry"),
        (nothing, "does not say which identity is meant"),
        (half, "does not say which identity is meant"),
    ] {
        let imported = house.resource().import_by_identity(sought).await;
        let errors = told(&imported.diagnostics, Severity::Error);
        assert!(errors.len() == 1 && errors[0].contains(words), "{errors:?}");
        assert!(imported.state.is_null());
    }
    let gone = house
        .resource()
        .delete(DeleteRequest {
            prior: state,
            private: vec![],
        })
        .await;
    assert!(gone.diagnostics.is_empty());
    let imported = house.resource().import_by_identity(by_id(id)).await;
    assert!(told(&imported.diagnostics, Severity::Error)[0].contains("is revoked and cannot be imported"));
}
