//! Hostile input: nothing panics, overflows the stack, or takes more than its budget.

#![allow(
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

mod common;

use std::fmt::Write as _;

use nhi_evaluate::{Limits, Sources, evaluate, overlay};
use proptest::prelude::*;

/// Runs on a stack of the size that a thread gets by default.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(work)
        .expect("a thread");
    thread.join().expect("no panic");
}

fn output_of(source: &str) -> Result<String, String> {
    let sources = common::one_file(source);
    common::with_plan(&common::plan_of_outputs(["o"], ""), |plan| {
        common::output(&evaluate(&sources, plan, &Limits::default()), "o")
    })
}

fn fails_with(source: &str, reason: &str) {
    let found = output_of(source);
    assert!(found.as_ref().is_err_and(|found| found.contains(reason)), "{found:?}");
}

#[test]
fn cycles_end() {
    fails_with(
        "locals {\n a = local.b\n b = local.a\n}\noutput \"o\" {\n value = local.a\n}\n",
        "leads back to itself",
    );
    fails_with(
        "locals {\n a = [local.a]\n}\noutput \"o\" {\n value = local.a[0]\n}\n",
        "leads back to itself",
    );
    fails_with(
        "module \"m\" {\n source = \"./m\"\n x = module.m.y\n}\noutput \"o\" {\n value = module.m.y\n}\n",
        "not at hand",
    );
}

#[test]
fn a_text_that_no_plan_may_hold_stays_unknown() {
    fails_with("output \"o\" {\n value = [\"a\\u0000b\"]\n}\n", "NUL");
    fails_with("output \"o\" {\n value = { \"a\\u0000b\" = 1 }\n}\n", "NUL");
    // Six characters, and none of them is NUL.
    assert!(output_of("output \"o\" {\n value = \"a\\\\u0000b\"\n}\n").is_ok());
}

#[test]
fn a_module_that_calls_itself_ends() {
    let files = [
        (
            "main.tf",
            "module \"m\" {\n source = \"./m\"\n}\noutput \"o\" {\n value = module.m.deep\n}\n",
        ),
        (
            "m/main.tf",
            "module \"m\" {\n source = \"../m\"\n}\noutput \"deep\" {\n value = module.m.deep\n}\n",
        ),
    ];
    let sources = Sources::new(
        files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned())),
    );
    assert!(!sources.notes().is_empty());
    common::with_plan(&common::plan_of_outputs(["o"], ""), |plan| {
        assert!(common::output(&evaluate(&sources, plan, &Limits::default()), "o").is_err());
    });
}

#[test]
fn long_chains_of_names_cost_no_stack() {
    on_a_small_stack(|| {
        let mut source = String::from("locals {\n  a0 = \"x\"\n");
        for at in 1..1900 {
            writeln!(source, "  a{at} = \"${{local.a{}}}y\"", at - 1).unwrap();
        }
        source.push_str("}\noutput \"o\" {\n value = local.a1899\n}\n");
        // The names within reach are followed, the rest is a symbol.
        assert!(output_of(&source).is_ok_and(|text| text.contains("local.a1833")));
    });
}

#[test]
fn deep_nesting_costs_no_stack() {
    on_a_small_stack(|| {
        for (open, close) in [
            ("[", "]"),
            ("(", ")"),
            ("{ a = ", " }"),
            ("\"${", "}\""),
            ("upper(", ")"),
            ("!", ""),
        ] {
            for depth in [60, 63, 64, 65, 130, 5_000, 100_000] {
                let value = format!("{}null{}", open.repeat(depth), close.repeat(depth));
                let _ = output_of(&format!("output \"o\" {{\n  value = {value}\n}}\n"));
            }
        }
        let blocks = format!("{}{}", "a {\n".repeat(5_000), "}\n".repeat(5_000));
        let _ = output_of(&blocks);
        let operators = vec!["1"; 3_000].join(" + ");
        let _ = output_of(&format!("output \"o\" {{\n value = {operators}\n}}\n"));
        let _ = output_of(&format!("output \"o\" {{\n value = a{}\n}}\n", ".b".repeat(50_000)));
        let _ = output_of(&format!(
            "output \"o\" {{\n value = local.x{}\n}}\nlocals {{\n x = [] \n}}\n",
            "[*]".repeat(5_000)
        ));
    });
}

#[test]
fn every_kind_of_depth_together_costs_no_stack() {
    on_a_small_stack(|| {
        // As deep as the parser allows, in names that lead on from one to the next.
        let mut source = String::from("locals {\n  a0 = \"x\"\n");
        for at in 1..60 {
            let open = "try(upper([for x in [{ k = \"${";
            let close = "}\" }] : x.k][0]))";
            writeln!(
                source,
                "  a{at} = {}local.a{}{}",
                open.repeat(6),
                at - 1,
                close.repeat(6)
            )
            .unwrap();
        }
        source.push_str("}\noutput \"o\" {\n value = local.a59\n}\n");
        assert!(output_of(&source).is_err());
    });
}

#[test]
fn laughs_are_not_billions() {
    let mut texts = String::from("locals {\n  a0 = \"lol lol lol lol\"\n");
    let mut lists = String::from("locals {\n  b0 = [\"lol\"]\n");
    for at in 1..64 {
        writeln!(texts, "  a{at} = \"${{local.a{0}}}${{local.a{0}}}\"", at - 1).unwrap();
        writeln!(lists, "  b{at} = [local.b{0}, local.b{0}]", at - 1).unwrap();
    }
    for (source, last) in [
        (texts, "local.a63"),
        (lists.clone(), "jsonencode(local.b63)"),
        (lists, "flatten(local.b63)"),
    ] {
        let source = format!("{source}}}\noutput \"o\" {{\n value = {last}\n}}\n");
        let found = output_of(&source);
        assert!(
            found.as_ref().map_or(0, String::len) < 9 << 20,
            "{:?}",
            found.map(|text| text.len())
        );
    }
    for wide in [
        "range(100000000)",
        "format(\"%999999999d\", 1)",
        "join(\"\", [for a in range(90000) : join(\"\", [for b in range(90000) : \"x\"])])",
        "setproduct(range(1000), range(1000), range(1000))",
        "replace(join(\"\", range(50000)), \"\", join(\"\", range(50000)))",
        "[for a in range(90000) : [for b in range(90000) : [for c in range(90000) : c]]]",
    ] {
        let found = output_of(&format!("output \"o\" {{\n value = {wide}\n}}\n"));
        assert!(found.map_or(0, |text| text.len()) < 100, "{wide}");
    }
}

#[test]
fn many_choices_collapse() {
    let flags: String = (0..40).map(|at| format!("variable \"v{at}\" {{}}\n")).collect();
    let items: Vec<String> = (0..40).map(|at| format!("var.v{at} ? \"a{at}\" : \"b{at}\"")).collect();
    let source = format!(
        "{flags}output \"o\" {{\n value = jsonencode([{}])\n}}\n",
        items.join(", ")
    );
    let found = output_of(&source).expect("the list is known");
    assert!(found.contains("one of 2 values"), "{found}");
}

#[test]
fn large_files_and_objects_are_refused_in_time() {
    let items: String = (0..40_000).map(|at| format!("k{at} = {at}\n")).collect();
    let source = format!("locals {{\n a = {{\n{items}}}\n}}\noutput \"o\" {{\n value = \"ok\"\n}}\n");
    assert_eq!(output_of(&source).as_deref(), Ok("\"ok\""));
    let huge = format!("# {}\noutput \"o\" {{\n value = 1\n}}\n", "x".repeat(2 << 20));
    let sources = common::one_file(&huge);
    assert!(sources.notes()[0].contains("larger than"), "{:?}", sources.notes());
}

#[test]
fn one_bad_block_loses_only_itself() {
    let source =
        "locals {\n  a = \"kept\"\n}\n\nresource \"x\" \"y\" {\n  a = = 1\n}\n\noutput \"o\" {\n  value = local.a\n}\n";
    let sources = common::one_file(source);
    assert_eq!(sources.notes().len(), 1);
    assert!(sources.notes()[0].starts_with("main.tf:6:"), "{:?}", sources.notes());
    assert_eq!(output_of(source).as_deref(), Ok("\"kept\""));
}

#[test]
fn paths_do_not_leave_the_sources() {
    for path in [
        "../secret",
        "/etc/passwd",
        "a/../../secret",
        "c:/secret",
        "./../secret",
        "x\\u0000y",
    ] {
        let found = output_of(&format!("output \"o\" {{\n value = file(\"{path}\")\n}}\n"));
        assert!(
            found
                .as_ref()
                .is_err_and(|reason| reason.contains("not among the sources")),
            "{path}: {found:?}"
        );
    }
}

const PIECES: [&str; 40] = [
    "output \"o\" {\n value = ",
    "\n}\n",
    "locals {\n a = ",
    "}",
    "{",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "${",
    "%{ if ",
    "%{ endif }",
    "%{ for x in ",
    "%{ endfor ~}",
    "<<-EOT\n",
    "\nEOT\n",
    "<<EOT\nEOT\n",
    "local.a",
    "var.b",
    "each.value",
    "module.m.x",
    "[*]",
    ".*",
    "...",
    " ? ",
    " : ",
    "for x in ",
    "for k, v in ",
    " => ",
    " if ",
    "jsonencode(",
    "try(",
    "format(\"%s\", ",
    "merge(",
    "1e400",
    "\u{feff}",
    "\r\n",
    "\u{FDD0}a\u{FDD1}\u{FDD2}",
    "dynamic \"x\" {\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn random_text_never_panics(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60), rest in ".{0,40}") {
        let text = pieces.concat() + &rest;
        let json = format!("{{\"output\":{{\"o\":{{\"value\":{}}}}}}}", serde_json::to_string(&text).unwrap());
        let files = [("main.tf".to_owned(), text.clone()), ("x.tf.json".to_owned(), json), ("y.tf.json".to_owned(), text)];
        let sources = Sources::new(files.into_iter());
        let plan = common::plan_of_outputs(["o"], r#","variables":{"b":{"value":["x",{"y":null}]}}"#);
        common::with_plan(&plan, |plan| {
            let once = evaluate(&sources, plan, &Limits::default());
            let twice = evaluate(&sources, plan, &Limits::default());
            prop_assert_eq!(once.filled("output.o"), twice.filled("output.o"));
            prop_assert_eq!(once.outcomes("output.o"), twice.outcomes("output.o"));
            prop_assert_eq!(once.steps(), twice.steps());
            for mut block in plan.blocks() {
                overlay(&mut block, &once);
                if let Some(after) = &block.after {
                    prop_assert!(nhi_plan::json::parse(after).is_ok());
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn any_text_never_panics(text in "\\PC{0,300}") {
        let _ = common::one_file(&text);
    }
}

#[test]
fn what_looks_cheap_is_charged_for_what_it_costs() {
    let big = "locals {\n  text = join(\"\", [for x in range(60000) : \"0123456789012345678901234567890123456789\"])\n  list = [for x in range(60000) : [x]]\n}\n";
    for costly in [
        "[for x in range(90000) : length(local.text)]",
        "[for x in range(90000) : upper(local.text)]",
        "[for x in range(90000) : local.list == local.list]",
        "distinct(concat(local.list, local.list))",
        "toset(local.list)",
        "[for x in range(90000) : \"${local.text}\"]",
        "[for x in range(90000) : [local.text]]",
        "[for x in range(90000) : jsondecode(jsonencode(local.list))]",
        "[for x in range(90000) : setsubtract(local.list, local.list)]",
        "[for x in range(90000) : contains(local.list, local.list)]",
    ] {
        let start = std::time::Instant::now();
        let _ = output_of(&format!("{big}output \"o\" {{\n value = {costly}\n}}\n"));
        // Under load a debug build is slow; what is not charged for would take hours.
        assert!(start.elapsed().as_secs() < 60, "{costly}");
    }
}
