//! Flags IAM identities that are administrators of an EKS cluster.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::kubernetes::Policy;

use crate::rule::{Check, Group, Rule};

/// IAM identities that are administrators of an EKS cluster.
pub(super) static RULE: Rule = Rule {
    code: "NHI067",
    name: "eks-cluster-admin",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "an IAM identity is administrator of an EKS cluster",
    why: "every key and every role session of this identity owns the cluster, whatever RBAC says",
    controls: &["NHI5:2025", "CWE-269", "AC-6", "PR.AA-05", "CC6.3", "A.8.2"],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags `aws_eks_access_policy_association` with `AmazonEKSClusterAdminPolicy` for the whole cluster (high) or for namespaces (medium), `AmazonEKSAdminPolicy` for the whole cluster (medium), and entries of the `aws-auth` config map in the group `system:masters` (high).
`mapAccounts`, which lets every identity of an account log in, is medium.

## Why is this bad?

The way into the cluster is then IAM: a role that a pipeline or a stranger may assume is a cluster administrator, and `system:masters` cannot be taken back by any RBAC rule.

## Example

```terraform
resource "aws_eks_access_policy_association" "ci" {
  cluster_name  = "main"
  principal_arn = aws_iam_role.ci.arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }
}
```

## Use instead

```terraform
resource "aws_eks_access_policy_association" "ci" {
  cluster_name  = "main"
  principal_arn = aws_iam_role.ci.arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"

  access_scope {
    type       = "namespace"
    namespaces = ["shop"]
  }
}
```

## Known limits

- The creator of a cluster is its administrator unless `bootstrap_cluster_creator_admin_permissions` is false; that is not judged.
- Groups in `kubernetes_groups` of an access entry are judged by the roles that are bound to them.
- Checked against the shape that the providers document, not against a cluster.

## References

- [Access policy permissions](https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    let kubernetes = &facts.kubernetes;
    for access in &kubernetes.access {
        let (severity, what) = match (access.policy, access.cluster) {
            (Some(Policy::ClusterAdmin), true) => (Severity::High, "is administrator of the whole cluster"),
            (Some(Policy::ClusterAdmin), false) => {
                (Severity::Medium, "may do everything in some namespaces of the cluster")
            }
            (Some(Policy::Admin), true) => (Severity::Medium, "is administrator of every namespace of the cluster"),
            (Some(Policy::Admin), false) => continue,
            (None, _) => {
                let finding = RULE
                    .finding(&access.address, "policy_arn")
                    .message("which access policy an IAM identity gets is known only after apply")
                    .remediation("name the policy by a value that is known when planning");
                out.push(finding.unverified());
                continue;
            }
        };
        let mut finding = RULE
            .finding(&access.address, "policy_arn")
            .message(format!("an IAM identity {what}"))
            .remediation(
                "associate an access policy with the rights that are used, for the namespaces where they are used",
            );
        finding.severity = Some(severity);
        out.push(finding);
    }
    for master in &kubernetes.masters {
        let finding = RULE
            .finding(&master.place.address, &master.path)
            .message(format!(
                "`{}` is in the group `system:masters`, whose rights nothing can limit",
                master.who
            ))
            .remediation("map it to a group of its own and bind the role that it needs to that group");
        out.push(finding);
    }
    for accounts in &kubernetes.accounts {
        let mut finding = RULE
            .finding(&accounts.place.address, &accounts.path)
            .message("every IAM identity of an account may log in to the cluster")
            .remediation("map the roles that need it one by one");
        finding.severity = Some(Severity::Medium);
        out.push(finding);
    }
    for unread in &kubernetes.unread_auth {
        let finding = RULE
            .finding(&unread.place.address, &unread.path)
            .message(format!(
                "whom `aws-auth` makes administrator could not be told: {}",
                unread.why
            ))
            .remediation("write the map with values that are known when planning");
        out.push(finding.unverified());
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    fn policy(name: &str, scope: &str) -> Plan {
        plan(&[(
            "aws_eks_access_policy_association.a",
            &format!(
                r#"{{"policy_arn":"arn:aws:eks::aws:cluster-access-policy/{name}","access_scope":[{{"type":"{scope}","namespaces":null}}]}}"#
            ),
        )])
    }

    fn map(key: &str, text: &str) -> Plan {
        plan(&[(
            "kubernetes_config_map_v1_data.m",
            &format!(
                r#"{{"metadata":[{{"name":"aws-auth","namespace":"kube-system"}}],"data":{{"{key}":{}}}}}"#,
                nhi_plan::json::quote(text)
            ),
        )])
    }

    #[test]
    fn table() {
        let nodes = "- rolearn: arn:aws:iam::111122223333:role/node\n  username: system:node:{{EC2PrivateDNSName}}\n  groups:\n    - system:bootstrappers\n    - system:nodes\n";
        cases(&super::RULE)
            .flags(&[
                Case::high("the whole cluster", policy("AmazonEKSClusterAdminPolicy", "cluster")).at("policy_arn"),
                Case::medium("namespaces", policy("AmazonEKSClusterAdminPolicy", "namespace")),
                Case::medium("administrator of namespaces, everywhere", policy("AmazonEKSAdminPolicy", "cluster")),
                Case::unverified("an unknown policy", plan(&[("aws_eks_access_policy_association.a", "{}")]).unknown("aws_eks_access_policy_association.a", &["policy_arn"])),
                Case::high("masters", map("mapRoles", &format!("{nodes}- rolearn: arn:aws:iam::111122223333:role/ci\n  groups: [\"system:masters\"]\n"))).at("data.mapRoles"),
                Case::high("masters, as JSON", map("mapUsers", r#"[{"userarn":"arn:aws:iam::111122223333:user/ci","groups":["system:masters"]}]"#)),
                Case::medium("an account", map("mapAccounts", "- \"111122223333\"\n")),
                Case::unverified("broken", map("mapRoles", "- [")),
                Case::unverified("unknown", map("mapUsers", "").unknown("kubernetes_config_map_v1_data.m", &["data.mapRoles"])),
            ])
            .allows(&[
                Case::clean("edits a namespace", policy("AmazonEKSEditPolicy", "namespace")),
                Case::clean("views", policy("AmazonEKSViewPolicy", "cluster")),
                Case::clean("administers a namespace", policy("AmazonEKSAdminPolicy", "namespace")),
                Case::clean("nodes", map("mapRoles", nodes)),
                Case::clean("nothing", map("mapAccounts", "[]")),
                Case::clean("another map", plan(&[("kubernetes_config_map.m", r#"{"metadata":[{"name":"aws-auth","namespace":"shop"}],"data":{"mapRoles":"- groups: [system:masters]"}}"#)])),
            ]);
    }
}
