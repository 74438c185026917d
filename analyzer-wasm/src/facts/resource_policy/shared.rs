//! Permissions that are attributes and no documents: of functions, buses, layers, images and snapshots.

use nhi_plan::json::Value;

use super::specs::Kind;
use super::{Ability, Public, Remark, Service};
use crate::facts::Block;
use crate::facts::iam::condition::{Condition, Narrowing, Test, Use};
use crate::facts::paper::Placed;

/// What the attributes of a block open.
pub(super) fn read(block: &Block<'_>) -> Vec<Placed<Remark>> {
    match block.change.resource_type.as_ref() {
        "aws_lambda_permission" | "awscc_lambda_permission" => function(block),
        "aws_lambda_function_url" => {
            let open = block.string("authorization_type").is_some_and(|kind| kind == "NONE");
            let how = "its URL asks nobody who they are";
            when(open, block, "authorization_type", Kind::Function, Ability::Read, how)
        }
        "aws_lambda_layer_version_permission" => {
            let open = is_star(block, "principal") && is_absent(block, "organization_id");
            when(
                open,
                block,
                "principal",
                Kind::Layer,
                Ability::Read,
                "its permission names everybody",
            )
        }
        "aws_cloudwatch_event_permission" => {
            let condition = block.after().and_then(|after| after.get("condition"));
            let narrow = condition.is_some_and(|list| !list.is_empty()) || block.is_unknown("condition");
            let open = is_star(block, "principal") && !narrow;
            when(
                open,
                block,
                "principal",
                Kind::Bus,
                Ability::Write,
                "its permission names everybody",
            )
        }
        "aws_ami_launch_permission" => {
            let open = block.string("group").is_some_and(|group| group == "all");
            when(
                open,
                block,
                "group",
                Kind::Machine,
                Ability::Read,
                "its launch permission names everybody",
            )
        }
        "aws_db_snapshot"
        | "aws_db_cluster_snapshot"
        | "aws_db_snapshot_copy"
        | "aws_rds_cluster_snapshot_copy"
        | "aws_neptune_cluster_snapshot"
        | "aws_docdb_cluster_snapshot" => {
            let accounts = block.after().and_then(|after| after.get("shared_accounts"));
            let open = accounts.is_some_and(|list| {
                list.elements()
                    .any(|account| account.as_str().as_deref() == Some("all"))
            });
            when(
                open,
                block,
                "shared_accounts",
                Kind::Snapshot,
                Ability::Write,
                "it is shared with all accounts",
            )
        }
        "aws_ssm_document" => {
            let accounts = block
                .after()
                .and_then(|after| after.get("permissions")?.get("account_ids")?.as_str());
            let open = accounts.is_some_and(|accounts| {
                accounts
                    .split(',')
                    .any(|account| account.trim().eq_ignore_ascii_case("all"))
            });
            when(
                open,
                block,
                "permissions",
                Kind::Document,
                Ability::Read,
                "the document is shared with all accounts",
            )
        }
        "aws_s3_bucket" | "aws_s3_bucket_acl" | "aws_s3_object" | "aws_s3_bucket_object" => acl(block),
        _ => Vec::new(),
    }
}

fn is_star(block: &Block<'_>, attribute: &str) -> bool {
    block.string(attribute).is_some_and(|value| value == "*")
}

fn is_absent(block: &Block<'_>, attribute: &str) -> bool {
    block.string(attribute).is_none_or(|value| value.is_empty()) && !block.is_unknown(attribute)
}

fn placed(block: &Block<'_>, path: &str, possible: bool, remark: Remark) -> Placed<Remark> {
    Placed {
        address: block.change.address.to_string(),
        path: path.to_owned(),
        statement: String::new(),
        document: None,
        evidence: "planned",
        possible,
        remark,
    }
}

fn when(
    open: bool,
    block: &Block<'_>,
    path: &str,
    kind: Kind,
    ability: Ability,
    how: &'static str,
) -> Vec<Placed<Remark>> {
    let public = Remark::Public(Public {
        kind,
        ability,
        weak: false,
        shut: None,
        how,
    });
    open.then(|| placed(block, path, false, public)).into_iter().collect()
}

fn acl(block: &Block<'_>) -> Vec<Placed<Remark>> {
    let canned = block.string("acl");
    let found = match canned.as_deref() {
        Some("public-read" | "authenticated-read") => Some(Ability::Read),
        Some("public-read-write") => Some(Ability::Write),
        _ => None,
    };
    if let Some(ability) = found {
        return when(
            true,
            block,
            "acl",
            Kind::Bucket,
            ability,
            "its access list names everybody",
        );
    }
    let policies = block.after().and_then(|after| after.get("access_control_policy"));
    let grants = policies
        .into_iter()
        .flat_map(Value::elements)
        .filter_map(|policy| policy.get("grant"));
    let open = grants.flat_map(Value::elements).filter_map(|grant| {
        let grantee = grant.get("grantee")?.index(0)?;
        let uri = grantee.get("uri")?.as_str()?;
        let public = uri.ends_with("/global/AllUsers") || uri.ends_with("/global/AuthenticatedUsers");
        let permission = grant.get("permission")?.as_str()?;
        let reads = matches!(&*permission, "READ" | "READ_ACP");
        public.then_some(if reads { Ability::Read } else { Ability::Write })
    });
    match open.max() {
        Some(ability) => when(
            true,
            block,
            "access_control_policy",
            Kind::Bucket,
            ability,
            "its access list names everybody",
        ),
        None => Vec::new(),
    }
}

/// A statement of a function's policy, as `aws_lambda_permission` spells it.
fn function(block: &Block<'_>) -> Vec<Placed<Remark>> {
    let Some(principal) = block.string("principal") else {
        let hidden = block.is_unknown("principal") && !narrowing(block);
        let mut found = when(
            hidden,
            block,
            "principal",
            Kind::Function,
            Ability::Write,
            "whom its permission names is not known",
        );
        for placed in &mut found {
            placed.possible = true;
        }
        return found;
    };
    let administers = block
        .string("action")
        .is_some_and(|action| action == "*" || action == "lambda:*");
    let narrowed = narrowing(block);
    if principal == "*" {
        if narrowed {
            return Vec::new();
        }
        let by_url = block
            .string("function_url_auth_type")
            .is_some_and(|kind| kind == "NONE");
        let (ability, how) = match (administers, by_url) {
            (true, _) => (Ability::Administer, "its permission names everybody"),
            (false, true) => (Ability::Read, "its permission opens the URL to everybody"),
            (false, false) => (Ability::Write, "its permission names everybody"),
        };
        return when(true, block, "principal", Kind::Function, ability, how);
    }
    let is_service = principal.contains(".amazonaws.com") || principal.contains(".amazon.com");
    let token = !is_absent(block, "event_source_token");
    if !is_service || narrowed || token {
        return Vec::new();
    }
    let service = Remark::Service(Service {
        kind: Kind::Function,
        name: principal,
        ability: if administers {
            Ability::Administer
        } else {
            Ability::Write
        },
        hands_over: false,
    });
    vec![placed(block, "source_arn", false, service)]
}

/// Whether the attributes that take the place of a condition exclude strangers.
fn narrowing(block: &Block<'_>) -> bool {
    let test = |attribute: &str, operator: &str, key: &str| -> Option<Test> {
        if is_absent(block, attribute) {
            return None;
        }
        Some(Test {
            operator: operator.to_owned(),
            key: key.to_owned(),
            values: vec![block.string(attribute)],
        })
    };
    let tests = [
        test("source_arn", "ArnLike", "aws:SourceArn"),
        test("source_account", "StringEquals", "aws:SourceAccount"),
        test("principal_org_id", "StringEquals", "aws:PrincipalOrgID"),
    ];
    let condition = Condition {
        tests: tests.into_iter().flatten().collect(),
        unknown: false,
    };
    condition.narrowing(Use::Resource) == Narrowing::Strong
}
