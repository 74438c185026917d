//! What a symbol may turn out to be: the name of something that the plan or AWS makes, or text of anybody's choosing.

use std::collections::BTreeSet;

use nhi_plan::symbol;

use super::condition::{Condition, Narrowing, Test, Use};
use super::document::Document;
use crate::facts::Block;

pub(crate) use crate::facts::trust::accounts::block_of;

/// Blocks whose attributes hold whatever somebody put there.
const FREE: [&str; 14] = [
    "aws_appconfig_configuration_profile",
    "aws_cloudformation_export",
    "aws_cloudformation_stack",
    "aws_dynamodb_table_item",
    "aws_kms_secrets",
    "aws_lambda_invocation",
    "aws_s3_bucket_object",
    "aws_s3_object",
    "aws_secretsmanager_random_password",
    "aws_secretsmanager_secret_version",
    "aws_ssm_parameter",
    "aws_ssm_parameters_by_path",
    "random_password",
    "random_shuffle",
];

/// Whether every origin that a symbol names is a name that AWS or a generator makes: it is no wildcard.
pub(crate) fn cannot_be_chosen(origins: &str) -> bool {
    // The account and partition that the plan works in.
    if matches!(origins, "account" | "partition" | "region") {
        return true;
    }
    let mut all = origins.split_whitespace().peekable();
    all.peek().is_some() && all.all(is_made)
}

fn is_made(origin: &str) -> bool {
    let block = block_of(origin);
    let plain = crate::facts::without_indices(origin);
    let attribute = plain.strip_prefix(&*block).and_then(|rest| rest.strip_prefix('.'));
    let ends = |attribute: &str, ends: &[&str]| ends.iter().any(|end| attribute.ends_with(end));
    let mut parts = block.rsplit('.').skip(1);
    let Some(kind) = parts.next() else { return false };
    let names = ["arn", "arns", "id", "ids", "name", "partition", "region"];
    if kind.starts_with("random_") {
        return !FREE.contains(&kind);
    }
    // Its own arguments, where nothing says what they lead to.
    if kind == "aws_iam_policy_document" {
        return true;
    }
    if kind.starts_with("aws_") || kind.starts_with("awscc_") {
        return match attribute {
            Some(attribute) => ends(attribute, &names) && (!FREE.contains(&kind) || ends(attribute, &["arn"])),
            None => !FREE.contains(&kind),
        };
    }
    // Another provider that says which role of AWS it uses.
    kind.contains('_') && attribute.is_some_and(|attribute| !attribute.contains('.') && ends(attribute, &["_arn"]))
}

/// The text with a wildcard for every symbol that anybody may have chosen; `None` where there is none.
pub(crate) fn at_worst(text: &str) -> Option<String> {
    if !symbol::has_symbols(text) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut is_chosen = false;
    for part in symbol::parts(text) {
        match part {
            symbol::Part::Text(text) => out.push_str(text),
            symbol::Part::Symbol(origin) if cannot_be_chosen(origin) => out.push_str(&symbol::symbol(origin)),
            symbol::Part::Symbol(_) => {
                is_chosen = true;
                out.push('*');
            }
        }
    }
    is_chosen.then_some(out)
}

impl Condition {
    /// What the condition of an `Allow` takes away where every text of somebody's choosing is a wildcard.
    pub(crate) fn narrowing_at_worst(&self, place: Use) -> Narrowing {
        let worth = |test: &Test| {
            let worst = |value: &Option<String>| value.as_deref().and_then(at_worst);
            if !test.values.iter().any(|value| worst(value).is_some()) {
                return self.worth(test, place);
            }
            let values = test.values.iter().map(|value| worst(value).or_else(|| value.clone()));
            let test = Test {
                operator: test.operator.clone(),
                key: test.key.clone(),
                values: values.collect(),
            };
            self.worth(&test, place)
        };
        self.tests.iter().map(worth).max().unwrap_or(Narrowing::None)
    }
}

/// Names what values of conditions lead to, where they are not known yet and may be of anybody's choosing.
pub(super) fn lead(document: &mut Document, block: &Block<'_>) {
    for (index, statement) in document.statements.iter_mut().enumerate() {
        let unknown = statement.condition.tests.iter_mut().flat_map(|test| &mut test.values);
        let unknown: Vec<_> = unknown.filter(|value| value.is_none()).collect();
        if unknown.is_empty() {
            continue;
        }
        let inside = format!("statement[{index}].condition");
        let references = block.change.references.iter().filter(|reference| {
            reference.path.starts_with(inside.as_str())
                || matches!(&*reference.path, "statement.condition.values" | "statement.condition")
        });
        let origins: BTreeSet<&str> = references.flat_map(|one| &one.addresses).map(|one| &**one).collect();
        let origins = origins.into_iter().collect::<Vec<_>>().join(" ");
        if origins.is_empty() || cannot_be_chosen(&origins) {
            continue;
        }
        for value in unknown {
            *value = Some(symbol::symbol(&origins));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts() {
        for made in [
            "aws_iam_role.r",
            "aws_iam_role.r.arn",
            r#"module.m["a.b"].aws_iam_role.r[0].arn"#,
            "aws_iam_role.r aws_iam_user.u",
            "data.aws_caller_identity.current.account_id",
            "data.aws_organizations_organization.o.id",
            "aws_cloudfront_distribution.c.arn",
            "aws_sns_topic.t.arn",
            "aws_ssm_parameter.p.arn",
            "random_id.x.hex",
            "snowflake_storage_integration.s.storage_aws_iam_user_arn",
        ] {
            assert!(cannot_be_chosen(made), "{made}");
        }
        for chosen in [
            "",
            "terraform_data.x",
            "terraform_data.x.output",
            "terraform_data.x.output.role_arn",
            "data.external.x.result.role_arn",
            "data.terraform_remote_state.s.outputs.role_arn",
            "data.aws_ssm_parameter.p.value",
            "data.aws_ssm_parameter.p",
            "aws_iam_role.r terraform_data.x",
            "module.m.role_arn",
            "var.who",
            "random_password.p.result",
        ] {
            assert!(!cannot_be_chosen(chosen), "{chosen}");
        }
    }

    #[test]
    fn worst_cases() {
        let made = symbol::symbol("aws_sns_topic.t.arn");
        let chosen = symbol::symbol("terraform_data.x.output");
        assert_eq!(at_worst("o-abc"), None);
        assert_eq!(at_worst(&made), None);
        assert_eq!(at_worst(&chosen).as_deref(), Some("*"));
        assert_eq!(at_worst(&format!("{made}{chosen}")), Some(format!("{made}*")));
    }
}
