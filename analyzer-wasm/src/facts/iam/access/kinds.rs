//! Kinds of resources, and whether a pattern covers one of a kind that nobody names.
//!
//! A region or an account in a pattern does not make it narrow: most principals live in one of each.

use super::matching::leading_fields;
use crate::facts::iam::pattern::{Case, is_every_resource, matches};

/// A kind of AWS resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ResourceKind {
    /// Any resource of any service.
    Anything,
    Role,
    User,
    Group,
    ManagedPolicy,
    Object,
    Secret,
    Parameter,
    Key,
    Table,
    Function,
    Instance,
    DatabaseUser,
    Bucket,
    Database,
    DatabaseCluster,
    WarehouseUser,
    DirectoryGroup,
}

/// The service of the ARN, whether it has a region and an account, and what ends it.
struct Shape {
    service: &'static str,
    region: bool,
    account: bool,
    ends: &'static [&'static str],
}

const fn shape(service: &'static str, region: bool, account: bool, ends: &'static [&'static str]) -> Shape {
    Shape {
        service,
        region,
        account,
        ends,
    }
}

impl ResourceKind {
    fn shape(self) -> Shape {
        match self {
            Self::Anything => shape("qxzj", true, true, &["qxzj/jzxq"]),
            Self::Role => shape("iam", false, true, &["role/qxzj", "role/zj/kq/xjqz", "role/Jq.9"]),
            Self::User => shape("iam", false, true, &["user/qxzj", "user/zj/kq/xjqz", "user/Jq.9"]),
            Self::Group => shape("iam", false, true, &["group/qxzj", "group/zj/kq/xjqz", "group/Jq.9"]),
            Self::ManagedPolicy => shape("iam", false, true, &["policy/qxzj", "policy/zj/kq/xjqz", "policy/Jq.9"]),
            Self::Object => shape("s3", false, false, &["qxzj/jzxq", "zj.kq-9/zj/kq.x"]),
            Self::Secret => shape(
                "secretsmanager",
                true,
                true,
                &["secret:qxzj-Jzxq9k", "secret:zj/kq-XjqZ81"],
            ),
            Self::Parameter => shape("ssm", true, true, &["parameter/qxzj", "parameter/zj/kq/xjqz"]),
            Self::Key => shape(
                "kms",
                true,
                true,
                &["key/7f9a1c2e-qxzj-jzxq", "key/mrk-918273645546qxzj"],
            ),
            Self::Table => shape("dynamodb", true, true, &["table/qxzj", "table/zj.kq-9"]),
            Self::Function => shape("lambda", true, true, &["function:qxzj", "function:zj-kq_9"]),
            Self::Instance => shape("ec2", true, true, &["instance/i-qxzj81kq2v", "instance/i-0zj"]),
            Self::DatabaseUser => shape("rds-db", true, true, &["dbuser:db-QXZJ81/zj", "dbuser:cluster-KQ9/xj"]),
            Self::Bucket => shape("s3", false, false, &["qxzj", "zj.kq-9"]),
            Self::Database => shape("rds", true, true, &["db:qxzj", "db:zj-kq9"]),
            Self::DatabaseCluster => shape("rds", true, true, &["cluster:qxzj", "cluster:zj-kq9"]),
            Self::WarehouseUser => shape("redshift", true, true, &["dbuser:qxzj/zj", "dbuser:kq-9/xj"]),
            Self::DirectoryGroup => shape(
                "identitystore",
                false,
                false,
                &["group/7f9a1c2e-1f3b-4c5d-8e9f-qxzjqxzjqxzj", "group/91827364a5-qxzj"],
            ),
        }
    }
}

/// Whether a resource pattern covers all of a kind, not only those under a path, a prefix or a name.
pub(crate) fn covers_kind(pattern: &str, kind: ResourceKind) -> bool {
    if pattern == "*" {
        return true;
    }
    if kind == ResourceKind::Anything {
        return is_every_resource(pattern);
    }
    let shape = kind.shape();
    let own = leading_fields(pattern);
    let field = |index: usize| own.as_ref().and_then(|fields| fields.get(index)).copied();
    // What a pattern says literally of partition, region and account is where its holder lives.
    let take = |index: usize, default: &'static str| match field(index) {
        Some(text) if !text.is_empty() && !text.contains(['*', '?']) => text,
        _ => default,
    };
    let partition = take(1, "aws");
    let region = if shape.region { take(3, "qq-zone-9") } else { "" };
    let account = if shape.account { take(4, "918273645546") } else { "" };
    let service = shape.service;
    shape.ends.iter().all(|end| {
        let text = format!("arn:{partition}:{service}:{region}:{account}:{end}");
        matches(pattern, &text, Case::Exact)
    })
}

/// Whether a resource pattern covers all of a service.
pub(crate) fn covers_service(pattern: &str, service: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let own = leading_fields(pattern).unwrap_or_default();
    let take = |index: usize, default: &'static str| match own.get(index) {
        Some(text) if !text.contains(['*', '?']) => *text,
        _ => default,
    };
    let (partition, region, account) = (take(1, "aws"), take(3, "qq-zone-9"), take(4, "918273645546"));
    ["qxzj/jzxq", "zj-kq:xjqz"].iter().all(|end| {
        let text = format!("arn:{partition}:{service}:{region}:{account}:{end}");
        matches(pattern, &text, Case::Exact)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_kind() {
        use ResourceKind::{Key, Object, Parameter, Role, Secret};
        let account = nhi_plan::symbol::symbol("data.aws_caller_identity.current.account_id");
        let known_later = format!("arn:aws:iam::{account}:role/*");
        let yes = [
            (Role, "*"),
            (Role, "arn:aws:iam::*:role/*"),
            (Role, "arn:aws-cn:iam::123456789012:role/*"),
            (Role, "arn:*:iam::*:role*"),
            (Role, "arn:aws:iam::${aws:PrincipalAccount}:role/*"),
            (Role, "arn:aws:iam::&{AWS:principalaccount}:*"),
            (Role, &known_later),
            (Object, "arn:aws:s3:::*"),
            (Object, "arn:aws:s3:::*/*"),
            (Secret, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:*"),
            (Parameter, "arn:aws:ssm:*:*:parameter/*"),
            (Key, "arn:aws:kms:eu-west-1:123456789012:key/*"),
        ];
        for (kind, pattern) in yes {
            assert!(covers_kind(pattern, kind), "{pattern}");
        }
        let symbol = nhi_plan::symbol::symbol("aws_s3_bucket.b.arn");
        let bucket = format!("{symbol}/*");
        let no = [
            (Role, "arn:aws:iam::*:role/app-*"),
            (Role, "arn:aws:iam::*:role/service-role/*"),
            (Role, "arn:aws:iam::*:role/*-ci"),
            (Role, "arn:aws:iam::*:role/${aws:username}"),
            (Role, "arn:aws:iam::*:user/*"),
            (Role, ""),
            (Object, "arn:aws:s3:::logs/*"),
            (Object, &bucket),
            (Secret, "arn:aws:secretsmanager:*:*:secret:app/*"),
            (Parameter, "arn:aws:ssm:*:*:parameter/app/*"),
        ];
        for (kind, pattern) in no {
            assert!(!covers_kind(pattern, kind), "{pattern}");
        }
    }

    #[test]
    fn all_of_a_service() {
        for pattern in [
            "*",
            "arn:*",
            "arn:aws:sqs:*:*:*",
            "arn:aws:sqs:eu-west-1:123456789012:*",
        ] {
            assert!(covers_service(pattern, "sqs"), "{pattern}");
        }
        assert!(covers_service("arn:aws:s3:::*", "s3"));
        for pattern in ["arn:aws:sqs:*:*:jobs", "arn:aws:sqs:*:*:a*", "arn:aws:sns:*:*:*", "sqs"] {
            assert!(!covers_service(pattern, "sqs"), "{pattern}");
        }
    }
}
