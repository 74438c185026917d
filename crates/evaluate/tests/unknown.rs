//! What is unknown: symbols, alternatives, reasons, sensitivity, and where things stand.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

mod common;

use nhi_evaluate::{Limits, Sources, Status, evaluate};
use nhi_plan::symbol;

/// Declarations that the expressions below speak of.
const DECLARED: &str = r#"
variable "list" {}
variable "text" {}
variable "flag" {}
variable "secret" {
  sensitive = true
  default   = "hush"
}
locals { arn = "arn:aws:s3:::${var.text}" }
"#;

fn known(expression: &str, expected: &str) {
    assert_eq!(
        common::expression(expression, DECLARED).as_deref(),
        Ok(expected),
        "{expression}"
    );
}

fn unknown(expression: &str, reason: &str) {
    let found = common::expression(expression, DECLARED);
    assert!(
        found.as_ref().is_err_and(|found| found.contains(reason)),
        "{expression}: {found:?}"
    );
}

#[test]
fn structure_stays_known() {
    known(
        r#"jsonencode({ Action = "s3:*", Resource = var.list })"#,
        r#""{\"Action\":\"s3:*\",\"Resource\":\"${var.list}\"}""#,
    );
    known("[var.text, \"x\"]", r#"["${var.text}","x"]"#);
    known(r#""${local.arn}/*""#, r#""arn:aws:s3:::${var.text}/*""#);
    known("merge({ a = 1 }, { b = var.text })", r#"{"a":1,"b":"${var.text}"}"#);
    known("join(\",\", [var.text, \"b\"])", r#""${var.text},b""#);
    known("[for x in [\"a\", var.text] : \"${x}!\"]", r#"["a!","${var.text}!"]"#);
    known("length([var.text, var.text])", "2");
    known(
        "jsondecode(\"{\\\"a\\\":${jsonencode(var.list)}}\").a == null ? 1 : 1",
        "1",
    );
}

#[test]
fn logic_has_three_values() {
    known("var.flag && false", "false");
    known("var.flag || true", "true");
    known("local.arn == \"other\"", "false");
    known("local.arn == null ? 1 : 2", "2");
    known("contains([var.text, \"b\"], \"b\")", "true");
    known("startswith(local.arn, \"arn:\")", "true");
    known("endswith(\"${var.text}-x\", \"-y\")", "false");
    unknown("var.flag && true", "a condition");
    unknown("contains([var.text], \"b\")", "contains(var.text)");
}

#[test]
fn a_choice_is_a_group() {
    let group = |texts: &[&str]| format!("\"{}\"", symbol::readable(&symbol::one_of(texts.iter().copied())));
    known("var.flag ? \"a\" : \"b\"", &group(&["a", "b"]));
    known("\"x-${var.flag ? \"a\" : \"b\"}\"", &group(&["x-a", "x-b"]));
    known(
        "jsonencode([for x in [\"p\", \"q\"] : x if x == \"p\" || var.flag])",
        &group(&[r#"[\"p\",\"q\"]"#, r#"[\"p\"]"#]),
    );
    known("var.flag ? \"same\" : \"same\"", "\"same\"");
    known("[\"a\", \"b\"][var.flag ? 0 : 1]", &group(&["a", "b"]));
    known("try(var.list.x, \"d\")", &group(&["${var.list.x}", "d"]));
    known("coalesce(var.text, \"d\")", &group(&["${var.text}", "d"]));
    unknown("var.flag ? [1] : [2]", "one of 2 values");
}

#[test]
fn reasons_are_told() {
    unknown("uuid()", "function `uuid` is not evaluated");
    unknown("provider::x::y(1)", "function `provider::x::y` is not evaluated");
    unknown("terraform.workspace", "terraform.workspace");
    unknown("var.text", "it has no value in the plan and no default");
    unknown("local.nothing", "its definition was not found");
    unknown("module.nothing.x", "the module call was not found");
    unknown("aws_s3_bucket.nothing.arn", "neither in the plan nor in the sources");
    unknown("[for x in var.list : x]", "var.list");
    unknown("split(\",\", var.text)", "split(var.text)");
    unknown("1 / 3", "a number");
    unknown("null", "sets it to null");
}

#[test]
fn what_is_made_of_a_secret_is_one() {
    for (expression, sensitive) in [
        ("\"x-${var.secret}\"", vec![""]),
        ("jsonencode({ a = var.secret })", vec![""]),
        ("{ a = var.secret, b = 1 }", vec!["a"]),
        ("[1, [var.secret]]", vec!["[1][0]"]),
        ("upper(var.secret)", vec![""]),
        ("var.secret == \"x\" ? \"a\" : \"b\"", vec![""]),
        ("[for c in [var.secret] : \"${c}!\"]", vec!["[0]"]),
        ("base64encode(var.secret)", vec![""]),
        ("sensitive(\"x\")", vec![""]),
        ("{ for k in [\"a\"] : k => { v = var.secret } }.a", vec!["v"]),
        ("nonsensitive(var.secret)", vec![]),
        ("\"plain\"", vec![]),
    ] {
        let sources = common::one_file(&format!("{DECLARED}\noutput \"o\" {{\n value = {expression}\n}}\n"));
        let plan = common::plan_of_outputs(["o"], r#","variables":{"secret":{"value":"hush"}}"#);
        common::with_plan(&plan, |plan| {
            let evaluation = evaluate(&sources, plan, &Limits::default());
            assert_eq!(
                evaluation.filled("output.o")[0].sensitive_paths,
                sensitive,
                "{expression}"
            );
        });
    }
}

#[test]
fn no_secret_is_part_of_a_name_or_a_reason() {
    for expression in [
        "var.list[var.secret]",
        "{ a = 1 }[var.secret]",
        "lookup({ a = 1 }, var.secret)",
        "tonumber(var.secret)",
        "jsondecode(var.secret)",
        "[var.list[var.secret]]",
        "\"x${var.list[var.secret].y}\"",
        "{ (var.secret) = var.text }[\"b\"]",
        "file(var.secret)",
        "var.secret && true",
        "terraform_data.x[var.secret].y",
    ] {
        let sources = common::one_file(&format!("{DECLARED}\noutput \"o\" {{\n value = {expression}\n}}\n"));
        let plan = common::plan_of_outputs(["o"], r#","variables":{"secret":{"value":"hush"}}"#);
        common::with_plan(&plan, |plan| {
            let evaluation = evaluate(&sources, plan, &Limits::default());
            let told = format!(
                "{:?} {:?}",
                evaluation.filled("output.o"),
                evaluation.outcomes("output.o")
            );
            assert!(!told.contains("hush"), "{expression}: {told}");
        });
    }
}

const PLAN: &str = r#"{"format_version":"1.2","resource_changes":[
  {"address":"aws_iam_policy.p","mode":"managed","type":"aws_iam_policy","name":"p","change":{"actions":["create"],
   "after":{"name":"p"},"after_unknown":{"policy":true}}},
  {"address":"module.a.aws_iam_role.r[\"x\"]","module_address":"module.a","mode":"managed","type":"aws_iam_role","name":"r",
   "index":"x","change":{"actions":["create"],"after":{"name":"r-x","inline_policy":[{"name":"two"},{"name":"one"}]},
   "after_unknown":{"inline_policy":[{"policy":true},{"policy":true}],"assume_role_policy":true}}}
 ],"configuration":{"root_module":{}}}"#;

const ROOT: &str = "module \"a\" {\n  source = \"./modules/a\"\n  bucket = aws_s3_bucket.b.arn\n}\n\nresource \"aws_iam_policy\" \"p\" {\n  name   = \"p\"\n  policy = jsonencode({ Resource = aws_s3_bucket.b.arn, Statement = [] })\n}\n";
const CHILD: &str = "variable \"bucket\" {}\n\nresource \"aws_iam_role\" \"r\" {\n  for_each           = toset([\"x\"])\n  name               = \"r-${each.key}\"\n  assume_role_policy = jsonencode({ For = each.value })\n\n  inline_policy {\n    name   = \"one\"\n    policy = jsonencode({ One = var.bucket })\n  }\n  inline_policy {\n    name   = \"two\"\n    policy = jsonencode({ Two = var.bucket })\n  }\n}\n";

/// The same configuration as a directory and as a plan file holds it.
fn layouts() -> [Sources; 3] {
    let own = |files: &[(&str, &str)]| -> Vec<(String, String)> {
        files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect()
    };
    let manifest = r#"[{"Key":"","Dir":"."},{"Key":"a","Source":"./modules/a","Dir":"modules/a"}]"#;
    let disk = format!("{{\"Modules\":{manifest}}}");
    [
        own(&[("main.tf", ROOT), ("modules/a/main.tf", CHILD)]),
        own(&[
            ("tfconfig/modules.json", manifest),
            ("tfconfig/m-/main.tf", ROOT),
            ("tfconfig/m-a/main.tf", CHILD),
        ]),
        own(&[
            ("./main.tf", ROOT),
            ("modules\\a\\main.tf", CHILD),
            (".terraform/modules/modules.json", &disk),
        ]),
    ]
    .map(|files| Sources::new(files.into_iter()))
}

#[test]
fn every_layout_is_the_same_configuration() {
    for sources in layouts() {
        assert_eq!(sources.notes(), [] as [&str; 0]);
        common::with_plan(PLAN, |plan| {
            let evaluation = evaluate(&sources, plan, &Limits::default());
            let policy = common::overlaid(plan, &evaluation, "aws_iam_policy.p");
            let place = policy.location.clone().expect("a location");
            assert_eq!((&*place.file, place.line, place.column), ("main.tf", 6, 1));
            assert_eq!(policy.unknown_paths, [] as [&str; 0]);
            assert_eq!(policy.attributes.last(), Some(&("resolved".into(), "policy".into())));
            assert_eq!(
                symbol::readable(policy.after.as_deref().unwrap()),
                r#"{"policy":"{\"Resource\":\"${aws_s3_bucket.b.arn}\",\"Statement\":[]}","name":"p"}"#
            );
            let role = common::overlaid(plan, &evaluation, "module.a.aws_iam_role.r[\"x\"]");
            let place = role.location.clone().expect("a location");
            assert_eq!((&*place.file, place.line), ("modules/a/main.tf", 3));
            // The blocks of a set stand in the plan in another order.
            assert_eq!(
                symbol::readable(role.after.as_deref().unwrap()),
                "{\"assume_role_policy\":\"{\\\"For\\\":\\\"x\\\"}\",\"name\":\"r-x\",\"inline_policy\":[\
                 {\"policy\":\"{\\\"Two\\\":\\\"${aws_s3_bucket.b.arn}\\\"}\",\"name\":\"two\"},\
                 {\"policy\":\"{\\\"One\\\":\\\"${aws_s3_bucket.b.arn}\\\"}\",\"name\":\"one\"}]}"
            );
        });
    }
}

#[test]
fn attributes_have_places() {
    for sources in layouts() {
        let text = |address: &str, path: &str| {
            let place = sources.attribute(address, path).expect(path);
            let file = if place.file == "main.tf" { ROOT } else { CHILD };
            (
                place.line,
                &file[place.expression.clone()],
                &file[place.attribute.clone()],
            )
        };
        assert_eq!(text("aws_iam_policy.p", "name"), (7, "\"p\"", "name   = \"p\""));
        assert_eq!(text("aws_iam_policy.p", "policy").0, 8);
        assert_eq!(text("module.a.aws_iam_role.r", "inline_policy[1].name").1, "\"two\"");
        assert_eq!(sources.attribute("aws_iam_policy.p", "nothing"), None);
        assert_eq!(sources.location("module.a.var.bucket").map(|place| place.line), Some(3));
        assert_eq!(sources.location("aws_iam_policy.other"), None);
    }
}

#[test]
fn marks_and_line_ends_move_no_place() {
    let source = "\u{feff}# é\r\nresource \"aws_iam_policy\" \"p\" {\r\n  name = \"p\"\r\n}\r\n";
    let sources = common::one_file(source);
    let place = sources.attribute("aws_iam_policy.p", "name").unwrap();
    assert_eq!((&source[place.expression], place.line, place.column), ("\"p\"", 3, 10));
}

#[test]
fn json_configuration_is_configuration() {
    let root = r#"{"//":"comment","resource":{"aws_iam_policy":{"p":{"name":"p",
      "policy":"${jsonencode({ Resource = aws_s3_bucket.b.arn })}","//":"x"}}},
      "module":{"a":{"source":"./modules/a","bucket":"${local.all[\"b\"]}"}},
      "locals":{"all":{"b":"x-${aws_s3_bucket.b.id}"}}}"#;
    let child = r#"{"variable":{"bucket":{"type":"string"}},"resource":[{"aws_iam_role":{"r":{
      "for_each":"${toset([\"x\"])}","name":"r-${each.key}","assume_role_policy":"plain",
      "inline_policy":[{"name":"one","policy":"1 ${var.bucket}"}],
      "dynamic":{"inline_policy":{"for_each":["two"],"content":{"name":"${inline_policy.value}","policy":"2 ${var.bucket}"}}}}}}]}"#;
    let files = [("main.tf.json", root), ("modules/a/main.tf.json", child)];
    let sources = Sources::new(
        files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned())),
    );
    assert_eq!(sources.notes(), [] as [&str; 0]);
    common::with_plan(PLAN, |plan| {
        let evaluation = evaluate(&sources, plan, &Limits::default());
        let role = common::overlaid(plan, &evaluation, "module.a.aws_iam_role.r[\"x\"]");
        assert_eq!(
            symbol::readable(role.after.as_deref().unwrap()),
            "{\"assume_role_policy\":\"plain\",\"name\":\"r-x\",\"inline_policy\":[\
             {\"policy\":\"2 x-${aws_s3_bucket.b.id}\",\"name\":\"two\"},\
             {\"policy\":\"1 x-${aws_s3_bucket.b.id}\",\"name\":\"one\"}]}"
        );
    });
    let place = sources.attribute("aws_iam_policy.p", "name").unwrap();
    assert_eq!(&root[place.expression], "\"p\"");
}

#[test]
fn override_files_override() {
    let files = [
        (
            "main.tf",
            "locals {\n  a = \"first\"\n}\nresource \"aws_iam_policy\" \"p\" {\n  policy = \"old\"\n  name = \"p\"\n}\n",
        ),
        (
            "z_override.tf",
            "locals {\n  a = \"${aws_x.y.z}!\"\n}\nresource \"aws_iam_policy\" \"p\" {\n  policy = local.a\n}\n",
        ),
    ];
    let sources = Sources::new(
        files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned())),
    );
    common::with_plan(PLAN, |plan| {
        let evaluation = evaluate(&sources, plan, &Limits::default());
        assert_eq!(
            symbol::readable(&evaluation.filled("aws_iam_policy.p")[0].json),
            "\"${aws_x.y.z}!\""
        );
        assert_eq!(evaluation.outcomes("aws_iam_policy.p")[0].status, Status::Partly);
    });
    assert_eq!(
        sources.attribute("aws_iam_policy.p", "policy").unwrap().file,
        "z_override.tf"
    );
}

#[test]
fn a_plan_without_sources_still_tells_its_documents() {
    let plan = r#"{"format_version":"1.2","resource_changes":[
      {"address":"aws_s3_bucket.b","mode":"managed","type":"aws_s3_bucket","name":"b","change":{"actions":["create"],
       "after":{"bucket":"data"},"after_unknown":{"arn":true,"id":true}}},
      {"address":"data.aws_iam_policy_document.d","mode":"data","type":"aws_iam_policy_document","name":"d",
       "change":{"actions":["read"],"after":{"statement":[{"actions":["s3:*"],"effect":null,"resources":[null,"x"],
       "principals":[],"condition":[]}],"version":null},
       "after_unknown":{"json":true,"statement":[{"resources":[true,false]}]}}}],
      "configuration":{"provider_config":{"aws":{"name":"aws","expressions":{"region":{"constant_value":"cn-north-1"}}}},
       "root_module":{}}}"#;
    common::with_plan(plan, |plan| {
        let evaluation = evaluate(&Sources::default(), plan, &Limits::default());
        let json = |address: &str| symbol::readable(&evaluation.filled(address)[0].json).into_owned();
        assert_eq!(json("aws_s3_bucket.b"), "\"arn:aws-cn:s3:::data\"");
        let document: String = serde_json::from_str(&json("data.aws_iam_policy_document.d")).unwrap();
        let compact: String = document.split_whitespace().collect();
        assert_eq!(
            compact,
            "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\
             [\"${data.aws_iam_policy_document.d.statement[0].resources[0]}\",\"x\"]}]}"
        );
    });
}

/// The document of a plan with a static statement and a dynamic one over this collection.
fn document_with_more(collection: &str, planned: &str, unknown: &str) -> String {
    let plan = format!(
        r#"{{"format_version":"1.2","resource_changes":[
      {{"address":"data.aws_iam_policy_document.d","mode":"data","type":"aws_iam_policy_document","name":"d",
       "change":{{"actions":["read"],"after":{{{planned}"version":null}},
       "after_unknown":{{"json":true,"statement":{unknown}}}}}}},
      {{"address":"data.aws_iam_policy_document.e","mode":"data","type":"aws_iam_policy_document","name":"e",
       "change":{{"actions":["read"],"after":{{"version":null}},"after_unknown":{{"json":true}}}}}}],
      "configuration":{{"root_module":{{}}}}}}"#
    );
    let text = format!(
        "data \"aws_iam_policy_document\" \"d\" {{\n  statement {{\n    actions = [\"s3:List\"]\n  }}\n  \
         dynamic \"statement\" {{\n    for_each = {collection}\n    content {{\n      actions = [statement.value]\n    }}\n  }}\n}}\n\
         data \"aws_iam_policy_document\" \"e\" {{\n  source_policy_documents = [data.aws_iam_policy_document.d.json]\n}}\n"
    );
    let sources = Sources::new([("main.tf".to_owned(), text)].into_iter());
    common::with_plan(&plan, |plan| {
        let evaluation = evaluate(&sources, plan, &Limits::default());
        let texts = ["d", "e"].map(|name| {
            let filled = evaluation.filled(&format!("data.aws_iam_policy_document.{name}"));
            let json = symbol::readable(&filled[0].json).into_owned();
            let text: String = serde_json::from_str(&json).unwrap();
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        });
        assert_eq!(texts[0], texts[1]);
        texts[0].clone()
    })
}

#[test]
fn statements_that_may_follow_are_an_element_of_their_own() {
    let open = document_with_more("terraform_data.x.output", "", "true");
    assert!(open.contains(r#""Action": "s3:List""#), "{open}");
    assert!(
        open.contains(r#", "${dynamic blocks over terraform_data.x.output}" ]"#),
        "{open}"
    );
    let known = document_with_more(r#"["s3:Get"]"#, "", "true");
    assert!(
        known.contains(r#""Action": "s3:Get""#) && !known.contains('$'),
        "{known}"
    );
    // The plan knows better.
    let planned = r#""statement":[{"actions":["s3:List"]},{"actions":["s3:Put"]}],"#;
    let known = document_with_more("terraform_data.x.output", planned, "[]");
    assert!(
        known.contains(r#""Action": "s3:Put""#) && !known.contains('$'),
        "{known}"
    );
}

#[test]
fn nothing_is_said_where_nothing_is_unknown() {
    let plan = PLAN.replace("true", "false");
    common::with_plan(&plan, |plan| {
        let evaluation = evaluate(&layouts()[0], plan, &Limits::default());
        assert_eq!(evaluation.steps(), 0);
        let change = common::overlaid(plan, &evaluation, "aws_iam_policy.p");
        assert!(change.location.is_some() && change.attributes.iter().all(|(key, _)| key != "resolved"));
        assert!(matches!(change.after, Some(std::borrow::Cow::Borrowed(_))));
    });
}

#[test]
fn a_module_beside_the_root_is_found() {
    let files = [
        (
            "main.tf",
            "module \"a\" {\n  source = \"../shared/a\"\n}\noutput \"o\" {\n  value = module.a.x\n}\n",
        ),
        (
            "../shared/a/main.tf",
            "module \"b\" {\n  source = \"../b\"\n}\noutput \"x\" {\n  value = module.b.y\n}\n",
        ),
        ("../shared/b/main.tf", "output \"y\" {\n  value = \"found\"\n}\n"),
    ];
    let sources = Sources::new(
        files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned())),
    );
    common::with_plan(&common::plan_of_outputs(["o"], ""), |plan| {
        let evaluation = evaluate(&sources, plan, &Limits::default());
        assert_eq!(common::output(&evaluation, "o").as_deref(), Ok("\"found\""));
    });
    assert_eq!(
        sources
            .location("module.a.module.b.output.y")
            .map(|place| place.file.into_owned())
            .as_deref(),
        Some("../shared/b/main.tf")
    );
}

/// What is known to be inside of an output of this expression.
fn inside(expression: &str) -> Vec<(String, String)> {
    let sources = common::one_file(&format!("{DECLARED}\noutput \"o\" {{\n  value = {expression}\n}}\n"));
    common::with_plan(&common::plan_of_outputs(["o"], ""), |plan| {
        let evaluation = evaluate(&sources, plan, &Limits::default());
        let readable = |(path, text): &(String, String)| (path.clone(), symbol::readable(text).into_owned());
        evaluation.insides("output.o").iter().map(readable).collect()
    })
}

#[test]
fn what_is_known_of_an_encoded_text_is_kept() {
    for (expression, expected) in [
        (r#"base64encode("A=${var.text} P=p")"#, "A=${var.text} P=p"),
        (r#"base64gzip(format("A=%s P=%s", var.text, "p"))"#, "A=${var.text} P=p"),
        (
            r#"textencodebase64(join(" ", [var.text, "p"]), "UTF-8")"#,
            "${var.text} p",
        ),
        (
            r##"base64encode("#cloud-config\n${yamlencode({ a = ["x", var.text] })}")"##,
            "#cloud-config\n{\"a\":[\"x\",\"${var.text}\"]}",
        ),
        (
            r#"base64encode(replace("A=${var.text} P=@@", "@@", "p"))"#,
            "A=${var.text} P=p",
        ),
        (r#""x-${base64encode("p ${var.text}")}""#, "p ${var.text}"),
        (
            r#"[base64encode("p ${var.text}"), base64encode("q ${var.text}")]"#,
            "p ${var.text}\nq ${var.text}",
        ),
        (
            r#"{ a = base64encode("p ${var.text}"), b = sensitive(base64encode("s ${var.text}")) }"#,
            "p ${var.text}",
        ),
    ] {
        let found = inside(expression);
        assert_eq!(found, [(String::new(), expected.to_owned())], "{expression}");
    }
    for expression in [
        r#"base64encode("${var.secret} ${var.text}")"#,
        r#"sensitive(base64encode("p ${var.text}"))"#,
        r#"base64encode(replace("A=${var.text} P=@@", "@@", var.secret))"#,
        r#"sha256("p ${var.text}")"#,
        r#""p ${var.text}""#,
    ] {
        assert_eq!(inside(expression), [], "{expression}");
    }
}

#[test]
fn texts_of_one_name_are_not_taken_for_one_another() {
    let expression = r#"[base64encode("p ${var.text}"), base64encode("q ${var.text}"), base64encode("p ${var.text}")]"#;
    known(
        expression,
        r#"["${base64encode(var.text)}","${base64encode#2(var.text)}","${base64encode(var.text)}"]"#,
    );
}
