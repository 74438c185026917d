//! Flags identities and credentials that the state forgets.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::rule::{Check, Group, Rule};

/// Flags identities and credentials that the state forgets.
pub(super) static RULE: Rule = Rule {
    code: "NHI023",
    name: "forgotten-identity",
    group: Group::Governance,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "an identity or credential leaves the state and goes on to exist",
    why: "what no state knows is changed, rotated and removed by nobody, but still opens its doors",
    controls: &[
        "NHI1:2025",
        "NHI7:2025",
        "CWE-286",
        "CWE-459",
        "AC-2",
        "PR.AA-01",
        "CC6.2",
        "A.5.18",
    ],
    check: Check::Plan(check),
    docs: r"
## What it does

Flags a resource that is an identity or a credential and that the plan only drops from the state: a `removed` block with `destroy = false`, also where a new object takes its place.
Nothing is said when an `nhi_identity` of the plan holds its ARN or id.

## Why is this bad?

The object keeps its rights and its secret, and from now on nobody sees it in a plan.
Stale identities are the first thing that whoever gets in looks for.

## Example

```terraform
removed {
  from = aws_iam_user.legacy

  lifecycle {
    destroy = false
  }
}
```

## Use instead

```terraform
removed {
  from = aws_iam_user.legacy

  lifecycle {
    destroy = true
  }
}
```

## Known limits

- An identity that another state imports in the same breath is told too: a plan shows only its own side.
- `tofu state rm` leaves no trace in a plan.

## References

- [OWASP NHI1:2025 Improper Offboarding](https://owasp.org/www-project-non-human-identities-top-10/2025/1-improper-offboarding/)
- [OpenTofu: removing resources](https://opentofu.org/docs/language/resources/syntax/#removing-resources)
",
};

fn check(facts: &Facts, out: &mut Findings) {
    for forgotten in facts.governance.forgotten() {
        let noun = forgotten.noun;
        let article = if noun == "identity" { "an" } else { "a" };
        let message = if forgotten.replaced {
            format!("{article} {noun} is replaced, and the old one goes on to exist where no state knows it")
        } else {
            format!("{article} {noun} leaves the state and goes on to exist")
        };
        out.push(RULE.finding(&forgotten.address, "").message(message).remediation(
            "destroy it; where another state takes it over, import it there and claim it with an `nhi_identity`",
        ));
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::Action;

    use crate::rules::cases::{Case, Plan, cases, plan};

    fn forgotten(address: &'static str, before: &'static str) -> Plan {
        plan(&[(address, "null")]).changed(address, |change| {
            change.actions = vec![Action::Forget];
            change.before = Some(before.into());
            change.after = None;
        })
    }

    #[test]
    fn table() {
        cases(&super::RULE)
            .flags(&[
                Case::medium("a user", forgotten("aws_iam_user.u", r#"{"name":"u"}"#)),
                Case::medium("a key", forgotten("google_service_account_key.k", "{}")),
                Case::medium(
                    "replaced",
                    plan(&[("aws_iam_role.r", r#"{"name":"r"}"#)]).changed("aws_iam_role.r", |change| {
                        change.actions = vec![Action::Create, Action::Forget];
                    }),
                ),
                Case::medium(
                    "claimed is another",
                    forgotten("aws_iam_role.r", r#"{"arn":"arn:aws:iam::111122223333:role/r"}"#).and((
                        "nhi_identity.i",
                        r#"{"external":["arn:aws:iam::111122223333:role/other"]}"#,
                    )),
                ),
            ])
            .allows(&[
                Case::clean(
                    "destroyed",
                    plan(&[("aws_iam_user.u", "{}")]).destroyed("aws_iam_user.u"),
                ),
                Case::clean("no identity", forgotten("aws_s3_bucket.b", "{}")),
                Case::clean("service-linked", forgotten("aws_iam_service_linked_role.s", "{}")),
                Case::clean(
                    "claimed",
                    forgotten("aws_iam_role.r", r#"{"arn":"arn:aws:iam::111122223333:role/r"}"#)
                        .and(("nhi_identity.i", r#"{"external":["arn:aws:iam::111122223333:role/r"]}"#)),
                ),
                Case::clean(
                    "imported under another address",
                    forgotten("aws_iam_role.r", r#"{"id":"r"}"#)
                        .and(("aws_iam_role.other", r#"{"id":"r"}"#))
                        .changed("aws_iam_role.other", |change| {
                            change.actions = vec![Action::NoOp];
                            change.attributes.push(("importing".into(), r#"{"id":"r"}"#.into()));
                        }),
                ),
                Case::clean("it stays", plan(&[("aws_iam_user.u", "{}")])),
            ]);
    }
}
