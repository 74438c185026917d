//! What a rule must flag whatever the settings say, as its metadata declares it: `custom.canary`.
//!
//! The host mixes it into every run at an address of its own. Here it is tried once, so that a rule that cannot flag it,
//! such as one that names no block, is told by the build and not by a pipeline.

use nhi_policy_sdk::{Canary, Context, Findings, Outcome};
use regorus::Value;

use crate::bundle::string;
use crate::policy::Policy;
use crate::problem::Problem;
use crate::session::Judge;

/// A moment at which nothing has expired: the trial only asks whether the rule speaks.
const NOW: &str = "2026-01-01T00:00:00Z";

/// The change that a block of metadata declares, as a line of JSON; nothing, and a problem, where it cannot be used.
pub(crate) fn read(custom: &Value, place: &str, problems: &mut Vec<Problem>) -> Option<String> {
    let canary = custom.as_object().ok()?.get(&Value::from("canary"))?;
    let mut refuse = |message: &str| {
        let help = "write `canary: {type: aws_s3_bucket, after: {acl: public-read}}`, with what the rule must flag";
        problems.push(Problem::new(place, message, help));
    };
    let Some(resource_type) = string(canary, "type") else {
        refuse("the canary has no `type`");
        return None;
    };
    let is_type = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if resource_type.is_empty() || !resource_type.bytes().all(is_type) {
        refuse("the `type` of the canary is no resource type");
        return None;
    }
    let value = |name: &str| canary.as_object().ok()?.get(&Value::from(name)).cloned();
    let mode = match string(canary, "mode") {
        None => "managed".to_owned(),
        Some(mode) if mode == "managed" || mode == "data" => mode,
        Some(_) => {
            refuse("the `mode` of the canary is neither `managed` nor `data`");
            return None;
        }
    };
    let actions = value("actions").unwrap_or_else(|| Value::from(vec![Value::from("create")]));
    let mut line = format!(
        "{{\"address\":\"{resource_type}.canary\",\"config_address\":\"{resource_type}.canary\",\"resource_type\":\
         \"{resource_type}\",\"provider\":\"\",\"module_address\":\"\",\"mode\":\"{mode}\",\"actions\":{},",
        flat(&actions)?
    );
    for name in ["before", "after"] {
        if let Some(value) = value(name) {
            for part in ["\"", name, "\":", &flat(&value)?, ","] {
                line.push_str(part);
            }
        }
    }
    line.push_str("\"unknown_paths\":[],\"sensitive_paths\":[],\"references\":[],\"attributes\":[]}");
    if let Err(error) = nhi_plan::line::decode(&line) {
        refuse(&format!("the canary is no change: {error}"));
        return None;
    }
    Some(line)
}

/// A value on one line: what ends a line of JSON only ever stands between its parts.
fn flat(value: &Value) -> Option<String> {
    let text = value.to_json_str().ok()?;
    Some(text.lines().map(str::trim_start).collect())
}

/// Judges each canary alone, with the settings that nobody has set. A module that needs settings is tried by its runs.
pub(crate) fn trial(policy: &Policy) -> Vec<Problem> {
    let canaries = policy.description.canaries.iter();
    canaries.filter_map(|canary| unflagged(policy, canary)).collect()
}

fn unflagged(policy: &Policy, canary: &Canary) -> Option<Problem> {
    let context = Context {
        now: NOW.to_owned(),
        format_version: "1.2".to_owned(),
        terraform_version: "1.11.4".to_owned(),
        ..Context::default()
    };
    let change = nhi_plan::line::decode(&canary.change).ok()?;
    let mut judge = Judge::open(policy.again(), "{}", &context).ok()?;
    let mut findings = Findings::default();
    let judged = judge
        .check(&change, &mut findings)
        .and_then(|()| judge.finish(&mut findings));
    let message = match judged {
        Err(why) => format!("the rule `{}` cannot judge its canary: {why}", canary.rule),
        Ok(()) => {
            let mut told = findings
                .into_vec()
                .into_iter()
                .filter(|finding| finding.rule == canary.rule);
            if told.any(|finding| finding.address == change.address && finding.outcome == Outcome::Violation) {
                return None;
            }
            format!("the rule `{}` does not flag its canary", canary.rule)
        }
    };
    let help = "correct the rule or the canary; a rule that sees the whole plan has to say the `address` of its block";
    Some(Problem::new(
        format!("policy, `{}.canary`", change.resource_type),
        message,
        help,
    ))
}
