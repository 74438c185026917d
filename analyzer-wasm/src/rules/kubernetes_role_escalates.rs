//! Flags subjects that can give themselves more rights in Kubernetes than their roles say.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::kubernetes::{Family, Kind};

use crate::rule::{Check, Group, Rule};

/// Subjects that can give themselves more rights in Kubernetes than their roles say.
pub(super) static RULE: Rule = Rule {
    code: "NHI061",
    name: "kubernetes-role-escalates",
    group: Group::Privilege,
    severity: Severity::Critical,
    since: "0.1.0",
    summary: "a Kubernetes role lets its holder take rights that it does not list",
    why: "the role looks small, but one request turns it into the administrator of the cluster or of the node",
    controls: &["NHI5:2025", "CWE-269", "AC-6", "PR.AA-05", "CC6.3", "A.8.2", "CWE-266"],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags subjects whose roles together give a known way to more privilege:
`escalate`, `bind` and `impersonate`; `serviceaccounts/token`; `nodes/proxy`; approval of certificates; admission webhooks; `aws-auth`; host paths through volumes; namespaces with their Pod Security labels; pods driven to another node; the status of nodes, pods and services.
What is needed may stand in several roles of one subject; `resourceNames` narrow unless they name something dangerous.
The severity follows the scope: all namespaces and `kube-system` are worst, an ordinary namespace is less.
A role that nothing in the plan binds is two steps lower.
Each subject has one finding with its worst way; the others are counted.

## Why is this bad?

Kubernetes refuses to let anybody hand out rights that they lack, except through these doors.
A role with one of them is as good as every role.

## Example

```terraform
resource "kubernetes_cluster_role_v1" "operator" {
  metadata {
    name = "operator"
  }
  rule {
    api_groups = ["rbac.authorization.k8s.io"]
    resources  = ["clusterroles"]
    verbs      = ["get", "create", "update", "escalate"]
  }
}
```

## Use instead

```terraform
resource "kubernetes_cluster_role_v1" "operator" {
  metadata {
    name = "operator"
  }
  rule {
    api_groups     = ["rbac.authorization.k8s.io"]
    resources      = ["clusterroles"]
    resource_names = ["app-reader"]
    verbs          = ["get", "bind"]
  }
}
```

## Known limits

- A role that is neither in the plan nor built in is not judged; what charts put into templates is not in a plan.
- Of Helm values, lists of rules and whole manifests are read; `set` entries are not.
- Checked against the shape that the providers document, not against a cluster.
- Rights on custom resources whose controllers act with more rights (pipelines, applications) are not judged.
- `aws-auth` matters where the plan has an EKS cluster, or where the rule names it.

## References

- [RBAC good practices](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [Restrictions on role creation and binding](https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping)
- [KubeHound, a catalogue of attack paths](https://kubehound.io/reference/attacks/)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    let settled = &facts.kubernetes.settled;
    let own = settled
        .judgements
        .iter()
        .filter(|judgement| judgement.kind == Kind::Family(Family::Escalate));
    for judgement in own {
        let message = judgement.sentence(&judgement.role);
        out.push(judgement.finding(
            &facts.kubernetes,
            &RULE,
            message,
            "remove the verb, or limit the rule with `resource_names` and to a namespace",
        ));
    }
    for (place, path) in &settled.unknown_roles {
        let finding = RULE
            .finding(&place.address, path)
            .message("what the role allows is known only after apply")
            .remediation("write the rules with values that are known when planning");
        out.push(finding.unverified());
    }
    for unread in &facts.kubernetes.unread {
        let finding = RULE
            .finding(&unread.place.address, &unread.path)
            .message(format!(
                "whether this gives a role or binds one could not be told: {}",
                unread.why
            ))
            .remediation("write the manifest as an object, or with values that are known when planning");
        out.push(finding.unverified());
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::symbol::{one_of, symbol};
    use proptest::prelude::*;

    use crate::facts::kubernetes::testing::{ACCOUNT, binding, cluster_binding, everywhere, group, rule, within};
    use crate::rules::cases::{Case, cases, plan};

    const RBAC: &str = "rbac.authorization.k8s.io";
    const CERTIFICATES: &str = "certificates.k8s.io";
    const ADMISSION: &str = "admissionregistration.k8s.io";

    fn both(first: &str, second: &str) -> String {
        format!("{first},{second}")
    }

    #[test]
    fn each_row_of_the_catalogue() {
        let pods = || rule("", "pods", "create", "");
        cases(&super::RULE)
            .flags(&[
                Case::critical("escalate", everywhere(&rule(RBAC, "clusterroles", "get,update,escalate", ""))).at("rule[0]"),
                Case::critical("escalate, in two rules", everywhere(&both(&rule(RBAC, "clusterroles", "escalate", ""), &rule("*", "clusterroles", "patch", "")))),
                Case::medium("escalate on one kind, write on the other", everywhere(&both(&rule(RBAC, "clusterroles", "escalate", ""), &rule(RBAC, "roles", "patch", "")))),
                Case::medium("escalate alone", everywhere(&rule(RBAC, "clusterroles", "escalate", ""))),
                Case::medium("escalate in a namespace", within("shop", &rule(RBAC, "roles", "update,escalate", ""))),
                Case::critical("escalate in kube-system", within("kube-system", &rule(RBAC, "roles", "*", ""))),
                Case::critical("bind", everywhere(&rule(RBAC, "clusterroles,clusterrolebindings", "bind,create", ""))),
                Case::critical("bind cluster-admin", everywhere(&both(&rule(RBAC, "clusterroles", "bind", "cluster-admin"), &rule(RBAC, "rolebindings", "create", "")))),
                Case::medium("bind alone", everywhere(&rule(RBAC, "clusterroles", "bind", ""))),
                Case::critical("impersonate", everywhere(&rule("", "users,groups", "impersonate", ""))),
                Case::critical("impersonate masters", everywhere(&rule("", "groups", "impersonate", "system:masters"))),
                Case::critical("impersonate accounts", everywhere(&rule("", "serviceaccounts", "impersonate", ""))),
                Case::medium("impersonate accounts of a namespace", within("shop", &rule("", "serviceaccounts", "impersonate", ""))),
                Case::medium("impersonate extras", everywhere(&rule("authentication.k8s.io", "userextras/scopes", "impersonate", ""))),
                Case::critical("token requests", everywhere(&rule("", "serviceaccounts/token", "create", ""))),
                Case::critical("tokens by a part of everything", everywhere(&rule("", "*/token", "create", ""))),
                Case::high("nodes/proxy", everywhere(&rule("", "nodes/proxy", "get", ""))),
                Case::high("webhooks", everywhere(&rule(ADMISSION, "validatingwebhookconfigurations", "patch", ""))),
                Case::critical("certificates", everywhere(&[
                    rule(CERTIFICATES, "certificatesigningrequests", "create", ""),
                    rule(CERTIFICATES, "certificatesigningrequests/approval", "update", ""),
                    rule(CERTIFICATES, "signers", "approve", "kubernetes.io/kube-apiserver-client"),
                ].join(","))),
                Case::high("approval", everywhere(&both(
                    &rule(CERTIFICATES, "certificatesigningrequests/approval", "update", ""),
                    &rule(CERTIFICATES, "signers", "approve", ""),
                ))),
                Case::high("aws-auth by name", within("kube-system", &rule("", "configmaps", "update", "aws-auth"))),
                Case::high("aws-auth on EKS", within("kube-system", &rule("", "configmaps", "patch", "")).and(("aws_eks_cluster.c", r#"{"name":"c"}"#))),
                Case::medium("pods to another node", everywhere(&both(&rule("", "pods", "delete", ""), &rule("", "nodes/status", "patch", "")))),
                Case::medium("eviction to another node", everywhere(&both(&rule("", "pods/eviction", "create", ""), &rule("", "nodes", "update", "")))),
                Case::low("status", everywhere(&rule("", "services/status", "patch", ""))),
                Case::low("volumes", everywhere(&rule("", "persistentvolumes", "create", ""))),
                Case::high("volumes and pods", everywhere(&both(&rule("", "persistentvolumes", "create", ""), &pods()))),
                Case::low("namespaces", everywhere(&rule("", "namespaces", "patch", ""))),
                Case::high("namespaces and pods", everywhere(&both(&rule("", "namespaces", "patch", ""), &pods()))),
                Case::low("nobody has it yet", plan(&[("kubernetes_cluster_role.r", &format!(r#"{{"metadata":[{{"name":"r"}}],"rule":[{}]}}"#, rule("", "nodes/proxy", "get", "")))])),
                Case::high(
                    "in a manifest",
                    plan(&[
                        ("kubernetes_manifest.r", r#"{"manifest":{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"r"},"rules":[{"apiGroups":[""],"resources":["nodes/proxy"],"verbs":["create"]}]}}"#),
                        ("kubernetes_cluster_role_binding.b", &cluster_binding("r", ACCOUNT)),
                    ]),
                )
                .at("manifest.rules[0]"),
                Case::high(
                    "in YAML, many documents",
                    plan(&[
                        ("kubectl_manifest.r", r#"{"yaml_body":"kind: ClusterRole\nmetadata: {name: r}\nrules:\n- apiGroups: ['']\n  resources: [nodes/proxy]\n  verbs: [get]\n"}"#),
                        ("kubectl_manifest.b", r#"{"yaml_body":"kind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {kind: ClusterRole, name: r, apiGroup: rbac.authorization.k8s.io}\nsubjects:\n- {kind: ServiceAccount, name: a, namespace: n}\n"}"#),
                    ]),
                )
                .at("yaml_body"),
                Case::medium("in values of a chart", plan(&[("helm_release.c", r#"{"namespace":"ops","values":["rbac:\n  clusterRules:\n  - apiGroups: ['']\n    resources: [nodes/proxy]\n    verbs: [get]\n"]}"#)])).at("values[0]"),
            ])
            .allows(&[
                Case::clean("escalate on another group", everywhere(&rule("apps", "clusterroles", "escalate", ""))),
                Case::clean("cluster roles from within a namespace", within("kube-system", &rule("", "nodes/proxy,users,groups", "get,create,impersonate", ""))),
                Case::clean("webhooks from within a namespace", within("kube-system", &rule(ADMISSION, "mutatingwebhookconfigurations", "create", ""))),
                Case::clean("its own webhook", everywhere(&rule(ADMISSION, "mutatingwebhookconfigurations", "update,patch", "injector"))),
                Case::clean("bind a named role", everywhere(&both(&rule(RBAC, "clusterroles", "bind", "app-reader"), &rule(RBAC, "rolebindings", "create", "")))),
                Case::clean("bindings without bind", everywhere(&rule(RBAC, "rolebindings,clusterrolebindings,roles", "create,update,patch", ""))),
                Case::clean("impersonate one user", everywhere(&rule("", "users", "impersonate", "jane@example.com"))),
                Case::clean("tokens of one account", everywhere(&rule("", "serviceaccounts/token", "create", "app"))),
                Case::clean("kubelet certificates", everywhere(&both(
                    &rule(CERTIFICATES, "certificatesigningrequests/approval", "update", ""),
                    &rule(CERTIFICATES, "signers", "approve", "kubernetes.io/kubelet-serving"),
                ))),
                Case::clean("the approver of another group", everywhere(&rule("cert-manager.io", "signers", "approve", ""))),
                Case::clean("reads all of it", everywhere(&rule("*", "nodes,nodes/metrics,roles,clusterroles,configmaps,namespaces,serviceaccounts", "get,list,watch", ""))),
                Case::clean("nobody is bound to a weak one", plan(&[("kubernetes_cluster_role.r", &format!(r#"{{"metadata":[{{"name":"r"}}],"rule":[{}]}}"#, rule("", "persistentvolumes", "create", "")))])),
                Case::clean("destroyed", everywhere(&rule("", "nodes/proxy", "get", "")).destroyed("kubernetes_cluster_role_v1.r")),
                Case::clean("everything is another rule", everywhere(&rule("*", "*", "*", ""))),
                Case::clean("a chart's values without rules", plan(&[("helm_release.c", r#"{"values":["rbac:\n  create: true\nverbs: [a]\n"]}"#)])),
            ]);
    }

    #[test]
    fn roles_join() {
        let proxy = rule("", "nodes/proxy", "get", "");
        let named = |name: &str, rules: &str| {
            format!(r#"{{"metadata":[{{"name":"{name}","labels":{{"tier":"{name}"}}}}],"rule":[{rules}]}}"#)
        };
        let half = |address: &'static str, name: &str, rules: &str| (address, named(name, rules));
        let (first, second) = (
            half(
                "kubernetes_cluster_role_v1.one",
                "one",
                &rule(RBAC, "clusterroles", "escalate", ""),
            ),
            half(
                "kubernetes_cluster_role_v1.two",
                "two",
                &rule(RBAC, "clusterroles", "update", ""),
            ),
        );
        cases(&super::RULE)
            .flags(&[
                Case::critical(
                    "two roles of one subject",
                    plan(&[
                        (first.0, &first.1),
                        (second.0, &second.1),
                        ("kubernetes_cluster_role_binding_v1.one", &cluster_binding("one", ACCOUNT)),
                        ("kubernetes_cluster_role_binding_v1.two", &cluster_binding("two", ACCOUNT)),
                    ]),
                ),
                Case::high(
                    "aggregated",
                    plan(&[
                        ("kubernetes_cluster_role_v1.part", &named("part", &proxy)),
                        ("kubernetes_cluster_role_v1.whole", r#"{"metadata":[{"name":"whole"}],"rule":[],"aggregation_rule":[{"cluster_role_selectors":[{"match_labels":{"tier":"part"}}]}]}"#),
                        ("kubernetes_cluster_role_binding_v1.b", &cluster_binding("whole", ACCOUNT)),
                    ])
                    .changed("kubernetes_cluster_role_v1.part", |change| change.address = "kubernetes_cluster_role_v1.part".into()),
                ),
                Case::medium(
                    "part of a role that every cluster has",
                    plan(&[("kubernetes_cluster_role_v1.r", &format!(r#"{{"metadata":[{{"name":"x","labels":{{"rbac.authorization.k8s.io/aggregate-to-view":"true"}}}}],"rule":[{proxy}]}}"#))]),
                ),
                Case::medium("a group of people", plan(&[("kubernetes_cluster_role_v1.r", &named("r", &proxy)), ("kubernetes_cluster_role_binding_v1.b", &cluster_binding("r", &group("platform")))])),
                Case::high(
                    "a group of IAM roles",
                    plan(&[
                        ("kubernetes_cluster_role_v1.r", &named("r", &proxy)),
                        ("kubernetes_cluster_role_binding_v1.b", &cluster_binding("r", &group("ci"))),
                        ("aws_eks_access_entry.ci", r#"{"cluster_name":"c","kubernetes_groups":["ci"],"principal_arn":"arn:aws:iam::111122223333:role/ci"}"#),
                    ]),
                ),
                Case::high(
                    "an account as a user",
                    plan(&[("kubernetes_cluster_role_v1.r", &named("r", &proxy)), ("kubernetes_cluster_role_binding_v1.b", &cluster_binding("r", r#"{"kind":"User","name":"system:serviceaccount:shop:app"}"#))]),
                ),
                Case::high(
                    "many subjects, one finding",
                    plan(&[("kubernetes_cluster_role_v1.r", &named("r", &proxy)), ("kubernetes_cluster_role_binding_v1.b", &cluster_binding("r", &format!("{ACCOUNT},{}", ACCOUNT.replace("app", "web"))))]),
                ),
                Case::high(
                    "a made-up name, by reference",
                    plan(&[("kubernetes_cluster_role_v1.r", &format!(r#"{{"metadata":[{{"generate_name":"r-"}}],"rule":[{proxy}]}}"#)), ("kubernetes_cluster_role_binding_v1.b", &cluster_binding("r", ACCOUNT).replace(r#""name":"r""#, r#""name":null"#))])
                        .unknown("kubernetes_cluster_role_binding_v1.b", &["role_ref[0].name"])
                        .references("kubernetes_cluster_role_binding_v1.b", "role_ref.name", &["kubernetes_cluster_role_v1.r"]),
                ),
                Case::medium(
                    "a namespace that is made up later",
                    within("shop", &rule("", "serviceaccounts/token", "create", ""))
                        .changed("kubernetes_role.r", |change| change.after = change.after.take().map(|text| text.replace(r#""shop""#, "null").into()))
                        .unknown("kubernetes_role.r", &["metadata[0].namespace"]),
                ),
                Case::medium(
                    "both namespaces are made up later",
                    within("shop", &rule("", "serviceaccounts/token", "create", ""))
                        .changed("kubernetes_role.r", |change| change.after = change.after.take().map(|text| text.replace(r#""shop""#, "null").into()))
                        .changed("kubernetes_role_binding.b", |change| change.after = change.after.take().map(|text| text.replacen(r#""shop""#, "null", 1).into()))
                        .unknown("kubernetes_role.r", &["metadata[0].namespace"])
                        .unknown("kubernetes_role_binding.b", &["metadata[0].namespace"]),
                ),
                Case::medium("the built-in editor in a namespace", plan(&[("kubernetes_role_binding.b", &binding("shop", "ClusterRole", "edit", ACCOUNT))])).at("role_ref[0].name"),
                Case::critical("the built-in controller that escalates", plan(&[("kubernetes_cluster_role_binding.b", &cluster_binding("system:controller:clusterrole-aggregation-controller", ACCOUNT))])),
                Case::unverified("a verb is unknown", everywhere(r#"{"api_groups":[""],"resources":["nodes/proxy"],"verbs":[null]}"#).unknown("kubernetes_cluster_role_v1.r", &["rule[0].verbs[0]"])),
                Case::unverified("the rules are unknown", everywhere("").unknown("kubernetes_cluster_role_v1.r", &["rule"])),
                Case::unverified("a manifest is unknown", plan(&[("kubernetes_manifest.m", "{}")]).unknown("kubernetes_manifest.m", &["manifest"])),
                Case::unverified("YAML that is none", plan(&[("kubectl_manifest.m", r#"{"yaml_body":"{{ if }}: ["}"#)])),
            ])
            .allows(&[
                Case::clean("a role of the user's own named like a built-in one", plan(&[("kubernetes_role_binding.b", &binding("shop", "Role", "admin", ACCOUNT))])),
                Case::clean("view", plan(&[("kubernetes_cluster_role_binding.b", &cluster_binding("view", ACCOUNT))])),
                Case::clean("a role of another plan", plan(&[("kubernetes_cluster_role_binding.b", &cluster_binding("external-dns", ACCOUNT))])),
                Case::clean("a verb is unknown on harmless things", everywhere(r#"{"api_groups":[""],"resources":["services"],"verbs":[null]}"#)),
                Case::clean("a name is unknown, and narrows", everywhere(r#"{"api_groups":[""],"resources":["serviceaccounts/token"],"verbs":["create"],"resource_names":[null]}"#)),
                Case::clean("a manifest of another kind", plan(&[("kubernetes_manifest.m", r#"{"manifest":{"kind":"Deployment","metadata":{"name":"x"},"rules":[{"verbs":["*"]}]}}"#)])),
            ]);
    }

    #[test]
    fn a_built_in_role_of_a_namespace_is_told_once() {
        let found = plan(&[(
            "kubernetes_role_binding.b",
            &binding("shop", "ClusterRole", "edit", ACCOUNT),
        )])
        .judge();
        assert_eq!(found.len(), 1, "{found:#?}");
        let ways = found[0]
            .attributes
            .iter()
            .find(|(key, _)| key == "ways")
            .map(|(_, ways)| ways.as_str());
        let ways = ways.unwrap_or_default();
        assert!(
            ["token-request", "read-secrets", "create-pods"]
                .iter()
                .all(|way| ways.contains(way)),
            "{found:#?}"
        );
    }

    #[test]
    fn symbols_in_yaml() {
        let origin = r#"var.rules["a: b"]"#;
        let of = |rules: &str, namespace: &str| {
            let role = format!("kind: ClusterRole\nmetadata:\n  name: r\nrules: {rules}\n");
            let binding = format!(
                "kind: ClusterRoleBinding\nmetadata: {{name: b}}\nroleRef: {{kind: ClusterRole, name: r}}\nsubjects:\n- kind: ServiceAccount\n  name: app\n  namespace: {namespace}\n"
            );
            let body = |text: &str| format!(r#"{{"yaml_body":{}}}"#, nhi_plan::json::quote(text));
            plan(&[
                ("kubectl_manifest.r", &body(&role)),
                ("kubectl_manifest.b", &body(&binding)),
            ])
        };
        let known = "[{apiGroups: [''], resources: [nodes/proxy], verbs: [get]}]";
        let verbs = format!(
            "[{{apiGroups: [''], resources: [nodes/proxy], verbs: [{}]}}]",
            symbol(origin)
        );
        let role = |rules: &str| format!("kind: ClusterRole\nmetadata: {{name: r}}\nrules: {rules}\n");
        let group = plan(&[(
            "kubectl_manifest.r",
            &format!(
                r#"{{"yaml_body":{}}}"#,
                nhi_plan::json::quote(&one_of([role(known).as_str(), "kind: Pod"]))
            ),
        )]);
        cases(&super::RULE)
            .flags(&[
                Case::high("a namespace", of(known, &symbol(origin))),
                Case::unverified("a verb", of(&verbs, "shop")),
                Case::unverified("all rules", of(&symbol(origin), "shop")),
                Case::unverified("one of two manifests", group),
            ])
            .allows(&[Case::clean(
                "verbs of harmless things",
                of(&verbs.replace("nodes/proxy", "services"), "shop"),
            )]);
    }

    proptest! {
        #[test]
        fn any_manifest_is_judged(text in r#"(kind: |ClusterRole|Role|Binding|List|\n|rules:|- |verbs: |\['\*'\]|resources: |roleRef: |subjects:|name: |metadata: |\{|\}|items:|  |x|"){0,40}"#) {
            let body = format!(r#"{{"yaml_body":{0},"values":[{0}],"namespace":"n"}}"#, nhi_plan::json::quote(&text));
            plan(&[("kubectl_manifest.m", &body), ("helm_release.h", &body)]).judge();
        }
    }
}
