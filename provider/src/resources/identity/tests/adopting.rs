//! States of other providers become records: which ones, what of them, and what the plan insists on.

use tfplugin::diagnostic::Severity;
use tfplugin::server::StoredState;

use super::house::{House, config, told};
use super::*;

fn moved(house: &House, type_name: &str, json: &str) -> StateAnswer {
    let source = MoveSource {
        provider: "registry.terraform.io/hashicorp/other",
        type_name,
        version: 0,
        state: StoredState::from_json(json.as_bytes()),
    };
    house.resource().move_from(&source)
}

#[tokio::test]
async fn a_state_says_what_is_governed() {
    let house = House::new().await;
    let arn = "arn:aws:iam::111122223333:role/Reporter";
    let cases = [
        (
            "aws_iam_role",
            format!(r#"{{"name":"Reporter","arn":"{arn}","tags":{{"a":"b"}}}}"#),
            "Reporter",
            arn,
        ),
        (
            "aws_iam_user",
            r#"{"name":"bob","arn":"arn:x"}"#.to_owned(),
            "bob",
            "arn:x",
        ),
        (
            "google_service_account",
            r#"{"account_id":"rep","email":"rep@p.iam.gserviceaccount.com","disabled":false}"#.to_owned(),
            "rep",
            "rep@p.iam.gserviceaccount.com",
        ),
        (
            "azuread_service_principal",
            r#"{"display_name":"Rep","object_id":"0-1","app_roles":[]}"#.to_owned(),
            "Rep",
            "0-1",
        ),
        (
            "azuread_application",
            r#"{"display_name":"Rep","client_id":"2"}"#.to_owned(),
            "Rep",
            "2",
        ),
        (
            "kubernetes_service_account_v1",
            r#"{"id":"jobs/rep","metadata":[{"name":"rep","namespace":"jobs","labels":null}]}"#.to_owned(),
            "rep",
            "system:serviceaccount:jobs:rep",
        ),
        (
            "vault_approle_auth_backend_role",
            r#"{"backend":"approle","role_name":"rep","token_ttl":3600}"#.to_owned(),
            "rep",
            "auth/approle/role/rep",
        ),
        (
            "vault_aws_auth_backend_role",
            r#"{"backend":"aws","role":"rep"}"#.to_owned(),
            "rep",
            "auth/aws/role/rep",
        ),
    ];
    for (type_name, json, name, external) in cases {
        let answer = moved(&house, type_name, &json);
        assert_eq!(
            told(&answer.diagnostics, Severity::Error),
            Vec::<String>::new(),
            "{type_name}"
        );
        assert_eq!(told(&answer.diagnostics, Severity::Warning).len(), 1);
        assert_eq!(answer.state.get("name"), &Value::from(name));
        assert_eq!(answer.state.get("external"), &Value::set([external.into()]));
        assert!(answer.state.get("id").is_null() && answer.state.get("ttl").is_null());
    }
    for (type_name, json, words) in [
        ("aws_iam_role", r#"{"name":"r"}"#, "has no `arn`"),
        ("aws_iam_role", r#"{"name":"r","arn":null}"#, "has no `arn`"),
        ("aws_iam_role", r#"{"name":"r","arn":""}"#, "has no `arn`"),
        ("aws_iam_role", r#"{"name":7,"arn":"arn:x"}"#, "has no `name`"),
        ("aws_iam_role", "[]", "has no ``"),
        (
            "kubernetes_service_account",
            r#"{"metadata":[]}"#,
            "has no `metadata.namespace`",
        ),
        (
            "kubernetes_service_account",
            r#"{"metadata":{"name":"r"}}"#,
            "has no `metadata`",
        ),
        (
            "vault_approle_auth_backend_role",
            r#"{"role_name":"r"}"#,
            "has no `backend`",
        ),
        (
            "aws_iam_policy",
            r#"{"name":"r","arn":"arn:x"}"#,
            "a `aws_iam_policy` cannot become an identity",
        ),
        ("nhi_identity", "{}", "a `nhi_identity` cannot become an identity"),
    ] {
        let answer = moved(&house, type_name, json);
        let errors = told(&answer.diagnostics, Severity::Error);
        assert!(
            errors.len() == 1 && errors[0].contains(words),
            "{type_name} {json}: {errors:?}"
        );
        assert!(answer.state.is_null());
    }
}

#[tokio::test]
async fn what_was_moved_is_put_on_record_by_the_next_apply() {
    let house = House::new().await;
    let external = |id: &str| ("external", Value::set([id.into()]));
    let answer = moved(&house, "aws_iam_role", r#"{"name":"Reporter","arn":"arn:x"}"#);
    let pending = house.read(&answer.state).await.state;
    assert_eq!(
        pending, answer.state,
        "nothing is on record, and reading finds nothing wrong with that"
    );

    for wrong in [config(&[]), config(&[external("arn:y")])] {
        let refused = house.plan(&pending, &wrong).await;
        let errors = told(&refused.diagnostics, Severity::Error);
        assert_eq!(errors, ["external|`arn:x` was moved here and is not governed"]);
        let applied = house
            .resource()
            .update(UpdateRequest {
                config: wrong.clone(),
                prior: pending.clone(),
                planned: wrong,
                private: vec![],
            })
            .await;
        assert!(applied.diagnostics.has_errors());
        assert_eq!(applied.state, pending);
    }
    let later = config(&[("external", Value::UNKNOWN)]);
    assert!(!house.plan(&pending, &later).await.diagnostics.has_errors());

    let right = config(&[external("arn:x")]);
    let plan = house.plan(&pending, &right).await;
    assert_eq!(plan.requires_replace, []);
    assert!(plan.planned.get("id").is_unknown());
    let state = house.update(&pending, &right).await.state;
    assert_eq!(state.get("status"), &Value::from("active"));
    assert_eq!(house.read(&state).await.state, state);
    assert_eq!(house.plan(&state, &right).await.planned, state);

    let other = moved(&house, "aws_iam_role", r#"{"name":"Other","arn":"arn:z"}"#).state;
    let deleted = house
        .resource()
        .delete(DeleteRequest {
            prior: other,
            private: vec![],
        })
        .await;
    assert!(deleted.state.is_null());
    assert_eq!(
        told(&deleted.diagnostics, Severity::Warning),
        ["|the identity is not on record"]
    );
}
