//! What the reader takes and refuses, case by case.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests fail the test")]

use nhi_plan::{Change, Limits, ReadError, decode, read};

/// A plan with one resource change whose `change` holds `delta`, and further top-level members.
fn plan_with(delta: &str, more: &str) -> String {
    format!(
        r#"{{"format_version":"1.2","terraform_version":"1.11.4","resource_changes":[{{"address":"a_b.c","mode":"managed","type":"a_b","name":"c","provider_name":"p","change":{{"actions":["create"],{delta}}}}}]{more}}}"#
    )
}

fn refused(text: &str) -> ReadError {
    let read = |decoded: nhi_plan::Decoded<'_>| decoded.read(&Limits::default()).map(drop);
    let Err(error) = decode(text.as_bytes()).and_then(read) else {
        panic!("read: {text}")
    };
    assert!(error.offset <= text.len() as u64, "{error}");
    assert!(nhi_plan::error::code::ALL.contains(&error.code));
    error
}

#[test]
fn refuses_what_is_no_plan() {
    let cases = [
        ("", "NHI-PLAN-EMPTY", "empty"),
        ("\n  \n", "NHI-PLAN-EMPTY", "empty"),
        ("[]", "NHI-PLAN-FORMAT", "not a plan"),
        ("\"plan\"", "NHI-PLAN-FORMAT", "not a plan"),
        ("{}", "NHI-PLAN-FORMAT", "format_version"),
        ("PK\u{3}\u{4}rest", "NHI-PLAN-FORMAT", "plan file"),
        ("Error: no such file", "NHI-PLAN-FORMAT", "not JSON"),
        (
            r#"{"format_version":"1.0"}"#,
            "NHI-PLAN-FORMAT",
            "neither a plan nor a state",
        ),
        (
            r#"{"format_version":"2.0","resource_changes":[]}"#,
            "NHI-PLAN-FORMAT",
            "format 2",
        ),
        (
            r#"{"format_version":"one","resource_changes":[]}"#,
            "NHI-PLAN-FORMAT",
            "not a version",
        ),
        (
            r#"{"format_version":1.2,"resource_changes":[]}"#,
            "NHI-PLAN-FORMAT",
            "not a string",
        ),
        (r#"{"resource_changes":[]}"#, "NHI-PLAN-FORMAT", "format_version"),
        (
            r#"{"format_version":"1.2","errored":true,"resource_changes":[]}"#,
            "NHI-PLAN-ERRORED",
            "planning failed",
        ),
        (
            r#"{"format_version":"1.2","resource_changes":{}}"#,
            "NHI-PLAN-FORMAT",
            "not an array",
        ),
        (
            r#"{"format_version":"1.2","resource_changes":[{}]}"#,
            "NHI-PLAN-FORMAT",
            "no address",
        ),
        (
            r#"{"format_version":"1.2","resource_changes":[],"values":{}}"#,
            "NHI-PLAN-FORMAT",
            "at once",
        ),
        (
            r#"{"version":4,"serial":1,"lineage":"x","resources":[]}"#,
            "NHI-PLAN-FORMAT",
            "state file",
        ),
        (
            r#"{"meta":{},"encrypted_data":"x","encryption_version":"v0"}"#,
            "NHI-PLAN-FORMAT",
            "encrypted",
        ),
        ("{\"@level\":\"info\"}\n{\"@level\":\"info\"}", "NHI-PLAN-FORMAT", "log"),
        (
            r#"{"format_version":"1.2","resource_changes":[]} x"#,
            "NHI-PLAN-TRAILING",
            "follows",
        ),
        (
            r#"{"format_version":"1.2","format_version":"1.2"}"#,
            "NHI-PLAN-DUP",
            "twice",
        ),
        (
            r#"{"format_version":"1.2","x":{"a":[{"b":1,"\u0062":1}]},"resource_changes":[]}"#,
            "NHI-PLAN-DUP",
            "twice",
        ),
    ];
    for (text, code, said) in cases {
        let error = refused(text);
        assert_eq!(error.code, code, "{text}: {error}");
        assert!(error.message.contains(said), "{text}: {error}");
        assert!(!error.message.ends_with('.') && !error.help.is_empty());
    }
    for delta in [
        r#""after":{"x":1,"x":1}"#,
        r#""before":{"y":[{"k":1,"\u006b":2}]}"#,
        r#""later":{"x":1,"x":1}"#,
    ] {
        assert_eq!(refused(&plan_with(delta, "")).code, "NHI-PLAN-DUP", "{delta}");
    }
    let actions = plan_with(r#""after":{}"#, "").replace("create", "become");
    assert!(refused(&actions).message.contains("does not know"));
    let none = plan_with(r#""after":{}"#, "").replace("[\"create\"]", "[]");
    assert!(refused(&none).message.contains("no action"));
}

#[test]
fn takes_old_and_newer_formats() {
    for (version, notes) in [("0.1", 0), ("0.2", 0), ("1.0", 0), ("1.2", 0), ("1.3", 1), ("1.99", 1)] {
        let text =
            plan_with(r#""after":{}"#, r#","from_the_future":[{"a":1}]"#).replace("1.2\"", &format!("{version}\""));
        let plan = read(&text, &Limits::default()).expect(version);
        assert_eq!((&*plan.format_version, plan.notes.len()), (version, notes));
    }
}

#[test]
fn takes_what_shells_make_of_a_plan() {
    let text = plan_with(r#""after":{"name":"é😀"}"#, "");
    let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2], text: &str| -> Vec<u8> {
        mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect()
    };
    let cases: Vec<(Vec<u8>, usize)> = vec![
        (text.clone().into_bytes(), 0),
        (format!("\u{feff}{text}").into_bytes(), 1),
        (utf16([0xff, 0xfe], u16::to_le_bytes, &text), 1),
        (utf16([0xfe, 0xff], u16::to_be_bytes, &text), 1),
        (
            utf16(
                [0xff, 0xfe],
                u16::to_le_bytes,
                &format!("[command]/bin/tofu show\r\n{text}"),
            ),
            2,
        ),
        (format!("[command]/bin/terraform show -json\n{text}\n").into_bytes(), 1),
        (format!("a\nb\n  {text}").into_bytes(), 1),
    ];
    for (bytes, notes) in cases {
        let decoded = decode(&bytes).expect("decodes");
        let plan = decoded.read(&Limits::default()).expect("reads");
        assert_eq!(plan.notes.len(), notes, "{:?}", plan.notes);
        assert_eq!(
            plan.blocks().next().unwrap().after.as_deref(),
            Some(r#"{"name":"é😀"}"#)
        );
    }
    // Offsets of errors are those of the bytes that were passed.
    let broken = text.replace("\"é😀\"", "\"é😀\" !");
    let (before, _) = broken.split_once('!').unwrap();
    let wrapped = format!("\u{feff}wrapper\n{broken}");
    assert_eq!(refused(&wrapped).offset, wrapped.find('!').unwrap() as u64);
    let wide = utf16([0xff, 0xfe], u16::to_le_bytes, &broken);
    let error = decode(&wide)
        .and_then(|decoded| decoded.read(&Limits::default()).map(drop))
        .unwrap_err();
    assert_eq!(error.offset, 2 + 2 * before.encode_utf16().count() as u64);
    // Neither repaired nor guessed.
    for (bytes, code) in [
        (&b"{\"format_version\":\"1\xff\"}"[..], "NHI-PLAN-UTF8"),
        (&b"{\"a\":\"\xc0\x80\"}"[..], "NHI-PLAN-UTF8"),
        (&b"{\"a\":\"\xed\xa0\x80\"}"[..], "NHI-PLAN-UTF8"),
        (&b"{\"a\":\"\xe2\x82"[..], "NHI-PLAN-TRUNCATED"),
        (&b"\xff\xfe{\0\x00\xd8}\0"[..], "NHI-PLAN-UTF8"),
        (&b"\xff\xfe{"[..], "NHI-PLAN-TRUNCATED"),
    ] {
        let error = decode(bytes).map(drop).unwrap_err();
        assert_eq!(error.code, code, "{bytes:?}");
        assert!(error.offset <= bytes.len() as u64);
    }
}

#[test]
fn values_pass_without_loss() {
    let deep = format!("{}1e400{}", "[".repeat(1000), "]".repeat(1000));
    let after = format!(
        r#"{{"deep":{deep},"huge":1e400,"integer":{},"minus_zero":-0,"tiny":1e-400}}"#,
        "7".repeat(401)
    );
    let text = plan_with(
        &format!(
            r#""after":{after},"after_unknown":{{"deep":{}true{}}}"#,
            "[".repeat(1000),
            "]".repeat(1000)
        ),
        "",
    );
    let plan = read(&text, &Limits::default()).unwrap();
    let change = plan.blocks().next().unwrap();
    assert_eq!(change.after.as_deref(), Some(&*after));
    assert_eq!(change.unknown_paths, [format!("deep{}", "[0]".repeat(1000))]);
    let document = nhi_plan::json::parse(change.after.as_deref().unwrap()).unwrap();
    assert_eq!(
        document.root().get("huge").and_then(nhi_plan::json::Value::number_text),
        Some("1e400")
    );
    assert_eq!(
        document
            .root()
            .at(&change.unknown_paths[0])
            .and_then(nhi_plan::json::Value::number_text),
        Some("1e400")
    );
    let nested = |depth: usize| plan_with(&format!(r#""after":{}{}"#, "[".repeat(depth), "]".repeat(depth)), "");
    // The plan, its list of changes, the entry and the `change` are four levels around the value.
    assert!(read(&nested(9_996), &Limits::default()).is_ok());
    assert_eq!(refused(&nested(9_997)).code, "NHI-PLAN-DEPTH");
    assert_eq!(refused(&nested(2_000_000)).code, "NHI-PLAN-DEPTH");
}

#[test]
fn modules_are_not_nested_without_end() {
    let nested = |depth: usize| {
        let open = r#"{"module_calls":{"m":{"module":"#.repeat(depth);
        plan_with(
            r#""after":{}"#,
            &format!(
                r#","configuration":{{"root_module":{open}{{}}{}}}"#,
                "}}}".repeat(depth)
            ),
        )
    };
    let text = nested(200);
    assert_eq!(
        read(&text, &Limits::default()).unwrap().configuration.modules.len(),
        201
    );
    assert_eq!(refused(&nested(201)).code, "NHI-PLAN-DEPTH");
    assert_eq!(refused(&nested(3_000)).code, "NHI-PLAN-DEPTH");
}

#[test]
fn deposed_and_deferred_objects_are_blocks() {
    let text = r#"{"format_version":"1.2","resource_changes":[
        {"address":"a_b.c","deposed":"00000001","mode":"managed","type":"a_b","name":"c","change":{"actions":["delete"],"before":{}}}],
        "deferred_changes":[{"reason":"instance_count_unknown","resource_change":
            {"address":"a_b.d","mode":"managed","type":"a_b","name":"d","change":{"actions":["create"],"after":{"x":1}}}}]}"#;
    let plan = read(text, &Limits::default()).unwrap();
    let blocks: Vec<Change<'_>> = plan.blocks().collect();
    assert_eq!(blocks[0].attributes, [("deposed".into(), "00000001".into())]);
    assert_eq!(
        blocks[1].attributes,
        [("deferred_reason".into(), "instance_count_unknown".into())]
    );
    assert_eq!(
        plan.blocks_wanted(&|_, resource_type, _| resource_type == "x_y")
            .count(),
        0
    );
}

#[test]
fn reference_graphs_with_cycles_and_width_end() {
    // Two modules that feed each other, and one output that a thousand outputs lead to.
    let call = |name: &str, other: &str| {
        format!(
            r#""{name}":{{"expressions":{{"x":{{"references":["module.{other}.out","module.{other}"]}}}},"module":{{"outputs":{{"out":{{"expression":{{"references":["var.x","a_b.inner"]}}}}}},"variables":{{"x":{{}}}}}}}}"#
        )
    };
    let wide: Vec<String> = (0..20_000)
        .map(|index| format!(r#""o{index}":{{"expression":{{"references":["a_b.r{index}"]}}}}"#))
        .collect();
    let text = plan_with(
        r#""after":{}"#,
        &format!(
            r#","configuration":{{"root_module":{{"resources":[{{"address":"a_b.c","expressions":{{"v":{{"references":["module.one.out","module.one"]}},"w":{{"references":["module.wide"]}}}}}}],"module_calls":{{{},{},"wide":{{"module":{{"outputs":{{{}}}}}}}}}}}}}"#,
            call("one", "two"),
            call("two", "one"),
            wide.join(",")
        ),
    );
    let plan = read(&text, &Limits::default()).unwrap();
    let change = plan.blocks().next().unwrap();
    let cycle = change
        .references
        .iter()
        .find(|reference| reference.path == "v")
        .unwrap();
    assert_eq!(cycle.addresses, ["module.one.a_b.inner", "module.two.a_b.inner"]);
    assert!(
        change
            .attributes
            .contains(&("references_truncated".into(), "true".into()))
    );
}

#[test]
fn paths_of_hostile_masks_are_bounded() {
    let leaves = vec!["true"; 20_000].join(",");
    let mask = format!(
        "{}[{leaves}]{}",
        "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaa\":".repeat(500),
        "}".repeat(500)
    );
    let text = plan_with(
        &format!(r#""after":{{}},"after_unknown":{mask},"after_sensitive":{mask}"#),
        "",
    );
    let plan = read(&text, &Limits::default()).unwrap();
    let change = plan.blocks().next().unwrap();
    assert_eq!(
        (change.unknown_paths, change.sensitive_paths),
        (vec!["".into()], vec!["".into()])
    );
}

#[test]
fn entries_are_counted_wherever_they_are_kept() {
    let few = Limits {
        records: 3,
        ..Limits::default()
    };
    let cases = [
        (
            r#","resource_drift":[{"address":"a","type":"b","change":{"actions":["read"]}}"#,
            r#",{"address":"a","type":"b","change":{"actions":["read"]}}"#,
            "]",
        ),
        (r#","variables":{"a":{}"#, ",", "}"),
        (r#","output_changes":{"a":{}"#, ",", "}"),
        (r#","checks":[{}"#, ",{}", "]"),
        (r#","relevant_attributes":[{}"#, ",{}", "]"),
        (r#","configuration":{"root_module":{"resources":[{}"#, ",{}", "]}}"),
        (r#","configuration":{"root_module":{"outputs":{"a":{}"#, ",", "}}}"),
        (r#","configuration":{"root_module":{"variables":{"a":{}"#, ",", "}}}"),
        (r#","configuration":{"root_module":{"module_calls":{"a":{}"#, ",", "}}}"),
        (r#","configuration":{"provider_config":{"a":{}"#, ",", "}}"),
    ];
    for (open, next, close) in cases {
        let with = |count: usize| {
            let further: String = (1..count)
                .map(|index| {
                    if next == "," {
                        format!(",\"a{index}\":{{}}")
                    } else {
                        next.to_owned()
                    }
                })
                .collect();
            plan_with(r#""after":{}"#, &format!("{open}{further}{close}"))
        };
        assert!(read(&with(2), &few).is_ok(), "{open}");
        assert_eq!(read(&with(3), &few).unwrap_err().code, "NHI-PLAN-BUDGET", "{open}");
    }
    let planned = plan_with(
        r#""after":{}"#,
        r#","prior_state":{"values":{"root_module":{"resources":[{"address":"a","type":"b"},{"address":"a","type":"b"},{"address":"a","type":"b"}]}}}"#,
    );
    assert_eq!(read(&planned, &few).unwrap_err().code, "NHI-PLAN-BUDGET");
    let deferred = plan_with(r#""after":{}"#, r#","deferred_changes":[{"reason":"x"}]"#);
    assert_eq!(refused(&deferred).code, "NHI-PLAN-FORMAT");
}
