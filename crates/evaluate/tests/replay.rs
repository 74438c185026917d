//! Replay: what a real plan knows already, worked out again from its configuration, is the same.
//!
//! The plan was made by terraform 1.11.4 and the AWS provider 5.100.0; `tests/replay/record.sh` makes it anew.

#![allow(
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

mod common;

use nhi_evaluate::{Limits, Sources, replay};
use serde_json::Value;

fn plan() -> String {
    let packed = std::fs::read(common::data("replay/plan.json.z")).expect("the recorded plan");
    let text = miniz_oxide::inflate::decompress_to_vec_zlib(&packed).expect("deflated");
    String::from_utf8(text).expect("UTF-8")
}

/// A text that holds JSON, as JSON.
fn inner(text: &str) -> Option<Value> {
    serde_json::from_str(&serde_json::from_str::<String>(text).ok()?).ok()
}

#[test]
fn what_the_plan_knows_follows_from_the_configuration() {
    let sources = Sources::new(common::files("replay").into_iter());
    assert_eq!(sources.notes(), [] as [&str; 0]);
    let all = common::with_plan(&plan(), |plan| replay(&sources, plan, &Limits::default()));
    let documents = all
        .iter()
        .filter(|one| one.address.contains("data.aws_iam_policy_document"));
    assert!(documents.count() > 3000, "most documents were not even tried");
    let wrong: Vec<_> = all
        .iter()
        .filter(|one| {
            let Ok(evaluated) = &one.evaluated else { return true };
            // The provider writes the policies of resources anew, so that only what they say can be compared.
            let rewritten = !one.address.contains("data.") && matches!(&*one.name, "policy" | "assume_role_policy");
            let same = rewritten && inner(evaluated).is_some() && inner(evaluated) == inner(&one.planned);
            *evaluated != one.planned && !same
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} differ: {:#?}",
        wrong.len(),
        all.len(),
        wrong.first()
    );
}
