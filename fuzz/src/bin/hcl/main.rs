//! HCL evaluation: any configuration beside a plan that is always the same, down to the changes that it fills in.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use nhi_evaluate::{Limits, Sources, evaluate, overlay};
use nhi_plan::{Plan, json, symbol};

/// Unknown attributes of every kind of address, and nothing that would take longer to read than to evaluate.
const PLAN: &str = include_str!("plan.json");
const MODULE: &str = include_str!("../../../../crates/evaluate/tests/apply/mod/main.tf");

const SNIPPETS: &[&str] = &[
    "locals {\n  x = 1\n}\n",
    "variable \"v\" {\n  default = [\"a\", \"b\"]\n}\n",
    "resource \"terraform_data\" \"object\" {\n  input = { a = terraform_data.u.id }\n}\n",
    "output \"o\" {\n  value = local.x\n}\n",
    "module \"m\" {\n  source = \"./mod\"\n  count = 2\n}\n",
    "data \"aws_iam_policy_document\" \"d\" {\n  statement {\n    actions = [\"s3:*\"]\n  }\n}\n",
    "dynamic \"statement\" {\n  for_each = [1, 2]\n  content {\n    sid = statement.value\n  }\n}\n",
    "terraform_data.u.id",
    "(terraform_data.u.id == \"\" ? \"a\" : \"b\")",
    "(terraform_data.u.output == 1 ? \"c\" : terraform_data.u.id)",
    "terraform_data.t[\"list\"].output[*].id",
    "[for k, v in local.x : \"${k}${v}\"]",
    "{ for k, v in local.x : v => k... }",
    "jsonencode({ a = ",
    "jsondecode(",
    "templatefile(\"t.tftpl\", { x = 1 })",
    "format(\"%s-%05.2f%%\", local.x, 1)",
    "\"%{ for x in local.x ~}${x}%{ endfor }\"",
    "\"%{ if local.x }a%{ else }b%{ endif }\"",
    "<<-EOT\n    a ${local.x}\n  EOT\n",
    "merge({}, local.x, { a = 1 })",
    "flatten([[local.x], [[]]])",
    "setproduct([1, 2], local.x)",
    "replace(\"a\", \"/(.)/\", \"$1$1\")",
    "substr(\"äöü\", 1, -1)",
    "range(0, 1000, 3)",
    "cidrsubnet(\"10.0.0.0/8\", 8, 2)",
    "try(local.x.y[0], null)",
    "lookup(local.x, \"a\", \"b\")",
    "each.value",
    "count.index",
    "var.v",
    "local.x",
    "[\"a\", \"b\"][1]",
    "-1 % 0",
    "1 / 0",
    "9223372036854775808 * 1e308",
    "!true && false",
    "\"${",
    "}\"",
    "{",
    "}",
    "\n",
];

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    nhi_fuzz::splice(data, size, max_size, seed, SNIPPETS)
});

static READ: LazyLock<Plan<'static>> =
    LazyLock::new(|| nhi_plan::read(PLAN, &nhi_plan::Limits::default()).expect("the plan of a test"));

/// What cannot be read is worth coming back to only while it is short.
const REFUSED_BYTES_MAX: usize = 64;

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else {
        return Corpus::Reject;
    };
    let files = [
        ("main.tf", text),
        ("mod/main.tf", MODULE),
        ("t.tftpl", "%{ if x }${x}%{ endif }"),
    ];
    let sources = Sources::new(files.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())));
    let limits = Limits {
        steps: 10_000,
        steps_total: 100_000,
        output_bytes: 1 << 16,
        work_bytes_total: 8 << 20,
        ..Limits::default()
    };
    let evaluation = evaluate(&sources, &READ, &limits);
    for mut change in READ.blocks() {
        overlay(&mut change, &evaluation);
        let Some(after) = &change.after else { continue };
        let document = json::parse(after);
        assert!(document.is_ok(), "what was filled in is no JSON: {after}");
        if let Ok(document) = document {
            document.root().walk_leaves(|_, leaf| {
                if let Some(text) = leaf.as_str() {
                    planted(&text);
                }
            });
        }
    }
    let keeps = sources.notes().is_empty() || data.len() <= REFUSED_BYTES_MAX;
    if keeps { Corpus::Keep } else { Corpus::Reject }
});

/// The planted defect: nothing ever has more than so many alternatives.
fn planted(text: &str) {
    if !cfg!(feature = "planted") {
        return;
    }
    let mut longest = [0; 3];
    for (at, alternative) in symbol::alternatives(text).iter().enumerate() {
        longest[at] = alternative.len();
    }
}
