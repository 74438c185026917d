//! Flags services that may use a resource for whoever asks them.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::resource_policy::specs::Kind;
use crate::facts::resource_policy::{Ability, Remark, Service};
use crate::facts::trust;
use crate::rule::{Check, Group, Rule};

/// A service that may use a resource for anyone.
pub(super) static RULE: Rule = Rule {
    code: "NHI037",
    name: "service-principal-without-source",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a service of AWS may use a resource for any customer",
    why: "a service acts for whoever configures it, so that a stranger can point it at your resource from an account of their own",
    controls: &[
        "NHI5:2025",
        "NHI6:2025",
        "CWE-441",
        "CWE-284",
        "AC-3",
        "AC-4",
        "PR.AA-05",
        "CC6.1",
        "A.5.15",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags a resource policy, or an `aws_lambda_permission`, that allows a service principal something without saying for whom it acts: no `aws:SourceArn`, `aws:SourceAccount`, `aws:SourceOrgID` (or `source_arn`, `source_account`, `principal_org_id`, `event_source_token`), or one in which the account is a wildcard.
Medium for queues, topics, functions and what CloudFront reads from a bucket; low for the rest; for information for keys that a service encrypts with, log groups, and where log delivery hands its objects over to the owner of the bucket.
Of role trust only services are named, for information, whose own documentation asks for a source.

## Why is this bad?

This is the confused deputy between services: your queue trusts SNS, SNS serves everybody, and anybody's topic can write to your queue.

## Example

```terraform
resource "aws_lambda_permission" "uploads" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.thumbnail.function_name
  principal     = "s3.amazonaws.com"
}
```

## Use instead

```terraform
resource "aws_lambda_permission" "uploads" {
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.thumbnail.function_name
  principal      = "s3.amazonaws.com"
  source_arn     = aws_s3_bucket.uploads.arn
  source_account = data.aws_caller_identity.current.account_id
}
```

## Known limits

- The name of a bucket says whose it is only as long as the bucket exists: `source_account` beside `source_arn` also covers the time after.
- Services that a service-linked role or a grant stands in for need no statement at all, which is not seen.

## References

- [IAM: cross-service confused deputy prevention](https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html#cross-service-confused-deputy-prevention)
- [AWS Lambda: granting access to services](https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html)
- [CWE-441: Unintended Proxy or Intermediary](https://cwe.mitre.org/data/definitions/441.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for placed in &facts.resources {
        let Remark::Service(service) = &placed.remark else {
            continue;
        };
        let word = service.kind.word();
        let remediation = if service.kind == Kind::Function {
            "set `source_arn` to what calls the function, and `source_account` for a bucket"
        } else {
            "require what it acts for with `aws:SourceArn`, or your account with `aws:SourceAccount`"
        };
        out.push(placed.finding(
            &RULE,
            weigh(service),
            &format!("`{}` may use this {word} for any customer of AWS", service.name),
            remediation,
        ));
    }
    for placed in &facts.trusts {
        let trust::Remark::Service(name) = &placed.remark else {
            continue;
        };
        out.push(placed.finding(
            &RULE,
            Severity::Info,
            &format!("`{name}` may assume this role whatever it acts for"),
            "require what it acts for with `aws:SourceArn`, or your account with `aws:SourceAccount`",
        ));
    }
}

fn weigh(service: &Service) -> Severity {
    let is = |name: &str| service.name.contains(name);
    match service.kind {
        Kind::Function | Kind::Queue => RULE.severity,
        // What is written for alarms, rules and budgets mostly has no source; what others send is a message, no more.
        Kind::Topic if is("s3.amazonaws.com") || is("sns.amazonaws.com") || is("ses.amazonaws.com") => RULE.severity,
        Kind::Bucket if is("cloudfront.amazonaws.com") || service.ability == Ability::Administer => RULE.severity,
        Kind::Bucket if service.hands_over => Severity::Info,
        // Services encrypt for their customers with keys that are theirs by grant or by such a statement.
        Kind::Key if service.ability != Ability::Administer => Severity::Info,
        Kind::LogGroup => Severity::Info,
        _ => Severity::Low,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, doc, plan};

    fn on(resource_type: &str, attribute: &str, statements: &str) -> Plan {
        plan(&[(
            &format!("{resource_type}.x"),
            &format!(r#"{{"bucket":"b","{attribute}":{}}}"#, doc(statements)),
        )])
    }

    fn service(name: &str, action: &str, condition: &str) -> String {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"Service":"{name}"}},"Action":"{action}","Resource":"*","Condition":{{{condition}}}}}"#
        )
    }

    fn function(more: &str) -> Plan {
        plan(&[(
            "aws_lambda_permission.p",
            &format!(r#"{{"action":"lambda:InvokeFunction","function_name":"f",{more}}}"#),
        )])
    }

    fn queue(condition: &str) -> Plan {
        on(
            "aws_sqs_queue_policy",
            "policy",
            &service("sns.amazonaws.com", "sqs:SendMessage", condition),
        )
    }

    fn bucket(name: &str, action: &str, condition: &str) -> Plan {
        on("aws_s3_bucket_policy", "policy", &service(name, action, condition))
    }

    #[test]
    fn cases_of_documents() {
        cases(&super::RULE)
            .flags(&[
                Case::medium("a queue", queue("")).at("policy"),
                Case::medium("a source of any account", queue(r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:orders"}"#)),
                Case::medium("any source", queue(r#""ArnLike":{"aws:SourceArn":"*"}"#)),
                Case::medium("a source that may be absent", queue(r#""StringEqualsIfExists":{"aws:SourceAccount":"111122223333"}"#)),
                Case::medium("over TLS", queue(r#""Bool":{"aws:SecureTransport":"true"}"#)),
                Case::medium("CloudFront", bucket("cloudfront.amazonaws.com", "s3:GetObject", "")),
                Case::low("log delivery", bucket("logging.s3.amazonaws.com", "s3:PutObject", "")),
                Case::info("log delivery that hands over", bucket("delivery.logs.amazonaws.com", "s3:PutObject", r#""StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}"#)),
                Case::low("a topic for alarms", on("aws_sns_topic_policy", "policy", &service("cloudwatch.amazonaws.com", "sns:Publish", ""))),
                Case::medium("a topic for a bucket", on("aws_sns_topic_policy", "policy", &service("s3.amazonaws.com", "sns:Publish", ""))),
                Case::low("a key, everything", on("aws_kms_key", "policy", &service("sns.amazonaws.com", "kms:*", ""))),
                Case::info("a key", on("aws_kms_key", "policy", &service("sns.amazonaws.com", "kms:Decrypt", ""))),
                Case::low("a secret", on("aws_secretsmanager_secret_policy", "policy", &service("dms.amazonaws.com", "secretsmanager:GetSecretValue", ""))),
                Case::info("a role for schedules", on("aws_iam_role", "assume_role_policy", r#"{"Effect":"Allow","Principal":{"Service":"scheduler.amazonaws.com"},"Action":"sts:AssumeRole"}"#)),
            ])
            .allows(&[
                Case::clean("a topic", queue(r#""ArnEquals":{"aws:SourceArn":"arn:aws:sns:eu-west-1:111122223333:t"}"#)),
                Case::clean("an account", queue(r#""StringEquals":{"AWS:SourceAccount":"111122223333"}"#)),
                Case::clean("an organisation", queue(r#""StringEquals":{"aws:SourceOrgID":"o-a1b2c3"}"#)),
                Case::clean("a topic of the plan", queue(&format!(r#""ArnLike":{{"aws:SourceArn":"{}"}}"#, nhi_plan::symbol::symbol("aws_sns_topic.t.arn")))),
                Case::clean("a distribution", bucket("cloudfront.amazonaws.com", "s3:GetObject", r#""StringEquals":{"aws:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E1"}"#)),
                Case::clean("log delivery for one bucket", bucket("logging.s3.amazonaws.com", "s3:PutObject", r#""ArnLike":{"aws:SourceArn":"arn:aws:s3:::logged"},"StringEquals":{"aws:SourceAccount":"111122223333"}"#)),
                Case::clean("a look at the list", bucket("cloudtrail.amazonaws.com", "s3:GetBucketAcl", "")),
                Case::clean("a load balancer", bucket("logdelivery.elasticloadbalancing.amazonaws.com", "s3:PutObject", "")),
                Case::clean("a key for a log group", on("aws_kms_key", "policy", &service("logs.eu-west-1.amazonaws.com", "kms:Decrypt", r#""ArnLike":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:eu-west-1:111122223333:log-group:*"}"#))),
                Case::clean("a key through a service", on("aws_kms_key", "policy", &service("ec2.amazonaws.com", "kms:Decrypt", r#""StringEquals":{"kms:ViaService":"ec2.eu-west-1.amazonaws.com"}"#))),
                Case::clean("a role of a function", on("aws_iam_role", "assume_role_policy", r#"{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}"#)),
                Case::clean("a deny", on("aws_sqs_queue_policy", "policy", r#"{"Effect":"Deny","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:*","Resource":"*"}"#)),
                Case::clean("denied to other sources", on("aws_sqs_queue_policy", "policy", &format!(
                    r#"{},{{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{{"StringNotEqualsIfExists":{{"aws:SourceOrgID":"o-a1"}},"Bool":{{"aws:PrincipalIsAWSService":"true"}}}}}}"#,
                    service("sns.amazonaws.com", "sqs:SendMessage", "")))),
            ]);
    }

    #[test]
    fn cases_of_functions() {
        cases(&super::RULE)
            .flags(&[
                Case::medium("a bucket", function(r#""principal":"s3.amazonaws.com""#)).at("source_arn"),
                Case::medium("an API", function(r#""principal":"apigateway.amazonaws.com","source_arn":null"#)),
                Case::medium("any API", function(r#""principal":"apigateway.amazonaws.com","source_arn":"arn:aws:execute-api:*:*:*/*/*/*""#)),
                Case::medium("any bucket", function(r#""principal":"s3.amazonaws.com","source_arn":"arn:aws:s3:::*""#)),
                Case::medium("any skill", function(r#""principal":"alexa-appkit.amazon.com""#)),
                Case::medium("a rule", function(r#""principal":"events.amazonaws.com""#)),
            ])
            .allows(&[
                Case::clean("a bucket", function(r#""principal":"s3.amazonaws.com","source_arn":"arn:aws:s3:::uploads""#)),
                Case::clean("an API", function(r#""principal":"apigateway.amazonaws.com","source_arn":"arn:aws:execute-api:eu-west-1:111122223333:a1/*/*/*""#)),
                Case::clean("a rule", function(r#""principal":"events.amazonaws.com","source_arn":"arn:aws:events:eu-west-1:111122223333:rule/r""#)),
                Case::clean("an account", function(r#""principal":"logs.eu-west-1.amazonaws.com","source_account":"111122223333""#)),
                Case::clean("a skill", function(r#""principal":"alexa-appkit.amazon.com","event_source_token":"amzn1.ask.skill.1""#)),
                Case::clean("an organisation", function(r#""principal":"events.amazonaws.com","principal_org_id":"o-a1""#)),
                Case::clean("a source of the plan", function(r#""principal":"sns.amazonaws.com""#).unknown("aws_lambda_permission.p", &["source_arn"])),
                Case::clean("a source of the plan, in part", function(&format!(r#""principal":"apigateway.amazonaws.com","source_arn":"{}/*/*""#, nhi_plan::symbol::symbol("aws_apigatewayv2_api.a.execution_arn")))),
                Case::clean("an account that may call", function(r#""principal":"111122223333""#)),
                Case::clean("a role that may call", function(r#""principal":"arn:aws:iam::111122223333:role/r""#)),
            ]);
    }
}
