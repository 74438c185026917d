//! Flags principals that may hand any role to any service.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::grant::{self, Subject};
use crate::facts::Facts;
use crate::facts::iam::access::Bound;
use crate::facts::iam::standing::{Claim, Standing, Width};
use crate::rule::{Check, Group, Rule};

/// `iam:PassRole` on everything.
pub(super) static RULE: Rule = Rule {
    code: "NHI008",
    name: "unbounded-pass-role",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "an AWS principal may pass every role to every service",
    why: "whoever starts a function or a machine with somebody else's role gets that role's permissions",
    controls: &["NHI5:2025", "CWE-269", "CWE-441", "AC-6", "PR.AA-05", "CC6.3", "A.8.2"],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags an AWS role, user, group or permission set whose policies together allow `iam:PassRole` on all roles, without a condition on `iam:PassedToService` or `iam:AssociatedResourceArn`.
It is told only where nothing worse is: an identity that administers IAM, or that another rule shows to reach more privileges, already has its finding.

## Why is this bad?

Passing a role is using it: a service that runs code acts with the role that it was given.
The permission to start such a service may be granted tomorrow, in another policy, by somebody who does not look here.

## Example

```terraform
data "aws_iam_policy_document" "deploy" {
  statement {
    actions   = ["iam:PassRole", "ecs:UpdateService"]
    resources = ["*"]
  }
}
```

## Use instead

```terraform
data "aws_iam_policy_document" "deploy" {
  statement {
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.task.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}
```

## Known limits

- A path or a prefix such as `role/app-*` counts as narrow whatever roles it matches.
- A condition on the service counts as narrow whatever the service does with the role.
- Guardrails of the account do not stand in a plan; see NHI001.

## References

- [Granting a user permissions to pass a role](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
- [CWE-441: Unintended Proxy or Intermediary](https://cwe.mitre.org/data/definitions/441.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for subject in grant::subjects(facts) {
        let Subject {
            index,
            principal,
            standing,
        } = subject;
        let Some(claim) = passes(standing) else { continue };
        let is_told = facts.settled.escalating.contains(&index)
            || grant::is_told_of_group(facts, principal, claim, |group| {
                group.is_owner() || group.passes.is_some()
            });
        if is_told {
            continue;
        }
        let Some(place) = grant::place(principal, claim) else {
            continue;
        };
        let (severity, note) = grant::weigh(principal, claim, RULE.severity);
        let (who, statement) = grant::who(principal, claim, &place);
        let message = format!("{who} lets its holder pass every role to every service{statement}{note}");
        let remediation =
            "name the roles that may be passed, and the service with a condition on `iam:PassedToService`";
        out.push(grant::finding(
            &RULE,
            principal,
            claim,
            &place,
            severity,
            message,
            remediation,
        ));
    }
}

/// The permission, where nothing wider is told of the principal.
fn passes(standing: &Standing) -> Option<&Claim> {
    let is_wide = standing
        .breadth
        .as_ref()
        .is_some_and(|breadth| !matches!(breadth.width, Width::Services(_)));
    let is_told = standing.everything.is_some() || standing.administers.is_some() || is_wide;
    standing
        .passes
        .as_ref()
        .filter(|claim| claim.is_certain && claim.bound != Bound::Held && !is_told)
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, doc, plan, policy};

    #[test]
    fn cases_of_documents() {
        let pass = doc(r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}"#);
        cases(&super::RULE)
            .flags(&[
                Case::medium("any role", policy(r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}"#)),
                Case::medium("any role of the account", policy(r#"{"Effect":"Allow","Action":["iam:passrole","ecs:UpdateService"],"Resource":"arn:aws:iam::111122223333:role/*"}"#)),
                Case::medium("with a wildcard inside", policy(r#"{"Effect":"Allow","Action":"iam:Pass*","Resource":"*"}"#)),
                Case::medium("to any service", policy(r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringLike":{"iam:PassedToService":"*"}}}"#)),
                Case::medium("if it says so", policy(r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEqualsIfExists":{"iam:PassedToService":"ecs-tasks.amazonaws.com"}}}"#)),
                Case::medium("all but one", policy(r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"},{"Effect":"Deny","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/admin"}"#)),
                Case::low("for nobody", plan(&[("aws_iam_policy.p", &format!(r#"{{"name":"p","policy":{pass}}}"#))])),
            ])
            .allows(&[
                Case::clean("to one service", policy(r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"ecs-tasks.amazonaws.com"}}}"#)),
                Case::clean("one role", policy(r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/task"}"#)),
                Case::clean("roles under a path", policy(r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/tasks/*"}"#)),
                Case::clean("denied to all other services", policy(r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"},{"Effect":"Deny","Action":"iam:PassRole","Resource":"*","Condition":{"StringNotEquals":{"iam:PassedToService":"ecs-tasks.amazonaws.com"}}}"#)),
                Case::clean("an administrator of IAM is another rule", policy(r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#)),
                Case::clean("everything is another rule", policy(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#)),
                Case::clean("a role that is known after apply", policy(&format!(r#"{{"Effect":"Allow","Action":"iam:PassRole","Resource":"{}"}}"#, nhi_plan::symbol::symbol("aws_iam_role.task.arn")))),
                Case::clean("reads", policy(r#"{"Effect":"Allow","Action":["iam:GetRole","iam:ListRoles"],"Resource":"*"}"#)),
            ]);
    }
}
