//! Flags resources that anyone may use by their own policy.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::allow_everything::rests_on;
use crate::facts::Facts;
use crate::facts::resource_policy::specs::Kind;
use crate::facts::resource_policy::{Ability, Public, Remark, Why};
use crate::rule::{Check, Group, Rule};

/// A resource that is open to anyone.
pub(super) static RULE: Rule = Rule {
    code: "NHI036",
    name: "public-resource-policy",
    group: Group::Privilege,
    severity: Severity::Critical,
    since: "0.1.0",
    summary: "a resource is open to anyone by its own policy",
    why: "everybody with an AWS account, and for some resources everybody on the internet, can use what the policy opens, without any right of yours",
    controls: &[
        "NHI5:2025",
        "NHI6:2025",
        "CWE-284",
        "CWE-732",
        "AC-3",
        "AC-22",
        "PR.AA-05",
        "CC6.1",
        "A.5.15",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags a policy of a bucket, queue, topic, key, secret, function, image repository, file system, search domain, event bus, table, stream, vault and two dozen more kinds of resource that allows something to everybody, and no condition excludes strangers.
An organisation, an account, a principal, a source, a VPC or one of its endpoints excludes them; a protocol, a tag, and what every caller may write into a request (user agent, referrer) do not.
A `Deny` for everybody outside such a bound takes back what an `Allow` gives.
It also sees permissions that are attributes: `aws_lambda_permission`, function URLs, layers, event buses, launch permissions of images, shared snapshots and documents, access lists of buckets.

| what anyone may do | severity |
|---|---|
| change what is in it, do everything with it, or change who may: buckets, keys, databases and tables, images, snapshots, search domains | critical |
| do everything with a queue, topic, event bus, function or another resource, or change who may | critical |
| anything but look at a secret | critical |
| send to, receive from or call a queue, topic, event bus, function, sender identity or another resource | high |
| read data, launch a machine image, encrypt with a key | high |
| do everything with a log destination or sender identity | high |
| read objects of a bucket or media container, which websites do on purpose, or read about a function | medium |
| use a file system, document, layer or log destination; look at a secret or an image repository | medium |
| look at anything else, or use a service network | low |

A range of addresses, a time, or a service that has to be gone through makes critical medium, and everything else low.
Where a public access block in the plan closes the bucket, or users of a search domain must log in, it is for information.

## Why is this bad?

Names of buckets, queues and keys appear in logs, web pages and code.
Whoever knows one can use the resource, and nothing in your own accounts shows that they may.

## Example

```terraform
resource "aws_sqs_queue_policy" "orders" {
  queue_url = aws_sqs_queue.orders.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sqs:SendMessage", Principal = "*", Resource = aws_sqs_queue.orders.arn }]
  })
}
```

## Use instead

```terraform
resource "aws_sqs_queue_policy" "orders" {
  queue_url = aws_sqs_queue.orders.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sqs:SendMessage"
      Principal = { Service = "sns.amazonaws.com" }
      Resource  = aws_sqs_queue.orders.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_sns_topic.orders.arn } }
    }]
  })
}
```

## Known limits

- API Gateway and VPC endpoints are left out: their policies name everybody as a rule.
- A public access block of the account that is not in the plan is not seen.
- Policies of IoT, of Lambda functions under CloudFormation, and of resources under other providers than `aws` and `awscc` are not read.

## References

- [IAM: identity-based and resource-based policies](https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html)
- [Amazon S3: the meaning of public](https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status)
- [CWE-732: Incorrect Permission Assignment for Critical Resource](https://cwe.mitre.org/data/definitions/732.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for placed in &facts.resources {
        match &placed.remark {
            Remark::Public(public) => {
                let severity = weigh(public);
                out.push(placed.finding(&RULE, severity, &message(public), remediation(public)));
            }
            Remark::Unreadable { word, why } => {
                let (reason, remediation) = match why {
                    Why::Unknown(blocks) => (
                        format!("is known only after apply{}", rests_on(blocks)),
                        "build the document with an `aws_iam_policy_document` data source: its statements can be read before apply",
                    ),
                    Why::Broken => (
                        String::from("is not a JSON policy document"),
                        "write the document with `jsonencode` or an `aws_iam_policy_document` data source",
                    ),
                };
                let finding = RULE
                    .finding(&placed.address, &placed.path)
                    .message(format!(
                        "the policy of this {word} {reason}, so whether it is open to anyone cannot be told"
                    ))
                    .remediation(remediation);
                out.push(finding.unverified());
            }
            Remark::Service(_) => {}
        }
    }
}

/// How bad it is that anyone can do this with such a resource.
fn base(kind: Kind, ability: Ability) -> Severity {
    use Ability::{Administer, Look, Read, Write};
    match (kind, ability) {
        (Kind::Document | Kind::FileSystem | Kind::Layer, _)
        | (Kind::LogGroup, Look | Read | Write)
        | (Kind::Secret | Kind::Image, Look)
        | (Kind::Bucket | Kind::Media | Kind::Function, Read) => Severity::Medium,
        (Kind::Mesh, _) | (_, Look) => Severity::Low,
        (Kind::Secret, _) => Severity::Critical,
        (Kind::Queue | Kind::Topic | Kind::Bus | Kind::Function | Kind::Sender | Kind::Other, Read | Write) => {
            Severity::High
        }
        (Kind::LogGroup | Kind::Sender, Administer) | (_, Read) => Severity::High,
        (_, Write | Administer) => Severity::Critical,
    }
}

fn weigh(public: &Public) -> Severity {
    if public.shut.is_some() {
        return Severity::Info;
    }
    let base = base(public.kind, public.ability);
    match base {
        Severity::Critical if public.weak => Severity::Medium,
        _ if public.weak => Severity::Low,
        base => base,
    }
}

fn message(public: &Public) -> String {
    let word = public.kind.word();
    let verb = match (public.ability, public.kind) {
        (Ability::Look, _) => "look at",
        (Ability::Read | Ability::Write, Kind::Function) => "call",
        (Ability::Read, Kind::Machine) => "launch",
        (Ability::Read, Kind::Key) => "encrypt with",
        (Ability::Write, Kind::Key) => "decrypt or sign with",
        (Ability::Read, _) => "read from",
        (Ability::Write, Kind::Snapshot) => "copy",
        (Ability::Write, _) => "use or change",
        (Ability::Administer, _) => "do everything with",
    };
    let mut text = format!("anyone may {verb} this {word}");
    if public.weak {
        text.push_str(", from some addresses or through some service");
    }
    for more in [public.how, public.shut.unwrap_or_default()] {
        if !more.is_empty() {
            text.push_str(": ");
            text.push_str(more);
        }
    }
    text
}

fn remediation(public: &Public) -> &'static str {
    match (public.kind, public.ability) {
        (Kind::Bucket, Ability::Read) => {
            "serve the objects through CloudFront with origin access control, or name who reads them"
        }
        (Kind::Function, _) if public.how.contains("URL") => {
            "set `authorization_type` to `AWS_IAM`, or put something in front of the function that knows its callers"
        }
        (Kind::Snapshot | Kind::Machine, _) => "share it with the accounts that need it, by their numbers",
        _ => "name the principals that need it, or require your organisation with `aws:PrincipalOrgID`",
    }
}

#[cfg(test)]
mod chosen;

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, doc, plan};

    fn on(resource_type: &str, attribute: &str, statements: &str) -> Plan {
        plan(&[(
            &format!("{resource_type}.x"),
            &format!(r#"{{"bucket":"b","{attribute}":{}}}"#, doc(statements)),
        )])
    }

    /// Everybody may do this, under this condition.
    fn open(action: &str, condition: &str) -> String {
        format!(r#"{{"Effect":"Allow","Principal":"*","Action":{action},"Resource":"*","Condition":{{{condition}}}}}"#)
    }

    fn bucket(action: &str, condition: &str) -> Plan {
        on("aws_s3_bucket_policy", "policy", &open(action, condition))
    }

    fn queue(condition: &str) -> Plan {
        on(
            "aws_sqs_queue_policy",
            "policy",
            &open(r#""sqs:SendMessage""#, condition),
        )
    }

    #[test]
    fn cases_of_buckets() {
        let block = |what: &str| {
            (
                "aws_s3_bucket_public_access_block.b",
                format!(r#"{{"bucket":"b",{what}}}"#),
            )
        };
        let with = |plan: Plan, (address, after): (&str, String)| plan.and((address, &after));
        let read = || bucket(r#""s3:GetObject""#, "");
        cases(&super::RULE)
            .flags(&[
                Case::medium("a website", read()).at("policy"),
                Case::medium("a website that lists", bucket(r#"["s3:GetObject","s3:ListBucket"]"#, "")),
                Case::critical("write", bucket(r#"["s3:GetObject","s3:PutObject"]"#, "")),
                Case::critical("everything", bucket(r#""s3:*""#, "")),
                Case::critical("a wildcard in the action", bucket(r#""s3:*Object""#, "")),
                Case::critical("its policy", bucket(r#""s3:PutBucketPolicy""#, "")),
                Case::critical("everything but", on("aws_s3_bucket_policy", "policy", r#"{"Effect":"Allow","Principal":{"AWS":"*"},"NotAction":"s3:DeleteBucket","Resource":"*"}"#)),
                Case::critical("everyone but", on("aws_s3_bucket_policy", "policy", r#"{"Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"s3:*","Resource":"*"}"#)),
                Case::critical("over TLS", bucket(r#""s3:*""#, r#""Bool":{"aws:SecureTransport":"true"}"#)),
                Case::critical("by user agent", bucket(r#""s3:PutObject""#, r#""StringLike":{"aws:UserAgent":"secret"}"#)),
                Case::critical("an organisation that may be absent", bucket(r#""s3:*""#, r#""StringEqualsIfExists":{"aws:PrincipalOrgID":"o-a1"}"#)),
                Case::medium("by referer", bucket(r#""s3:GetObject""#, r#""StringLike":{"aws:Referer":"https://example.com/*"}"#)),
                Case::medium("from some addresses", bucket(r#""s3:*""#, r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#)),
                Case::critical("from all addresses", bucket(r#""s3:*""#, r#""IpAddress":{"aws:SourceIp":"0.0.0.0/0"}"#)),
                Case::info("closed", with(bucket(r#""s3:*""#, ""), block(r#""restrict_public_buckets":true"#))),
                Case::critical("closed to lists only", with(bucket(r#""s3:*""#, ""), block(r#""block_public_acls":true,"ignore_public_acls":true"#))),
                Case::critical("another bucket is closed", bucket(r#""s3:*""#, "").and(("aws_s3_bucket_public_access_block.b", r#"{"bucket":"other","restrict_public_buckets":true}"#))),
                Case::info("the account is closed", bucket(r#""s3:*""#, "").and(("aws_s3_account_public_access_block.a", r#"{"block_public_policy":true}"#))),
                Case::medium("its access list", plan(&[("aws_s3_bucket_acl.a", r#"{"bucket":"b","acl":"public-read"}"#)])),
                Case::critical("its access list, to write", plan(&[("aws_s3_bucket_acl.a", r#"{"bucket":"b","acl":"public-read-write"}"#)])),
                Case::critical("a grant", plan(&[("aws_s3_bucket_acl.a", r#"{"bucket":"b","access_control_policy":[{"grant":[{"permission":"WRITE","grantee":[{"type":"Group","uri":"http://acs.amazonaws.com/groups/global/AllUsers"}]}]}]}"#)])),
                Case::medium("a bucket of another provider", on("awscc_s3_bucket_policy", "policy_document", &open(r#""s3:GetObject""#, ""))),
                Case::critical("a deny of something else", on("aws_s3_bucket_policy", "policy", &format!(
                    r#"{},{{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{{"Bool":{{"aws:SecureTransport":"false"}}}}}}"#, open(r#""s3:*""#, "")))),
                Case::medium("said twice, by the bucket and by its policy", read().and(("aws_s3_bucket.b", &format!(r#"{{"bucket":"b","policy":{}}}"#, doc(&open(r#""s3:GetObject""#, "")))))),
            ])
            .allows(&[
                Case::clean("an organisation", bucket(r#""s3:GetObject""#, r#""StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3"}"#)),
                Case::clean("an endpoint", bucket(r#""s3:*""#, r#""StringEquals":{"aws:SourceVpce":"vpce-0a1b2c"}"#)),
                Case::clean("a network", bucket(r#""s3:*""#, r#""StringEquals":{"aws:sourceVpc":["vpc-0a1b2c"]}"#)),
                Case::clean("access points of an account", bucket(r#""*""#, r#""StringEquals":{"s3:DataAccessPointAccount":"111122223333"}"#)),
                Case::clean("an account", on("aws_s3_bucket_policy", "policy", r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999988887777:root"},"Action":"s3:*","Resource":"*"}"#)),
                Case::clean("TLS only", on("aws_s3_bucket_policy", "policy", r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#)),
                Case::clean("CloudFront", on("aws_s3_bucket_policy", "policy", r#"{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E1"}}}"#)),
                Case::clean("an identity of CloudFront", on("aws_s3_bucket_policy", "policy", r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#)),
                Case::clean("a canonical user", on("aws_s3_bucket_policy", "policy", r#"{"Effect":"Allow","Principal":{"CanonicalUser":"79a59df900b949e5"},"Action":"s3:*","Resource":"*"}"#)),
                Case::clean("denied outside the organisation", on("aws_s3_bucket_policy", "policy", &format!(
                    r#"{},{{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{{"StringNotEquals":{{"aws:PrincipalOrgID":"o-a1b2c3"}}}}}}"#, open(r#""s3:*""#, "")))),
                Case::clean("a private list", plan(&[("aws_s3_bucket_acl.a", r#"{"bucket":"b","acl":"private"}"#)])),
                Case::clean("log delivery by list", plan(&[("aws_s3_bucket_acl.a", r#"{"bucket":"b","acl":"log-delivery-write"}"#)])),
                Case::clean("a policy of an endpoint", on("aws_vpc_endpoint", "policy", &open(r#""*""#, ""))),
                Case::clean("an API", on("aws_api_gateway_rest_api_policy", "policy", &open(r#""execute-api:Invoke""#, ""))),
            ]);
    }

    #[test]
    fn cases_of_kinds() {
        let kms = |action: &str, condition: &str| on("aws_kms_key", "policy", &open(action, condition));
        let search = |more: &str| {
            plan(&[(
                "aws_opensearch_domain.d",
                &format!(r#"{{"access_policies":{}{more}}}"#, doc(&open(r#""es:*""#, ""))),
            )])
        };
        let permission = |more: &str| {
            plan(&[(
                "aws_lambda_permission.p",
                &format!(r#"{{"action":"lambda:InvokeFunction","function_name":"f"{more}}}"#),
            )])
        };
        cases(&super::RULE)
            .flags(&[
                Case::high("a queue", queue("")),
                Case::high("a queue, for a source of any account", queue(r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:*"}"#)),
                Case::critical("a queue, everything", on("aws_sqs_queue", "policy", &open(r#""SQS:*""#, ""))),
                Case::high("a topic", on("aws_sns_topic_policy", "policy", &open(r#"["sns:Subscribe","sns:Publish"]"#, r#""StringEquals":{"sns:Protocol":"https"}"#))),
                Case::critical("a key", kms(r#""kms:*""#, "")),
                Case::critical("a key, to decrypt", kms(r#""kms:Decrypt""#, "")),
                Case::high("a key, to encrypt", kms(r#"["kms:Encrypt","kms:GenerateDataKey*"]"#, "")),
                Case::medium("a key, through a service", kms(r#""kms:Decrypt""#, r#""StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}"#)),
                Case::critical("a secret", on("aws_secretsmanager_secret_policy", "policy", &open(r#""secretsmanager:GetSecretValue""#, ""))),
                Case::high("images", on("aws_ecr_repository_policy", "policy", &open(r#"["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]"#, ""))),
                Case::critical("images, to push", on("aws_ecr_repository_policy", "policy", &open(r#""ecr:PutImage""#, ""))),
                Case::critical("public images, to push", on("aws_ecrpublic_repository_policy", "policy", &open(r#""ecr-public:PutImage""#, ""))),
                Case::medium("a file system", on("aws_efs_file_system_policy", "policy", &open(r#""elasticfilesystem:ClientMount""#, ""))),
                Case::critical("a search domain", search("")),
                Case::info("a search domain with users", search(r#","advanced_security_options":[{"enabled":true}]"#)),
                Case::info("a search domain in a network", search(r#","vpc_options":[{"subnet_ids":["subnet-1"]}]"#)),
                Case::critical("a table", on("aws_dynamodb_resource_policy", "policy", &open(r#""dynamodb:PutItem""#, ""))),
                Case::high("a stream, to read", on("aws_kinesis_resource_policy", "policy", &open(r#""kinesis:GetRecords""#, ""))),
                Case::high("a bus", on("aws_cloudwatch_event_bus_policy", "policy", &open(r#""events:PutEvents""#, ""))),
                Case::high("a bus, by attribute", plan(&[("aws_cloudwatch_event_permission.p", r#"{"principal":"*","statement_id":"x","condition":[]}"#)])),
                Case::high("a function", permission(r#","principal":"*""#)).at("principal"),
                Case::medium("a function by its URL", permission(r#","principal":"*","function_url_auth_type":"NONE""#)),
                Case::medium("a URL", plan(&[("aws_lambda_function_url.u", r#"{"function_name":"f","authorization_type":"NONE"}"#)])).at("authorization_type"),
                Case::medium("a layer", plan(&[("aws_lambda_layer_version_permission.l", r#"{"principal":"*","action":"lambda:GetLayerVersion"}"#)])),
                Case::high("an image", plan(&[("aws_ami_launch_permission.a", r#"{"group":"all","image_id":"ami-1"}"#)])),
                Case::critical("a snapshot", plan(&[("aws_db_snapshot.s", r#"{"shared_accounts":["all"]}"#)])),
                Case::medium("a document", plan(&[("aws_ssm_document.d", r#"{"permissions":{"type":"Share","account_ids":"All"}}"#)])),
            ])
            .allows(&[
                Case::clean("a source", queue(r#""ArnEquals":{"aws:SourceArn":"arn:aws:sns:eu-west-1:111122223333:t"}"#)),
                Case::clean("the owner of the topic", on("aws_sns_topic", "policy", &open(r#""SNS:Publish""#, r#""StringEquals":{"AWS:SourceOwner":"111122223333"}"#))),
                Case::clean("the default of a key", on("aws_kms_key", "policy", r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}"#)),
                Case::clean("a key for the organisation", kms(r#"["kms:Decrypt","kms:DescribeKey"]"#, r#""StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3"}"#)),
                Case::clean("a key of a service in this account", kms(r#""kms:*""#, r#""StringEquals":{"kms:CallerAccount":"111122223333","kms:ViaService":"s3.eu-west-1.amazonaws.com"}"#)),
                Case::clean("a file system through its mount targets", on("aws_efs_file_system_policy", "policy", &open(r#""elasticfilesystem:ClientMount""#, r#""Bool":{"elasticfilesystem:AccessedViaMountTarget":"true"}"#))),
                Case::clean("public images, to pull", on("aws_ecrpublic_repository_policy", "policy", &open(r#"["ecr-public:BatchGetImage","ecr-public:GetDownloadUrlForLayer"]"#, ""))),
                Case::clean("a function for an organisation", permission(r#","principal":"*","principal_org_id":"o-a1b2c3""#)),
                Case::clean("a function for an account", permission(r#","principal":"999988887777""#)),
                Case::clean("a function for a service", permission(r#","principal":"sns.amazonaws.com","source_arn":"arn:aws:sns:eu-west-1:111122223333:t""#)),
                Case::clean("a URL for those who sign", plan(&[("aws_lambda_function_url.u", r#"{"function_name":"f","authorization_type":"AWS_IAM"}"#)])),
                Case::clean("a layer for an organisation", plan(&[("aws_lambda_layer_version_permission.l", r#"{"principal":"*","organization_id":"o-a1"}"#)])),
                Case::clean("a bus for an organisation", plan(&[("aws_cloudwatch_event_permission.p", r#"{"principal":"*","condition":[{"key":"aws:PrincipalOrgID","type":"StringEquals","value":"o-a1"}]}"#)])),
                Case::clean("a snapshot for an account", plan(&[("aws_db_snapshot.s", r#"{"shared_accounts":["111122223333"]}"#)])),
                Case::clean("nothing", plan(&[("aws_sqs_queue.q", r#"{"policy":""}"#)])),
            ]);
    }

    #[test]
    fn cases_of_unknown_parts() {
        use nhi_plan::symbol::one_of;
        let data = "data.aws_iam_policy_document.d";
        let deferred = |statement: &str| {
            plan(&[
                ("aws_sqs_queue_policy.x", "{}"),
                (data, &format!(r#"{{"statement":[{statement}]}}"#)),
            ])
            .unknown("aws_sqs_queue_policy.x", &["policy"])
            .unknown(data, &["json"])
            .references("aws_sqs_queue_policy.x", "policy", &[data])
        };
        let anyone = |more: &str| {
            format!(
                r#"{{"actions":["sqs:SendMessage"],"resources":[null],"principals":[{{"type":"*","identifiers":["*"]}}]{more}}}"#
            )
        };
        let all = format!(r#"{{"Statement":[{}]}}"#, open(r#""sqs:*""#, ""));
        let one = format!(
            r#"{{"Statement":[{}]}}"#,
            open(r#""sqs:*""#, r#""StringEquals":{"aws:PrincipalOrgID":"o-a1"}"#)
        );
        let either = |texts: &[&str]| {
            let group = one_of(texts.iter().copied());
            plan(&[(
                "aws_sqs_queue_policy.x",
                &format!(r#"{{"policy":{}}}"#, nhi_plan::json::quote(&group)),
            )])
        };
        cases(&super::RULE).flags(&[
            Case::high("a deferred document", deferred(&anyone(""))),
            Case::unverified(
                "a condition that is not known",
                deferred(&anyone("")).unknown(data, &["statement[0].condition"]),
            ),
            Case::unverified(
                "a key that is not known",
                deferred(&anyone(
                    r#","condition":[{"test":"StringEquals","variable":null,"values":["x"]}]"#,
                )),
            ),
            Case::unverified(
                "a text that is not known",
                plan(&[("aws_sqs_queue_policy.x", "{}")])
                    .unknown("aws_sqs_queue_policy.x", &["policy"])
                    .references("aws_sqs_queue_policy.x", "policy", &["aws_sqs_queue.q"]),
            ),
            Case::unverified(
                "a caller that is not known",
                plan(&[("aws_lambda_permission.p", r#"{"action":"lambda:InvokeFunction"}"#)])
                    .unknown("aws_lambda_permission.p", &["principal"]),
            ),
            Case::unverified("no document", plan(&[("aws_sqs_queue_policy.x", r#"{"policy":"{}"}"#)])),
            Case::critical("each of several", either(&[&all, &all])),
            Case::unverified("one of several", either(&[&all, &one])),
            Case::unverified("one of several, or none", either(&[&all, ""])),
            Case::unverified(
                "one of several, or no statement",
                either(&[&all, r#"{"Version":"2012-10-17"}"#]),
            ),
            Case::unverified("one of several, or no document", either(&[&one, "later"])),
            Case::info(
                "a bucket that has no name yet, closed",
                plan(&[
                    (
                        "aws_s3_bucket_policy.p",
                        &format!(r#"{{"policy":{}}}"#, doc(&open(r#""s3:*""#, ""))),
                    ),
                    ("aws_s3_bucket_public_access_block.b", r#"{"block_public_policy":true}"#),
                ])
                .references("aws_s3_bucket_policy.p", "bucket", &["aws_s3_bucket.b"])
                .references("aws_s3_bucket_public_access_block.b", "bucket", &["aws_s3_bucket.b"]),
            ),
        ]);
    }

    #[test]
    fn cases_of_bounds_that_are_not_known() {
        use nhi_plan::symbol::{one_of, symbol};
        let data = "data.aws_iam_policy_document.d";
        let topic = symbol("aws_sns_topic.t.arn");
        let one = format!(
            r#"{{"Statement":[{}]}}"#,
            open(r#""sqs:*""#, r#""StringEquals":{"aws:PrincipalOrgID":"o-a1"}"#)
        );
        let group = nhi_plan::json::quote(&one_of([one.as_str(), one.as_str()]));
        let none = nhi_plan::json::quote(&one_of([one.as_str(), "", r#"{"Version":"2012-10-17"}"#]));
        let or_none = plan(&[("aws_sqs_queue_policy.x", &format!(r#"{{"policy":{none}}}"#))]);
        let several = plan(&[("aws_sqs_queue_policy.x", &format!(r#"{{"policy":{group}}}"#))]);
        let source = r#"{"statement":[{"actions":["sqs:SendMessage"],"resources":[null],"principals":[{"type":"*","identifiers":["*"]}],"condition":[{"test":"ArnEquals","variable":"aws:SourceArn","values":[null]}]}]}"#;
        let deferred = plan(&[("aws_sqs_queue_policy.x", "{}"), (data, source)])
            .unknown("aws_sqs_queue_policy.x", &["policy"])
            .unknown(data, &["json"])
            .references("aws_sqs_queue_policy.x", "policy", &[data]);
        cases(&super::RULE).allows(&[
            Case::clean(
                "a source of the plan",
                queue(&format!(r#""ArnEquals":{{"aws:SourceArn":"{topic}"}}"#)),
            ),
            Case::clean(
                "a source of the plan, as a pattern",
                queue(&format!(r#""ArnLike":{{"aws:SourceArn":"{topic}"}}"#)),
            ),
            Case::clean("a deferred source", deferred),
            Case::clean(
                "a bucket policy that is not known, closed",
                plan(&[
                    ("aws_s3_bucket_policy.p", r#"{"bucket":"b"}"#),
                    (
                        "aws_s3_bucket_public_access_block.b",
                        r#"{"bucket":"b","block_public_policy":true}"#,
                    ),
                ])
                .unknown("aws_s3_bucket_policy.p", &["policy"]),
            ),
            Case::clean(
                "a hosted zone, which has no account in its name",
                queue(r#""ArnEquals":{"aws:SourceArn":"arn:aws:route53:::hostedzone/Z1"}"#),
            ),
            Case::clean(
                "the organisation of the resource",
                queue(r#""StringEquals":{"aws:SourceOrgID":"${aws:ResourceOrgID}"}"#),
            ),
            Case::clean("several, all narrow", several),
            Case::clean("a narrow one, or none", or_none),
            Case::clean(
                "computed by the provider",
                plan(&[("aws_kms_key.k", "{}")]).unknown("aws_kms_key.k", &["policy", "arn"]),
            ),
        ]);
    }
}
