//! Tells who can become whom, edge by edge, where somebody asked for the graph.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::graph::{Certainty, Edge};
use crate::rule::{Check, Group, Rule};

/// One edge of the identity graph.
pub(super) static RULE: Rule = Rule {
    code: "NHI090",
    name: "identity-edge",
    group: Group::Privilege,
    severity: Severity::Info,
    since: "0.1.0",
    summary: "an identity can become another one",
    why: "an identity is worth what the strongest identity is worth that it can become",
    controls: &["NHI5:2025", "CWE-269", "AC-6"],
    check: Check::Plan(check),
    docs: r#"
## What it does

Tells every step that an identity of the plan can make to another one: a role that it may assume, a workload whose code it may change, a role that it may pass to a service, a permission that it may write.
It says nothing unless the setting `graph` of the analyzer is `true`; `nhi graph` sets it and draws what it says.
Each finding has the attributes `from`, `from_kind`, `from_administrator`, `to`, `to_kind`, `to_administrator` (also as `admin`), `how` (a method of the catalogue, `runs-as` or `member-of`), `via` (the statement that allows it) and `certainty` (`yes` or `possibly`).

## Why is this bad?

An edge is not bad by itself.
A chain of edges that ends at an administrator is, and [NHI004](NHI004.md) tells it.

## Example

```terraform
resource "aws_iam_role" "deploy" {
  name               = "deploy"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = aws_iam_role.ci.arn } }] })
}
```

## Use instead

```terraform
resource "aws_iam_role" "deploy" {
  name               = "deploy"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "codebuild.amazonaws.com" } }] })
}
```

## Known limits

- Steps are told for AWS, Google Cloud, Azure and Entra; at most 5,000 of them, and of those the first 1,000 one by one.
- Steps of whoever holds everything already are left out: they lead everywhere.
- Whoever may become everybody of a kind is told for the targets that the plan shows.

## References

- [Privilege escalation in AWS, a catalogue of paths](https://pathfinding.cloud/)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    let Some(graph) = &facts.graph else { return };
    for edge in &graph.edges {
        let Edge {
            from,
            to,
            how,
            via,
            certainty,
        } = edge;
        let can = match certainty {
            Certainty::Yes => "can become",
            Certainty::Possibly => "can possibly become",
        };
        let mut finding = RULE
            .finding(&from.name, "")
            .message(format!(
                "{} `{}` {can} {} `{}` ({how})",
                from.kind, from.name, to.kind, to.name
            ))
            .remediation("take away the permission that allows the step, where nobody needs it");
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        finding.attributes = vec![
            own("from", &from.name),
            own("from_kind", from.kind),
            own("from_administrator", if from.administrator { "true" } else { "false" }),
            own("to", &to.name),
            own("to_kind", to.kind),
            own("to_administrator", if to.administrator { "true" } else { "false" }),
            // Whoever draws marks where a path ends.
            own("admin", if to.administrator { "true" } else { "false" }),
            own("how", how),
            own("via", via),
            own("certainty", certainty.as_str()),
        ];
        out.push(finding);
    }
    if let (true, Some(last)) = (graph.omitted > 0, graph.edges.last()) {
        let mut finding = RULE
            .finding(&last.from.name, "")
            .message(format!("and {} more edges, which are not told", graph.omitted))
            .remediation("look at a part of the plan: the graph is too large to draw");
        finding.attributes = vec![(String::from("omitted"), graph.omitted.to_string())];
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Plan, doc, plan};

    fn chain() -> Plan {
        let trust = |who: &str| {
            doc(&format!(
                r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{who}}}"#
            ))
        };
        let deploy = doc(r#"{"Effect":"Allow","Action":"lambda:UpdateFunctionCode","Resource":"*"}"#);
        let everything = doc(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
        let lambda = trust(r#"{"Service":"lambda.amazonaws.com"}"#);
        let user = trust(r#"{"AWS":"arn:aws:iam::111122223333:user/u"}"#);
        plan(&[
            ("aws_iam_user.u", r#"{"name":"u"}"#),
            (
                "aws_iam_role.a",
                &format!(r#"{{"name":"a","assume_role_policy":{user}}}"#),
            ),
            (
                "aws_iam_role_policy.a",
                &format!(r#"{{"name":"p","role":"a","policy":{deploy}}}"#),
            ),
            (
                "aws_iam_role.b",
                &format!(r#"{{"name":"b","assume_role_policy":{lambda}}}"#),
            ),
            (
                "aws_iam_role_policy.b",
                &format!(r#"{{"name":"p","role":"b","policy":{everything}}}"#),
            ),
            (
                "aws_lambda_function.f",
                r#"{"function_name":"f","role":"arn:aws:iam::111122223333:role/b"}"#,
            ),
        ])
    }

    #[test]
    fn other_platforms_are_in_the_graph() {
        let admin = r#""service_account_id":"projects/p/serviceAccounts/admin@p.iam.gserviceaccount.com""#;
        let plan = plan(&[
            (
                "google_service_account.admin",
                r#"{"account_id":"admin","project":"p"}"#,
            ),
            (
                "google_project_iam_member.o",
                r#"{"project":"p","role":"roles/owner","member":"serviceAccount:admin@p.iam.gserviceaccount.com"}"#,
            ),
            (
                "google_service_account_iam_member.t",
                &format!(
                    r#"{{{admin},"role":"roles/iam.serviceAccountTokenCreator","member":"serviceAccount:ci@p.iam.gserviceaccount.com"}}"#
                ),
            ),
        ]);
        let told = plan.judge_with(r#"{"graph":true}"#);
        let edge = told.iter().find(|finding| finding.rule == "NHI090").expect("an edge");
        assert_eq!(edge.address, "ci@p.iam.gserviceaccount.com");
        let to = edge.attributes.iter().find(|(name, _)| name == "to");
        assert_eq!(to.map(|(_, to)| to.as_str()), Some("google_service_account.admin"));
    }

    #[test]
    fn edges_are_told_on_request() {
        let told = |settings: &str| -> Vec<String> {
            let findings = chain()
                .judge_with(settings)
                .into_iter()
                .filter(|finding| finding.rule == "NHI090");
            findings
                .map(|finding| {
                    let values: Vec<_> = finding.attributes.into_iter().map(|(_, value)| value).collect();
                    values.join(" | ")
                })
                .collect()
        };
        assert_eq!(told("{}"), [""; 0]);
        assert_eq!(
            told(r#"{"graph":true}"#),
            [
                "aws_iam_role.a | role | true | aws_iam_role.b | role | true | true | lambda-003 | statement 1 in aws_iam_role_policy.a | yes",
                "aws_iam_user.u | user | true | aws_iam_role.a | role | true | true | sts-001 | the trust of the role in aws_iam_role.a | yes",
                "aws_lambda_function.f | function | true | aws_iam_role.b | role | true | true | runs-as | aws_lambda_function.f | yes",
            ]
        );
    }
}
