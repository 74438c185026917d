//! Flags identities that can come to privileges they do not hold, step by step through what they may change.

#[cfg(test)]
mod forms;
#[cfg(test)]
mod grades;
#[cfg(test)]
mod methods;
#[cfg(test)]
mod paths;
mod words;

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::allow_everything::is_on_what_comes;
use super::grant;
use crate::facts::Facts;
use crate::facts::escalation::{Capability, Escalation, Outlook, catalogue};
use crate::facts::graph::Certainty;
use crate::facts::iam::access::{Grant, PrincipalKind};
use crate::facts::iam::document::{Effect, Selection, Statement};
use crate::facts::iam::pattern::{Case, matches};
use crate::facts::iam::standing::Width;
use crate::rule::{Check, Group, Rule};

/// An identity that can become more than it is.
pub(super) static RULE: Rule = Rule {
    code: "NHI004",
    name: "privilege-escalation",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "an identity can make itself more powerful than its policies say",
    why: "whoever can change what runs as a stronger identity, or who may become it, has the privileges of that identity",
    controls: &[
        "NHI5:2025",
        "CWE-269",
        "CWE-266",
        "AC-6",
        "PR.AA-05",
        "PCI-DSS-7.2.5",
        "CC6.3",
        "A.8.2",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Looks at every user, role, group and permission set with everything that reaches it, and asks what it can become with the methods of a catalogue of about 140: it writes its own policies, takes over a user or a role, makes a new one, passes a role to something new that runs as it, or changes something that runs as a role already.
Steps are followed over any number of identities, and the finding shows the path.
A permission counts on the resource that the method needs: `iam:PassRole` on one role counts by what that role holds and by the services that it trusts.

| what can be reached | severity |
|---|---|
| an administrator that the plan shows | critical |
| everything, by a change to its own permissions, a new identity, or a role that it assumes | high |
| any role of the account (`iam:PassRole` on all roles, and a service that runs code) | high |
| all secrets, objects or tables, whole services, or every role to pass on, through another identity | medium |
| users or roles under a prefix, none of which the plan shows | low |
| whatever runs in the account, or a role that the plan does not show | info |

One step less where it takes a network, a second factor, a time or a foothold, or where nothing in the plan attaches the policy; two where AWS wrote the policy for one of its own services.
What gains nothing is not told, and neither is an identity that [NHI001](NHI001.md) or [NHI002](NHI002.md) tells as an administrator.
A principal that changes only itself, with nothing but what a policy of everything except IAM allows, is told once, by [NHI007](NHI007.md) or [NHI005](NHI005.md).
A policy that serves to raise privileges and is given to an identity that is known only after apply is listed as unverified.

## Why is this bad?

A build role that may pass any role to a function is an administrator that needs two calls more.
Attackers know these ways by heart, and tools walk them without help.

## Example

```terraform
data "aws_iam_policy_document" "deploy" {
  statement {
    actions   = ["lambda:CreateFunction", "lambda:InvokeFunction", "iam:PassRole"]
    resources = ["*"]
  }
}
```

## Use instead

```terraform
data "aws_iam_policy_document" "deploy" {
  statement {
    actions   = ["lambda:CreateFunction", "lambda:InvokeFunction"]
    resources = ["arn:aws:lambda:eu-west-1:111122223333:function:app-*"]
  }
  statement {
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.app.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["lambda.amazonaws.com"]
    }
  }
}
```

## Known limits

- Guardrails of the organisation are not in a plan; they may forbid a step.
- A step takes the permissions of one identity: what two identities could do together is not told.
- A plan without a known account number is taken to speak of one account.
- What a role outside of the plan holds is not known; whoever may pass all roles is told all the same.
- Pipelines, buckets with code and image registries that feed a workload are not followed.

## References

- [Privilege escalation in AWS, a catalogue of paths](https://pathfinding.cloud/)
- [AWS IAM privilege escalation methods](https://github.com/RhinoSecurityLabs/AWS-IAM-Privilege-Escalation)
- [Granting a user permissions to pass a role to a service](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for escalation in &facts.escalations.found {
        if is_told_of_the_policy(facts, escalation) || is_left_open_by_the_policy(facts, escalation) {
            continue;
        }
        let cause = &escalation.cause;
        let mut finding = RULE
            .finding(&cause.address, &cause.path)
            .message(words::message(escalation))
            .remediation(words::remediation(escalation));
        finding.severity = Some(severity(escalation));
        cause.evidence.clone_into(&mut finding.evidence);
        let own = |name: &str, value: String| (name.to_owned(), value);
        finding.attributes = vec![
            own("capability", words::capability(&escalation.capability)),
            own("path", words::path(escalation)),
            own("method", escalation.methods.join(",")),
            own("principal", escalation.name.clone()),
        ];
        if let Some(policy) = &cause.policy {
            finding.attributes.push(own("policy", policy.clone()));
        }
        out.push(match escalation.certainty {
            Certainty::Yes => finding,
            Certainty::Possibly => finding.unverified(),
        });
    }
    lost(facts, out);
    if let Some(address) = &facts.escalations.cut_off {
        let message =
            "there are more ways from identity to identity than can be followed, so that some were not judged";
        let finding = RULE
            .finding(address, "")
            .message(message)
            .remediation("judge a part of the plan by itself, or name single roles where policies name all of them");
        out.push(finding.unverified());
    }
}

/// A policy that is given to nobody knows whom may be the half that another one lacks.
fn lost(facts: &Facts, out: &mut Findings) {
    for principal in facts.settled.principals.iter().filter(|principal| principal.is_lost) {
        let Some(grant) = principal.grants.iter().find(|grant| serves(grant)) else {
            continue;
        };
        let finding = RULE
            .finding(&grant.attachment, "")
            .message(format!(
                "which {} gets a policy that serves to raise privileges is known only after apply",
                principal.kind.as_str()
            ))
            .remediation("name the identity by a reference to the resource that creates it");
        out.push(finding.unverified());
    }
}

/// Whether a policy allows something that a way to more privileges takes.
fn serves(grant: &Grant) -> bool {
    let wanted = |statement: &Statement| match &statement.actions {
        Selection::Only(patterns) => patterns.known.iter().any(|pattern| {
            let mut actions = catalogue::actions().iter();
            actions.any(|action| matches(pattern, action, Case::Ignored))
        }),
        Selection::Except(_) => true,
    };
    let allows = |statement: &&Statement| statement.effect != Effect::Deny;
    let statements = grant.alternatives.iter().flat_map(|one| &one.document.statements);
    !grant.is_audit && statements.into_iter().filter(allows).any(wanted)
}

/// Whether a finding on everything but IAM, no less grave, stands at the same policy, and nothing but what that policy
/// allows is needed: the principal changes itself, and no other identity is on the way.
fn is_told_of_the_policy(facts: &Facts, escalation: &Escalation) -> bool {
    let [step] = escalation.path.as_slice() else {
        return false;
    };
    let is_own = escalation.capability == Capability::Administrator && step.to.is_none() && step.workload.is_none();
    if !is_own || escalation.certainty != Certainty::Yes {
        return false;
    }
    let settled = &facts.settled;
    let principal = settled.principals.get(escalation.principal);
    let breadth = settled
        .standings
        .get(escalation.principal)
        .and_then(|standing| standing.breadth.as_ref());
    let (Some(principal), Some(breadth)) = (principal, breadth) else {
        return false;
    };
    let gives = |action: &str| match &breadth.width {
        Width::All => true,
        Width::AllBut(excepted) => !excepted.iter().any(|pattern| matches(pattern, action, Case::Ignored)),
        Width::Services(_) => false,
    };
    let is_there = grant::place(principal, &breadth.claim).is_some_and(|place| {
        *place.grant.address == *escalation.cause.address && *place.grant.path == *escalation.cause.path
    });
    let (told, _) = grant::weigh(principal, &breadth.claim, breadth.severity);
    is_there && told >= severity(escalation) && step.method.needs.iter().all(|need| gives(need.action))
}

/// Whether it is only possible because a policy allows all actions on what is not known yet, which NHI001 tells.
fn is_left_open_by_the_policy(facts: &Facts, escalation: &Escalation) -> bool {
    let cause = &escalation.cause;
    let principal = facts.settled.principals.get(escalation.principal);
    let grants = principal.into_iter().flat_map(|principal| &principal.grants);
    let mut of_cause = grants.filter(|grant| *grant.address == *cause.address && *grant.path == *cause.path);
    escalation.certainty == Certainty::Possibly
        && escalation.capability == Capability::Administrator
        && words::is_self_made(escalation)
        && of_cause.any(is_on_what_comes)
}

fn severity(escalation: &Escalation) -> Severity {
    let first = escalation.path.first();
    let base = match &escalation.capability {
        Capability::Administrator if words::is_self_made(escalation) => Severity::High,
        Capability::Administrator => Severity::Critical,
        Capability::Wide(_) => Severity::Medium,
        Capability::Latent(outlook) => match outlook {
            Outlook::AnyRole => Severity::High,
            Outlook::EarlierVersion => Severity::Medium,
            Outlook::UnderPrefix => Severity::Low,
            Outlook::AnyWorkload | Outlook::RolesOfOneService | Outlook::NamedRole => Severity::Info,
        },
    };
    let mut severity = base;
    if first.is_some_and(|step| step.method.lower) {
        severity = lower(severity);
    }
    if escalation.weak {
        severity = lower(severity);
    }
    if escalation.bounded {
        severity = severity.min(Severity::Medium);
    }
    if words::is_of_a_service(escalation) {
        severity = lower(severity);
        if base < Severity::Critical {
            severity = lower(severity);
        }
    }
    match escalation.kind {
        PrincipalKind::Policy => lower(severity),
        // People get a permission set for a session, and not a workload for good.
        PrincipalKind::PermissionSet => severity.min(Severity::High),
        _ => severity,
    }
}

fn lower(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium => Severity::Low,
        Severity::Low | Severity::Info => Severity::Info,
    }
}
