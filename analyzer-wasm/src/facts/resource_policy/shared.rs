//! Permissions that are attributes and no documents: of functions, buses, layers, images and snapshots.

use nhi_plan::json::Value;
use nhi_plan::symbol;

use super::specs::Kind;
use super::{Ability, Public, Remark, Service};
use crate::facts::iam::condition::{Condition, Narrowing, Test, Use};
use crate::facts::paper::Placed;
use crate::facts::setting::{self, Is};
use crate::facts::{Block, cloud};

/// What the attributes of a block open.
pub(super) fn read(block: &Block<'_>) -> Vec<Placed<Remark>> {
    match block.change.resource_type.as_ref() {
        "aws_lambda_permission" | "awscc_lambda_permission" => function(block),
        "aws_lambda_function_url" => {
            let open = is(block, "authorization_type", "NONE");
            let how = "its URL asks nobody who they are";
            when(open, block, "authorization_type", Kind::Function, Ability::Read, how)
        }
        "aws_lambda_layer_version_permission" => {
            let narrow = !is_absent(block, "organization_id");
            let open = unless(narrow, is(block, "principal", "*"));
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
            let open = unless(narrow, is(block, "principal", "*"));
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
            let open = is(block, "group", "all");
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
            let path = "shared_accounts";
            let open = known_or_foreign(block, path, setting::holds(block, path, "all"));
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
            let all = accounts.is_some_and(|accounts| {
                accounts
                    .split(',')
                    .any(|account| account.trim().eq_ignore_ascii_case("all"))
            });
            let open = if all {
                Is::Yes
            } else {
                is(block, "permissions.account_ids", "all")
            };
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

/// Whether an attribute is this text. What a block of AWS gives is the name of something of its own.
fn is(block: &Block<'_>, path: &str, wanted: &str) -> Is {
    known_or_foreign(block, path, setting::text(block, path, wanted))
}

fn known_or_foreign(block: &Block<'_>, path: &str, found: Is) -> Is {
    unless(found == Is::Maybe && !is_foreign(block, path), found)
}

fn unless(not: bool, found: Is) -> Is {
    if not { Is::No } else { found }
}

/// Whether what an attribute rests on may be the choice of somebody: not only blocks of AWS.
fn is_foreign(block: &Block<'_>, path: &str) -> bool {
    let references = block.references(path);
    let own = |address: &String| {
        let name = cloud::type_of(address);
        name.strip_prefix("data.").unwrap_or(name).starts_with("aws_")
    };
    references.is_empty() || !references.iter().all(own)
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
    open: Is,
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
    let possible = open == Is::Maybe;
    let found = (open > Is::No).then(|| placed(block, path, possible, public));
    found.into_iter().collect()
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
            Is::Yes,
            block,
            "acl",
            Kind::Bucket,
            ability,
            "its access list names everybody",
        );
    }
    let lists = ["public-read", "public-read-write", "authenticated-read"];
    let later = lists.iter().map(|list| is(block, "acl", list)).max();
    if later == Some(Is::Maybe) {
        let how = "its access list may name everybody";
        return when(Is::Maybe, block, "acl", Kind::Bucket, Ability::Read, how);
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
            Is::Yes,
            block,
            "access_control_policy",
            Kind::Bucket,
            ability,
            "its access list names everybody",
        ),
        None => Vec::new(),
    }
}

/// Whether a principal may turn out to be everybody.
fn is_anybody(principal: &str) -> bool {
    let several = symbol::alternatives(principal);
    setting::is_symbol(principal)
        || several.len() > 1 && several.iter().any(|one| *one == "*" || setting::is_symbol(one))
}

/// A statement of a function's policy, as `aws_lambda_permission` spells it.
fn function(block: &Block<'_>) -> Vec<Placed<Remark>> {
    let named = block.string("principal").filter(|principal| !is_anybody(principal));
    let Some(principal) = named else {
        let vague =
            block.is_unknown("principal") && is_foreign(block, "principal") || block.string("principal").is_some();
        return when(
            if vague && !narrowing(block) { Is::Maybe } else { Is::No },
            block,
            "principal",
            Kind::Function,
            Ability::Write,
            "whom its permission names is not known",
        );
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
        return when(Is::Yes, block, "principal", Kind::Function, ability, how);
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
