//! Roles that every cluster has, by content, as far as it matters.
//!
//! Facts: the bootstrap policy of the API server as the Kubernetes documentation describes it. A role that is not
//! listed reads status or writes its own leases.

use super::model::{List, PolicyRule};

/// Groups, resources, verbs; separated by commas.
type Row = (&'static str, &'static str, &'static str);

const VIEW: &[Row] = &[
    (
        "",
        "configmaps,endpoints,events,limitranges,namespaces,persistentvolumeclaims,pods,pods/log,pods/status,replicationcontrollers,resourcequotas,serviceaccounts,services",
        "get,list,watch",
    ),
    (
        "apps,autoscaling,batch,discovery.k8s.io,networking.k8s.io,policy",
        "cronjobs,daemonsets,deployments,ingresses,jobs,networkpolicies,replicasets,statefulsets",
        "get,list,watch",
    ),
];

const EDIT: &[Row] = &[
    (
        "",
        "pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy",
        "get,list,watch",
    ),
    ("", "serviceaccounts", "impersonate"),
    (
        "",
        "pods,pods/attach,pods/exec,pods/portforward,pods/proxy",
        "create,delete,deletecollection,patch,update",
    ),
    ("", "pods/eviction,serviceaccounts/token", "create"),
    (
        "",
        "configmaps,events,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy",
        "create,delete,deletecollection,patch,update",
    ),
    (
        "apps",
        "daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale",
        "create,delete,deletecollection,patch,update",
    ),
    ("batch", "cronjobs,jobs", "create,delete,deletecollection,patch,update"),
    (
        "networking.k8s.io,policy",
        "ingresses,networkpolicies,poddisruptionbudgets",
        "create,delete,deletecollection,patch,update",
    ),
];

const ADMIN: &[Row] = &[
    (
        "rbac.authorization.k8s.io",
        "rolebindings,roles",
        "create,delete,deletecollection,get,list,patch,update,watch",
    ),
    ("authorization.k8s.io", "localsubjectaccessreviews", "create"),
];

const EVERYTHING: &[Row] = &[("*", "*", "*")];
const CREATE_PODS: &[Row] = &[("", "pods", "create,delete")];

/// Name of a role and its rules.
const ROLES: &[(&str, &[&[Row]])] = &[
    ("admin", &[EDIT, ADMIN, VIEW]),
    ("cluster-admin", &[EVERYTHING]),
    ("edit", &[EDIT, VIEW]),
    ("system:aggregate-to-admin", &[ADMIN]),
    ("system:aggregate-to-edit", &[EDIT]),
    ("system:aggregate-to-view", &[VIEW]),
    (
        "system:certificates.k8s.io:kube-apiserver-client-approver",
        &[&[("certificates.k8s.io", "signers", "approve")]],
    ),
    (
        "system:certificates.k8s.io:legacy-unknown-approver",
        &[&[("certificates.k8s.io", "signers", "approve")]],
    ),
    (
        "system:controller:clusterrole-aggregation-controller",
        &[&[(
            "rbac.authorization.k8s.io",
            "clusterroles",
            "escalate,get,list,patch,update,watch",
        )]],
    ),
    (
        "system:controller:cronjob-controller",
        &[&[("batch", "jobs", "create,delete,get,list,patch,update,watch")]],
    ),
    ("system:controller:daemon-set-controller", &[CREATE_PODS]),
    (
        "system:controller:deployment-controller",
        &[&[
            ("apps", "replicasets", "create,delete,get,list,patch,update,watch"),
            ("", "pods", "get,list,update,watch"),
        ]],
    ),
    ("system:controller:expand-controller", &[&[("", "secrets", "get")]]),
    (
        "system:controller:generic-garbage-collector",
        &[&[("*", "*", "delete,get,list,patch,update,watch")]],
    ),
    (
        "system:controller:horizontal-pod-autoscaler",
        &[&[("*", "*/scale", "get,update")]],
    ),
    ("system:controller:job-controller", &[CREATE_PODS]),
    (
        "system:controller:namespace-controller",
        &[&[("*", "*", "delete,deletecollection,get,list")]],
    ),
    (
        "system:controller:node-controller",
        &[&[("", "nodes,nodes/status", "patch,update"), ("", "pods", "delete")]],
    ),
    (
        "system:controller:persistent-volume-binder",
        &[&[
            ("", "persistentvolumes", "create"),
            ("", "secrets", "get"),
            ("", "pods", "create"),
        ]],
    ),
    ("system:controller:replicaset-controller", &[CREATE_PODS]),
    ("system:controller:replication-controller", &[CREATE_PODS]),
    (
        "system:controller:resourcequota-controller",
        &[&[("*", "*", "list,watch")]],
    ),
    ("system:controller:statefulset-controller", &[CREATE_PODS]),
    (
        "system:kube-controller-manager",
        &[&[
            ("", "secrets,serviceaccounts", "create,delete,get,update"),
            ("", "serviceaccounts/token", "create"),
            ("*", "*", "list,watch"),
        ]],
    ),
    (
        "system:kube-scheduler",
        &[&[("", "pods", "delete"), ("", "pods/status", "patch,update")]],
    ),
    (
        "system:kubelet-api-admin",
        &[&[
            ("", "nodes", "proxy"),
            ("", "nodes/log,nodes/metrics,nodes/proxy,nodes/stats", "*"),
        ]],
    ),
    (
        "system:node",
        &[&[
            ("", "pods", "create,delete"),
            ("", "nodes,nodes/status", "create,patch,update"),
            ("", "secrets", "get"),
            ("", "serviceaccounts/token", "create"),
        ]],
    ),
    ("system:node-problem-detector", &[&[("", "nodes/status", "patch")]]),
    (
        "system:persistent-volume-provisioner",
        &[&[("", "persistentvolumes", "create,delete")]],
    ),
    ("view", &[VIEW]),
];

/// Roles that anyone may hold: what they show is public in every cluster.
const PUBLIC: &[&str] = &[
    "system:basic-user",
    "system:discovery",
    "system:public-info-viewer",
    "system:service-account-issuer-discovery",
];

/// Whether everybody holds this role in every cluster, or could without harm.
pub(crate) fn is_public(role: &str) -> bool {
    PUBLIC.contains(&role)
}

/// The rules of a built-in cluster role; `None` where the cluster has none of that name, or none that matters.
pub(crate) fn rules(role: &str) -> Option<Vec<PolicyRule>> {
    let (_, parts) = ROLES.iter().find(|(name, _)| *name == role)?;
    let list = |text: &str| List {
        values: text.split(',').map(str::to_owned).collect(),
        unknown: false,
    };
    let signer = role
        .strip_prefix("system:certificates.k8s.io:")
        .and_then(|rest| rest.strip_suffix("-approver"));
    let rules = parts
        .iter()
        .flat_map(|rows| rows.iter())
        .map(|(groups, resources, verbs)| PolicyRule {
            groups: list(groups),
            resources: list(resources),
            names: signer
                .map(|name| list(&format!("kubernetes.io/{name}")))
                .unwrap_or_default(),
            verbs: list(verbs),
            maybe: false,
            path: String::new(),
        });
    Some(rules.collect())
}

#[cfg(test)]
mod tests {
    use super::{ROLES, rules};

    #[test]
    fn the_table_is_sorted() {
        assert!(ROLES.is_sorted_by(|left, right| left.0 < right.0));
        let secrets = |role: &str| {
            let rules = rules(role).expect("built in");
            rules
                .iter()
                .any(|rule| rule.resources.values.iter().any(|resource| resource == "secrets"))
        };
        assert!(secrets("edit") && secrets("admin") && !secrets("view"));
        assert!(rules("deploy").is_none());
    }
}
