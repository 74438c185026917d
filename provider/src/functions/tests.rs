//! The functions as a core calls them.

use tfplugin::value::{Type, Value};

use super::*;

fn call(name: &str, arguments: &[Value]) -> Result<Value, FunctionError> {
    let functions = all();
    let function = functions.iter().find(|function| function.name() == name).unwrap();
    assert_eq!(function.signature().parameters.len(), arguments.len());
    function.call(arguments)
}

/// Each case: the function, its arguments, and the result or the argument that is at fault with words about it.
fn check(name: &str, arguments: &[Value], expected: Result<Value, (usize, &str)>) {
    match (call(name, arguments), expected) {
        (Ok(result), Ok(expected)) => assert_eq!(result, expected, "{arguments:?}"),
        (Err(error), Err((argument, words))) => {
            assert_eq!(error.argument, Some(argument), "{arguments:?}: {error}");
            assert!(error.text.contains(words), "{arguments:?}: {error}");
        }
        (result, expected) => panic!("{name} {arguments:?}: {result:?}, expected {expected:?}"),
    }
}

#[test]
fn they_are_sorted_and_described() {
    let names: Vec<String> = all().iter().map(|function| function.name().to_owned()).collect();
    assert!(names.is_sorted());
    for function in all() {
        let signature = function.signature();
        assert!(signature.description.len() > signature.summary.len());
        assert!(
            signature
                .parameters
                .iter()
                .all(|parameter| !parameter.description.is_empty())
        );
    }
}

#[test]
fn durations() {
    for (text, seconds) in [("720h", 2_592_000_i64), ("1h30m", 5400), ("1.5h", 5400), ("1s", 1)] {
        check("parse_duration", &[text.into()], Ok(seconds.into()));
    }
    for text in ["", "0s", "-1h", "30d", "1h ", "1ms", "99999999999999h"] {
        check("parse_duration", &[text.into()], Err((0, "NHI-TTL")));
    }
}

#[test]
fn digests_of_requests() {
    let policy = nhi_governance::Policy::default();
    let context = nhi_approvals::RequestContext {
        organisation: &nhi_governance::Name::parse("acme").unwrap(),
        policy: &policy,
        registry_id: "01JD8Z6V5R3TQ0W8YB1N4K7M2C",
        incarnations: 0,
    };
    let terms = nhi_approvals::Terms {
        technical_owner: None,
        policy_owner: None,
        purpose: None,
        scope: Vec::new(),
        ttl: None,
        tier: nhi_governance::RiskTier::High,
        subject: serde_json::Map::new(),
    };
    let kind = nhi_approvals::Kind::Record(nhi_governance::RecordKind::Policy);
    let request = nhi_approvals::Request::new(&context, kind, None, "policy".to_owned(), terms);
    let text = request.to_canonical_json();
    let digest = Value::from(request.digest().to_string());
    for file in [text.clone(), format!("{text}\n")] {
        check("request_digest", &[file.into()], Ok(digest.clone()));
    }
    let edited = text.replace("\"acme\"", "\"other\"");
    assert_ne!(call("request_digest", &[edited.into()]).unwrap(), digest);
    for bad in [
        "",
        "{}",
        "null",
        "not json",
        text.strip_suffix('}').unwrap(),
        &text.replace("{\"", "{ \""),
    ] {
        check("request_digest", &[bad.into()], Err((0, "NHI-")));
    }
}

#[test]
fn spiffe_ids() {
    let text = |texts: [&str; 3]| texts.map(Value::from);
    let id = "spiffe://example.org/staging/reporter";
    check(
        "spiffe_id",
        &text(["example.org", "staging", "reporter"]),
        Ok(id.into()),
    );
    for (texts, argument) in [
        (["Example.org", "staging", "reporter"], 0),
        (["", "staging", "reporter"], 0),
        (["example.org", "Staging", "reporter"], 1),
        (["example.org", "staging/x", "reporter"], 1),
        (["example.org", "staging", "../reporter"], 2),
    ] {
        check("spiffe_id", &text(texts), Err((argument, "NHI-")));
    }
}

fn object(members: &[(&str, Value)]) -> Value {
    let ty = Type::object(members.iter().map(|(name, _)| (*name, Type::Dynamic)));
    let value = Value::object(members.iter().cloned());
    Value::Dynamic(Box::new((ty, value)))
}

#[test]
fn tiers_of_scores_and_of_identities() {
    for (score, tier) in [
        (0_i64, "low"),
        (19, "low"),
        (20, "moderate"),
        (45, "high"),
        (70, "critical"),
        (999, "critical"),
    ] {
        check("risk_tier", &[score.into()], Ok(tier.into()));
    }
    let scope = |resource: &str, action: &str| {
        let entry = Value::object([
            ("backend", Value::from("aws")),
            ("resource", resource.into()),
            ("actions", Value::Tuple(vec![action.into()])),
        ]);
        ("scope", Value::Tuple(vec![entry]))
    };
    let bucket = "arn:aws:s3:::reports/daily";
    for (members, tier) in [
        // 5 for reading, 10 for no attestation.
        (vec![scope(bucket, "s3:GetObject")], "low"),
        (vec![scope(bucket, "s3:PutObject")], "moderate"),
        (
            vec![scope(bucket, "s3:PutObject"), ("environment", "production".into())],
            "high",
        ),
        // A ttl over the ceiling of the tier that is asked for is no mistake of the question.
        (vec![scope(bucket, "s3:PutObject"), ("ttl", "8000h".into())], "moderate"),
        (vec![("min_risk_tier", "critical".into())], "critical"),
    ] {
        check("risk_tier", &[object(&members)], Ok(tier.into()));
    }
    for (of, words) in [
        (Value::from(-1_i64), "whole number"),
        ("1.5".parse().map(Value::Number).unwrap(), "whole number"),
        ("high".into(), "write a score"),
        (true.into(), "write a score"),
        (object(&[("kynd", "bot".into())]), "`kynd` is no attribute"),
        (object(&[("kind", "robot".into())]), "NHI-KIND"),
        (object(&[scope("*", "s3:GetObject")]), "NHI-SCOPE-WILDCARD"),
    ] {
        check("risk_tier", &[of], Err((0, words)));
    }
}
