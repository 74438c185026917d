//! Flags policies that allow all actions on all resources, and policies that cannot be read.

use std::collections::BTreeSet;

use nhi_plan::symbol::{self, Part};
use nhi_plan::{Finding, Severity};
use nhi_policy_sdk::Findings;

use super::grant::{self, Subject};
use crate::facts::Facts;
use crate::facts::iam::access::{Grant, Place, Principal, Unread};
use crate::facts::iam::condition::{Narrowing, Use};
use crate::facts::iam::document::{Effect, Selection};
use crate::facts::iam::pattern::is_every_action;
use crate::facts::iam::standing::{Claim, Standing};
use crate::rule::{Check, Group, Rule};

/// A policy that allows all actions on all resources.
pub(super) static RULE: Rule = Rule {
    code: "NHI001",
    name: "allow-everything",
    group: Group::Privilege,
    severity: Severity::Critical,
    since: "0.1.0",
    summary: "an AWS principal may perform all actions on all resources",
    why: "whoever gets hold of this identity owns the account: they can read all data, delete it, and make new administrators",
    controls: &[
        "NHI5:2025",
        "CWE-250",
        "CWE-269",
        "AC-6",
        "PR.AA-05",
        "CIS-AWS-2.15",
        "PCI-DSS-7.2.5",
        "CC6.3",
        "A.8.2",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags an AWS role, user, group or permission set whose policies together allow every action on every resource: Allow minus Deny, within the permissions boundary.
Inline policies, managed policies and their attachments, groups, and the policies that AWS manages (by content, in every partition) all count, whichever block gives them.
`NotAction` that leaves IAM open is everything too: who administers IAM can give itself the rest.
A permission that comes from a group is told of the group.
Of several policies that give everything, the finding stands at one that gives it alone and names the others; where only several together give it, it says so.
A document that is known only after apply is followed through its references to `aws_iam_policy_document`, whose statements stand in the plan even while an ARN in them is unknown.

| what | severity |
|---|---|
| reaches a role, user or group | critical |
| reaches a permission set, or holds only under conditions of time, network or second factor | high |
| a managed policy that nothing in the plan attaches, or a boundary whose content is not in the plan | medium |
| a boundary in the plan limits it | low |

A document that cannot be read, and that could allow everything, is an unverified result of this rule; so are all actions on resources of which nothing is known before apply.

## Why is this bad?

An identity with all privileges turns any leak of its credential, and any flaw in the workload that uses it, into the loss of the whole account.
Wildcards also hide what the workload needs, so nobody can reduce them later.

## Example

```terraform
resource "aws_iam_role_policy" "deploy" {
  role   = aws_iam_role.deploy.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }]
  })
}
```

## Use instead

```terraform
resource "aws_iam_role_policy" "deploy" {
  role   = aws_iam_role.deploy.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["ecs:UpdateService", "ecs:DescribeServices"]
      Resource = "arn:aws:ecs:eu-west-1:111122223333:service/payments/api"
    }]
  })
}
```

## Known limits

- Guardrails of the account do not stand in a plan: service control policies, resource control policies and session policies are assumed to take nothing away.
- What a resource grants in its own policy (a bucket, a key, a queue) is not added to what a principal may do.
- A policy that cannot be read, and one that is attached by an ARN whose content is not in the plan, is assumed to deny nothing.
- An ARN that is known only after apply counts as one resource, never as all of them.
- A document that `jsonencode` builds around an unknown value is not readable from plan JSON; use `aws_iam_policy_document`.
- A document that a function rewrites on its way (`replace(data.….json, …)`) is judged as its data source wrote it: plan JSON does not name the function.
- Listing the wildcards of services one by one is NHI005, however many they are.

## References

- [IAM policy evaluation logic](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
- [CWE-250: Execution with Unnecessary Privileges](https://cwe.mitre.org/data/definitions/250.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for subject in grant::subjects(facts) {
        let Subject {
            principal, standing, ..
        } = subject;
        let Some(claim) = &standing.everything else { continue };
        // What is certain is worse than what is not, and told by NHI002.
        let is_iam = standing.administers.as_ref().is_some_and(|(iam, _)| iam.is_certain);
        if !claim.is_certain && is_iam {
            continue;
        }
        if grant::is_told_of_group(facts, principal, claim, Standing::is_owner) {
            continue;
        }
        let Some(place) = grant::place(principal, claim) else {
            continue;
        };
        let (severity, note) = grant::weigh(principal, claim, RULE.severity);
        let (who, statement) = grant::who(principal, claim, &place);
        if !claim.is_certain {
            out.push(doubtful(principal, claim, &place));
            continue;
        }
        let what = what(claim, &place);
        let message = format!("{who} allows{what} on all resources{statement}{note}");
        let remediation = "list the actions this identity performs and the resources it works on, and allow only these";
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
    let mut told = BTreeSet::new();
    for Subject {
        principal, standing, ..
    } in grant::subjects(facts)
    {
        for grant in &principal.grants {
            let is_open = grant.alternatives.iter().any(|alternative| alternative.document.open);
            let is_told = standing.everything.is_some() || standing.administers.is_some();
            let finding = match &grant.unread {
                Some(unread) => unreadable(grant, unread),
                None if is_open && !is_told => incomplete(grant),
                None if !is_told && is_on_what_comes(grant) => on_what_comes(grant),
                None => continue,
            };
            if told.insert((&grant.address, &grant.path)) {
                out.push(finding);
            }
        }
    }
}

/// What the policy at this place allows, so that the message is true of it alone.
fn what(claim: &Claim, place: &Place<'_>) -> String {
    if claim.is_joint {
        return String::from(", together with other policies, all actions");
    }
    match place.alternative.document.statements.as_slice() {
        [only] => match &only.actions {
            Selection::Except(patterns) if !patterns.known.is_empty() => {
                format!(" every action but {}, IAM among them,", grant::list(&patterns.known))
            }
            _ => String::from(" all actions"),
        },
        _ => String::from(" all actions"),
    }
}

fn doubtful(principal: &Principal, claim: &Claim, place: &Place<'_>) -> Finding {
    let message = format!(
        "{} depends on values that are known only after apply, so what it allows cannot be told",
        place.statement()
    );
    let remediation = "write the actions as constants; only resources need to be computed";
    grant::finding(&RULE, principal, claim, place, RULE.severity, message, remediation).unverified()
}

fn incomplete(grant: &Grant) -> Finding {
    RULE.finding(&grant.address, &grant.path)
        .message("some statements are known only after apply, so what the policy allows cannot be told")
        .remediation("write the statements as blocks; only resources need to be computed")
        .unverified()
}

/// Whether a policy allows all actions on resources of which nothing is known: not even that they are one ARN.
pub(super) fn is_on_what_comes(grant: &Grant) -> bool {
    let documents = grant.alternatives.iter().map(|alternative| &alternative.document);
    documents.flat_map(|document| &document.statements).any(|statement| {
        let (Selection::Only(actions), Selection::Only(resources)) = (&statement.actions, &statement.resources) else {
            return false;
        };
        statement.effect == Effect::Allow
            && actions.known.iter().any(|pattern| is_every_action(pattern))
            && resources.known.iter().any(|pattern| is_any_text(pattern))
            && statement.condition.narrowing(Use::Identity) != Narrowing::Strong
    })
}

/// A value that is unknown as a whole, and that does not come from an attribute that holds ARNs.
fn is_any_text(pattern: &str) -> bool {
    let mut parts = symbol::parts(pattern);
    match (parts.next(), parts.next()) {
        (Some(Part::Symbol(origin)), None) => {
            let attribute = origin.rsplit('.').next().unwrap_or_default();
            !attribute.to_ascii_lowercase().contains("arn")
        }
        _ => false,
    }
}

fn on_what_comes(grant: &Grant) -> Finding {
    RULE.finding(&grant.address, &grant.path)
        .message("all actions are allowed on resources that are known only after apply, so whether it is everything cannot be told")
        .remediation("list the actions this identity performs, and write the resources as ARNs of which only parts are computed")
        .unverified()
}

fn unreadable(grant: &Grant, unread: &Unread) -> Finding {
    let (message, remediation) = match unread {
        Unread::Unknown(blocks) => (
            format!(
                "the policy is known only after apply{}, so what it allows cannot be told",
                rests_on(blocks)
            ),
            "build the document with an `aws_iam_policy_document` data source: its statements can be read before apply",
        ),
        Unread::Broken => (
            String::from("the policy is not a JSON policy document, so what it allows cannot be told"),
            "write the document with `jsonencode` or an `aws_iam_policy_document` data source",
        ),
        Unread::Attached(blocks) => (
            format!("which policy is attached is known only after apply{}", rests_on(blocks)),
            "attach a policy of this configuration, or write the ARN as a constant",
        ),
    };
    RULE.finding(&grant.address, &grant.path)
        .message(message)
        .remediation(remediation)
        .unverified()
}

/// The blocks a value waits for, for a message.
pub(super) fn rests_on(blocks: &[String]) -> String {
    const NAMED_MAX: usize = 3;
    if blocks.is_empty() {
        return String::new();
    }
    let list: Vec<_> = blocks
        .iter()
        .take(NAMED_MAX)
        .map(|block| format!("`{block}`"))
        .collect();
    let others = if blocks.len() > NAMED_MAX { " and others" } else { "" };
    format!(" (it rests on {}{others})", list.join(", "))
}

#[cfg(test)]
mod merging;
#[cfg(test)]
mod tests;
