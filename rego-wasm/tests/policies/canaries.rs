//! Canaries: declared in metadata, part of the description, and tried by the build.

use nhi_rego::Policy;

use super::bundle;

fn policy(metadata: &str, rule: &str) -> Result<Vec<(String, String)>, String> {
    let text = format!(
        "package main\n\nimport rego.v1\n\n# METADATA\n# title: Public\n# custom:\n#   rule: TEAM001\n{metadata}{rule}\n"
    );
    let bundle = bundle(&[("policy/main.rego", &text)], &[], "");
    let policy = Policy::new(&bundle).map_err(|errors| errors.join("\n"))?;
    let canaries = policy.description().canaries.iter();
    Ok(canaries
        .map(|canary| (canary.rule.clone(), canary.change.clone()))
        .collect())
}

const CANARY: &str = "#   canary:\n#     type: aws_s3_bucket\n#     after: {acl: public-read}\n";
const ADDRESS: &str = "deny contains {\"msg\": \"public\", \"address\": r.address} if {\n\tsome r in input.resource_changes\n\tr.change.after.acl == \"public-read\"\n}";

#[test]
fn a_canary_is_part_of_what_the_module_says_of_itself() {
    let declared = policy(CANARY, ADDRESS).unwrap();
    let [(rule, change)] = declared.as_slice() else {
        panic!("{declared:?}")
    };
    assert_eq!(rule, "TEAM001");
    assert!(!change.contains('\n'), "a line is one line: {change}");
    let change = nhi_plan::line::decode(change).unwrap();
    assert_eq!(change.address, "aws_s3_bucket.canary");
    assert_eq!(change.after.as_deref(), Some(r#"{"acl": "public-read"}"#));
    assert_eq!(policy("", ADDRESS).unwrap(), [], "nobody has to declare one");
    // Alone with each block, the block is the one that is judged.
    let alone = format!("#   sharding: per-resource\n{CANARY}");
    let text = "deny contains \"public\" if input.resource_changes[_].change.after.acl == \"public-read\"";
    assert_eq!(policy(&alone, text).unwrap().len(), 1);
}

#[test]
fn a_canary_that_cannot_be_flagged_is_told_by_the_build() {
    let silent = "deny contains {\"msg\": \"no\", \"address\": r.address} if {\n\tsome r in input.resource_changes\n\tr.change.after.acl == \"private\"\n}";
    let nameless = "deny contains \"public\" if input.resource_changes[_].change.after.acl == \"public-read\"";
    let unsure = ADDRESS.replace("\"msg\"", "\"outcome\": \"unverified\", \"msg\"");
    let table = [
        (CANARY, silent, "`TEAM001` does not flag its canary"),
        (CANARY, nameless, "has to say the `address`"),
        (CANARY, unsure.as_str(), "`TEAM001` does not flag its canary"),
        ("#   canary: {after: {}}\n", ADDRESS, "the canary has no `type`"),
        ("#   canary: {type: \"a b\"}\n", ADDRESS, "is no resource type"),
        (
            "#   canary: {type: a_b, mode: output}\n",
            ADDRESS,
            "neither `managed` nor `data`",
        ),
        (
            "#   canary: {type: a_b, actions: [burn]}\n",
            ADDRESS,
            "the canary is no change",
        ),
    ];
    for (metadata, rule, wanted) in table {
        let error = policy(metadata, rule).unwrap_err();
        assert!(error.contains(wanted), "{metadata}: {error}");
    }
}
