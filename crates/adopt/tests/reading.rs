//! What is read of states and plans: all three forms, whoever wrote them.
#![expect(clippy::panic, reason = "tests fail by panicking")]

use nhi_adopt::{Estate, Form, find};
use nhi_plan::{Limits, decode};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::111122223333:role/ci";

fn estate(source: &Value) -> Estate {
    find(&source.to_string(), &Limits::default()).unwrap_or_else(|error| panic!("{error}: {source}"))
}

fn state_file(resources: &[Value]) -> Value {
    json!({ "version": 4, "terraform_version": "1.11.4", "serial": 1, "resources": resources })
}

fn resource(type_name: &str, attributes: impl Into<Value>) -> Value {
    let attributes: Value = attributes.into();
    json!({ "mode": "managed", "type": type_name, "name": "this", "provider": "p",
        "instances": [{ "schema_version": 0, "attributes": attributes, "sensitive_attributes": [] }] })
}

fn role() -> Value {
    json!({ "name": "ci", "arn": ROLE, "unique_id": "AROA1", "path": "/", "tags": { "team": "build" } })
}

#[test]
fn the_three_forms_say_the_same() {
    let values = json!({ "root_module": { "resources": [], "child_modules": [{ "address": "module.a",
        "child_modules": [{ "address": "module.a.module.b[\"x\"]", "resources": [{
            "address": "module.a.module.b[\"x\"].aws_iam_role.this[0]", "mode": "managed", "type": "aws_iam_role",
            "name": "this", "index": 0, "values": role(), "sensitive_values": { "tags": {} } }] }] }] } });
    let mut file = resource("aws_iam_role", role());
    file["module"] = json!("module.a.module.b[\"x\"]");
    file["instances"][0]["index_key"] = json!(0);
    let sources = [
        (state_file(&[file]), Form::StateFile),
        (json!({ "format_version": "1.0", "values": values }), Form::State),
        (
            json!({ "format_version": "1.2", "planned_values": values, "resource_changes": [] }),
            Form::Plan,
        ),
    ];
    for (source, form) in sources {
        let estate = estate(&source);
        assert_eq!((estate.form, estate.resources), (form, 1));
        let [found] = estate.identities.as_slice() else {
            panic!("{estate:?}")
        };
        assert_eq!(found.address, "module.a.module.b[\"x\"].aws_iam_role.this[0]");
        assert_eq!(found.external, [ROLE]);
        assert_eq!(found.known_as, [ROLE, "AROA1"]);
    }
}

#[test]
fn what_is_named_by_what() {
    let cases = [
        ("aws_iam_role", role(), Some(ROLE)),
        (
            "google_service_account",
            json!({ "account_id": "a", "email": "a@p.iam.gserviceaccount.com" }),
            Some("a@p.iam.gserviceaccount.com"),
        ),
        (
            "kubernetes_service_account_v1",
            json!({ "metadata": [{ "name": "app", "namespace": "prod" }], "id": "prod/app" }),
            Some("system:serviceaccount:prod:app"),
        ),
        (
            "vault_approle_auth_backend_role",
            json!({ "role_name": "app", "backend": "approle", "role_id": "1" }),
            Some("auth/approle/role/app"),
        ),
        ("postgresql_role", json!({ "name": "app", "login": true }), Some("app")),
        (
            "azurerm_user_assigned_identity",
            json!({ "name": "x", "id": "/subscriptions/1/x", "principal_id": "2", "client_id": "3" }),
            Some("/subscriptions/1/x"),
        ),
        (
            "azuread_application",
            json!({ "display_name": "CI", "client_id": "c-1", "object_id": "o-1" }),
            Some("c-1"),
        ),
        (
            "github_repository_deploy_key",
            json!({ "title": "deploy", "id": "repo:12" }),
            Some("repo:12"),
        ),
        (
            "gitlab_project_access_token",
            json!({ "name": "bot", "id": "3:17" }),
            Some("3:17"),
        ),
        // Not an identity, not managed here, not able to log in.
        ("aws_s3_bucket", json!({ "arn": "arn:aws:s3:::b" }), None),
        ("postgresql_role", json!({ "name": "readers", "login": false }), None),
        (
            "aws_iam_role",
            json!({ "name": "x", "arn": "a", "path": "/aws-service-role/ecs.amazonaws.com/" }),
            None,
        ),
        (
            "azuread_service_principal",
            json!({ "object_id": "o", "use_existing": true }),
            None,
        ),
    ];
    for (type_name, attributes, external) in cases {
        let estate = estate(&state_file(&[resource(type_name, attributes)]));
        let named: Vec<&str> = estate
            .identities
            .iter()
            .flat_map(|one| &one.external)
            .map(String::as_str)
            .collect();
        assert_eq!(named, external.into_iter().collect::<Vec<_>>(), "{type_name}");
    }
    let mut data = resource("aws_iam_role", role());
    data["mode"] = json!("data");
    assert!(estate(&state_file(&[data])).identities.is_empty());
    let mut deposed = resource("aws_iam_role", role());
    deposed["instances"][0]["deposed"] = json!("12345678");
    assert!(estate(&state_file(&[deposed])).identities.is_empty());
}

#[test]
fn credentials_belong_to_whom_they_name() {
    let user = |name: &str| json!({ "name": name, "arn": format!("arn:aws:iam::111122223333:user/{name}") });
    let key = |user: &str| json!({ "id": "AKIA1", "user": user, "secret": "s" });
    let mut role_too = resource("aws_iam_role", json!({ "name": "ci", "arn": ROLE }));
    role_too["name"] = json!("role");
    let mut access_key = resource("aws_iam_access_key", key("ci"));
    access_key["name"] = json!("key");
    // A role of the same name is not the user.
    let both = estate(&state_file(&[
        access_key,
        resource("aws_iam_user", user("ci")),
        role_too,
    ]));
    let held: Vec<_> = both
        .identities
        .iter()
        .map(|one| (one.type_name.as_str(), one.credentials.len()))
        .collect();
    assert_eq!(held, [("aws_iam_role", 0), ("aws_iam_user", 1)]);
    // One whose user is not here stands for itself, by its id.
    let alone = estate(&state_file(&[resource("aws_iam_access_key", key("other"))]));
    assert_eq!(alone.identities.first().map(|one| one.title.as_str()), Some("other"));
    assert_eq!(
        alone.identities.first().map(|one| one.external.clone()),
        Some(vec!["AKIA1".to_owned()])
    );
    // An application and its principal are one identity.
    let application = resource(
        "azuread_application",
        json!({ "display_name": "CI", "client_id": "c", "object_id": "o" }),
    );
    let principal = resource(
        "azuread_service_principal",
        json!({ "client_id": "c", "object_id": "p" }),
    );
    let one = estate(&state_file(&[application, principal]));
    assert_eq!(one.identities.len(), 1);
    assert_eq!(
        one.identities.first().map(|one| one.external.clone()),
        Some(vec!["c".to_owned(), "p".to_owned()])
    );
}

#[test]
fn what_cannot_be_read_is_refused_and_said() {
    let whole = state_file(&[resource("aws_iam_role", role())]).to_string();
    let deep = format!("{{\"version\":4,\"outputs\":{}", "[".repeat(20_000));
    let modules = format!(
        "{{\"format_version\":\"1.0\",\"values\":{{\"root_module\":{}{}}}}}",
        "{\"child_modules\":[".repeat(300),
        "{}".to_owned() + &"]}".repeat(300)
    );
    let cases: Vec<(String, &str)> = vec![
        (whole.chars().take(whole.len() - 2).collect(), "NHI-PLAN-TRUNCATED"),
        (format!("{whole} {{}}"), "NHI-PLAN-TRAILING"),
        (whole.replace("\"serial\"", "\"version\""), "NHI-PLAN-DUP"),
        (whole.replace("\"ci\"", "\"ci\",\"name\":\"x\""), "NHI-PLAN-DUP"),
        (whole.replace("\"version\":4", "\"version\":3"), "NHI-PLAN-FORMAT"),
        (whole.replace("\"version\":4", "\"version\":\"4\""), "NHI-PLAN-FORMAT"),
        ("{}".to_owned(), "NHI-PLAN-FORMAT"),
        ("null".to_owned(), "NHI-PLAN-FORMAT"),
        ("[]".to_owned(), "NHI-PLAN-FORMAT"),
        ("{\"version\":4}".to_owned(), "NHI-PLAN-FORMAT"),
        ("{\"version\":4,\"resources\":{}}".to_owned(), "NHI-PLAN-FORMAT"),
        ("{\"version\":4,\"resources\":[7]}".to_owned(), "NHI-PLAN-FORMAT"),
        (
            "{\"version\":4,\"resources\":[{\"type\":7}]}".to_owned(),
            "NHI-PLAN-FORMAT",
        ),
        (
            "{\"version\":4,\"resources\":[{\"mode\":\"managed\",\"instances\":{}}]}".to_owned(),
            "NHI-PLAN-FORMAT",
        ),
        (
            "{\"format_version\":\"1.2\",\"planned_values\":{},\"errored\":true}".to_owned(),
            "NHI-PLAN-ERRORED",
        ),
        (deep, "NHI-PLAN-DEPTH"),
        (modules, "NHI-PLAN-DEPTH"),
        (String::new(), "NHI-PLAN-EMPTY"),
    ];
    for (text, code) in cases {
        let error = find(&text, &Limits::default()).expect_err(&text);
        assert_eq!(
            error.code,
            code,
            "{} for {}",
            error,
            text.chars().take(120).collect::<String>()
        );
        assert!(!error.help.is_empty());
    }
    let few = Limits {
        records: 1,
        ..Limits::default()
    };
    let mut second = resource("aws_iam_role", role());
    second["name"] = json!("second");
    let text = state_file(&[resource("aws_iam_role", role()), second]).to_string();
    assert_eq!(
        find(&text, &few).expect_err("two are more than one").code,
        "NHI-PLAN-BUDGET"
    );
}

#[test]
fn attributes_of_wrong_types_say_nothing() {
    for odd in [
        json!(7),
        json!(null),
        json!([]),
        json!({}),
        json!([[["x"]]]),
        json!(true),
        json!({"a": {"b": 1}}),
    ] {
        let attributes = json!({ "name": odd, "arn": odd, "tags": odd, "assume_role_policy": odd, "path": odd,
            "inline_policy": odd, "managed_policy_arns": odd, "description": odd });
        let odd_values = estate(&state_file(&[resource("aws_iam_role", attributes)]));
        let [found] = odd_values.identities.as_slice() else {
            panic!("{odd_values:?}")
        };
        assert!(found.external.is_empty(), "{found:?}");
        assert_eq!(found.title, "this");
        let nothing = estate(&state_file(&[resource("aws_iam_role", odd)]));
        assert_eq!(nothing.identities.len(), 1);
    }
}

#[test]
fn windows_writes_utf_16_and_that_is_undone() {
    let text = state_file(&[resource("aws_iam_role", role())]).to_string();
    let bytes: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let decoded = decode(&bytes).expect("it is UTF-16");
    assert_eq!(
        find(&decoded.text, &Limits::default()).map(|estate| estate.identities.len()),
        Ok(1)
    );
    assert!(decode(&[0xff, 0xfe, 0x00, 0xd8]).is_err(), "half a surrogate");
}

#[test]
fn the_order_of_a_state_does_not_matter() {
    let mut resources: Vec<Value> = (0..20)
        .map(|number| {
            let mut one = resource(
                "aws_iam_user",
                json!({ "name": "same", "arn": format!("arn:{number}") }),
            );
            one["name"] = json!(format!("u{number}"));
            one
        })
        .collect();
    let addresses = |resources: &[Value]| -> Vec<String> {
        estate(&state_file(resources))
            .identities
            .into_iter()
            .map(|one| one.address)
            .collect()
    };
    let forwards = addresses(&resources);
    resources.reverse();
    assert_eq!(addresses(&resources), forwards);
}
