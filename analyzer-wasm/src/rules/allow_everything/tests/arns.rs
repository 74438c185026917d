//! Attachments whose ARN is known in part.

use nhi_plan::symbol::{one_of, symbol};

use crate::rules::cases::{Case, cases, plan};

#[test]
fn cases_of_arns_known_in_part() {
    let chosen = symbol("terraform_data.x.output");
    let attached = |arn: &str| {
        plan(&[(
            "aws_iam_role_policy_attachment.a",
            &format!(r#"{{"role":"ci","policy_arn":{}}}"#, nhi_plan::json::quote(arn)),
        )])
    };
    let of = |resource_type: &str, member: &str| {
        let arn = format!("arn:aws:iam::aws:policy/{chosen}");
        plan(&[(
            &format!("{resource_type}.a"),
            &format!("{{{member}}}").replace("ARN", &arn),
        )])
    };
    let account = symbol("data.aws_caller_identity.current.account_id");
    let partition = symbol("data.aws_partition.current.partition");
    cases(&crate::rules::allow_everything::RULE)
        .flags(&[
            Case::unverified(
                "any policy of AWS",
                attached(&format!("arn:aws:iam::aws:policy/{chosen}")),
            ),
            Case::unverified(
                "any that ends so",
                attached(&format!("arn:aws:iam::aws:policy/{chosen}Access")),
            ),
            Case::unverified(
                "one of a few",
                attached(&format!("arn:aws:iam::aws:policy/Administrator{chosen}")),
            ),
            Case::unverified(
                "an account that is not known",
                attached(&format!("arn:aws:iam::{chosen}:policy/p")),
            ),
            Case::unverified(
                "what it begins with",
                attached(&format!("{chosen}/AdministratorAccess")),
            ),
            Case::unverified(
                "one of two, the other unknown",
                attached(&one_of([
                    format!("arn:aws:iam::aws:policy/{chosen}").as_str(),
                    "arn:aws:iam::aws:policy/ReadOnlyAccess",
                ])),
            ),
            Case::unverified(
                "of a user",
                of("aws_iam_user_policy_attachment", r#""user":"u","policy_arn":"ARN""#),
            ),
            Case::unverified(
                "of a group",
                of("aws_iam_group_policy_attachment", r#""group":"g","policy_arn":"ARN""#),
            ),
            Case::unverified(
                "of a role itself",
                of("aws_iam_role", r#""name":"r","managed_policy_arns":["ARN"]"#),
            ),
            Case::critical(
                "in any partition",
                attached(&format!("arn:{partition}:iam::aws:policy/AdministratorAccess")),
            ),
        ])
        .allows(&[
            Case::clean(
                "a role of a service",
                attached(&format!("arn:aws:iam::aws:policy/service-role/AmazonECS{chosen}")),
            ),
            Case::clean(
                "that reads",
                attached(&format!(
                    "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryRead{chosen}"
                )),
            ),
            Case::clean(
                "a policy of the account",
                attached(&format!("arn:aws:iam::{account}:policy/deploy")),
            ),
            Case::clean(
                "in any partition, and reads",
                attached(&format!("arn:{partition}:iam::aws:policy/ReadOnlyAccess")),
            ),
        ]);
}
