//! Known ways to more privilege in Kubernetes, as data: what a holder needs, and how bad it is where.
//!
//! Facts: the RBAC good practices of the Kubernetes documentation, the policies of rbac-police (MIT) and the edges of
//! `KubeHound` (Apache-2.0).

use nhi_plan::Severity;
use nhi_plan::Severity::{Critical, High, Info, Low, Medium};

/// What a capability is about; each family has a rule of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// More rights than the role itself has.
    Escalate,
    /// The content of secrets.
    Secrets,
    /// Code that runs as somebody else.
    Run,
}

/// One right: any of the verbs on any of the resources of a group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    pub(crate) verbs: &'static [&'static str],
    pub(crate) group: &'static str,
    pub(crate) resources: &'static [&'static str],
    /// Names that are as good as all; a rule that is limited to other names gives nothing of note.
    pub(crate) names: &'static [&'static str],
    /// The objects have no namespace, so that a right in one namespace reaches none of them.
    pub(crate) cluster: bool,
}

/// What a subject can do that has all that is needed.
#[derive(Debug)]
pub(crate) struct Capability {
    pub(crate) id: &'static str,
    pub(crate) family: Family,
    /// Reads after "can".
    pub(crate) way: &'static str,
    pub(crate) needs: &'static [usize],
    /// In all namespaces.
    pub(crate) cluster: Severity,
    /// In `kube-system`.
    pub(crate) system: Severity,
    /// In another namespace.
    pub(crate) namespaced: Severity,
}

const RBAC: &str = "rbac.authorization.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";
const WRITE: &[&str] = &["update", "patch"];
const MAKE: &[&str] = &["create", "update", "patch"];
const READ: &[&str] = &["get", "list", "watch"];
const SIGNERS: &[&str] = &[
    "kubernetes.io/*",
    "kubernetes.io/kube-apiserver-client",
    "kubernetes.io/kube-apiserver-client-kubelet",
    "kubernetes.io/legacy-unknown",
];
/// Roles that are worth binding to oneself.
const ROLES: &[&str] = &[
    "cluster-admin",
    "system:controller:clusterrole-aggregation-controller",
    "system:kube-controller-manager",
    "system:node",
];

const fn need(verbs: &'static [&'static str], group: &'static str, resources: &'static [&'static str]) -> Need {
    Need {
        verbs,
        group,
        resources,
        names: &[],
        cluster: false,
    }
}

const fn in_cluster(need: Need) -> Need {
    Need { cluster: true, ..need }
}

const fn named(need: Need, names: &'static [&'static str]) -> Need {
    Need { names, ..need }
}

const ESCALATE: usize = 0;
const WRITE_ROLES: usize = 1;
const BIND: usize = 2;
const WRITE_BINDINGS: usize = 3;
const IMPERSONATE_USERS: usize = 4;
const IMPERSONATE_ACCOUNTS: usize = 5;
const IMPERSONATE_EXTRAS: usize = 6;
const TOKEN_REQUEST: usize = 7;
const NODES_PROXY: usize = 8;
const CREATE_CSR: usize = 9;
const UPDATE_APPROVAL: usize = 10;
const APPROVE: usize = 11;
const WEBHOOKS: usize = 12;
const AWS_AUTH: usize = 13;
const EVICT: usize = 14;
const WRITE_NODES: usize = 15;
const WRITE_STATUS: usize = 16;
const CREATE_VOLUMES: usize = 17;
const PATCH_NAMESPACES: usize = 18;
const READ_SECRETS: usize = 19;
const MAKE_SECRETS: usize = 20;
const CREATE_PODS: usize = 21;
const MAKE_CONTROLLERS: usize = 22;
const EXEC: usize = 23;
const EPHEMERAL: usize = 24;
const WRITE_PODS: usize = 25;
const MAKE_JOBS: usize = 26;
const MAKE_REPLICATION: usize = 27;
const ESCALATE_ROLE: usize = 28;
const BIND_ROLE: usize = 29;
const EVICTION: usize = 30;
const WRITE_CLUSTER_ROLES: usize = 31;
const WRITE_ROLE_BINDINGS: usize = 32;
const MAKE_CRON_JOBS: usize = 33;

/// All rights that some capability needs; a capability names them by their place.
pub(crate) static NEEDS: [Need; 34] = [
    in_cluster(need(&["escalate"], RBAC, &["clusterroles"])),
    need(MAKE, RBAC, &["roles"]),
    in_cluster(named(need(&["bind"], RBAC, &["clusterroles"]), ROLES)),
    need(MAKE, RBAC, &["rolebindings", "clusterrolebindings"]),
    in_cluster(named(
        need(&["impersonate"], "", &["users", "groups"]),
        &["system:masters", "system:admin", "kubernetes-admin"],
    )),
    need(&["impersonate"], "", &["serviceaccounts"]),
    in_cluster(need(
        &["impersonate"],
        "authentication.k8s.io",
        &["userextras", "userextras/scopes", "uids"],
    )),
    need(&["create"], "", &["serviceaccounts/token"]),
    in_cluster(need(&["get", "create"], "", &["nodes/proxy"])),
    in_cluster(need(&["create"], CERTIFICATES, &["certificatesigningrequests"])),
    in_cluster(need(WRITE, CERTIFICATES, &["certificatesigningrequests/approval"])),
    in_cluster(named(need(&["approve"], CERTIFICATES, &["signers"]), SIGNERS)),
    in_cluster(need(
        MAKE,
        "admissionregistration.k8s.io",
        &["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
    )),
    named(need(WRITE, "", &["configmaps"]), &["aws-auth"]),
    need(&["delete", "deletecollection"], "", &["pods"]),
    in_cluster(need(WRITE, "", &["nodes", "nodes/status"])),
    need(WRITE, "", &["nodes/status", "pods/status", "services/status"]),
    in_cluster(need(&["create"], "", &["persistentvolumes"])),
    need(WRITE, "", &["namespaces"]),
    need(READ, "", &["secrets"]),
    need(MAKE, "", &["secrets"]),
    need(&["create"], "", &["pods"]),
    need(
        MAKE,
        "apps",
        &["deployments", "daemonsets", "statefulsets", "replicasets"],
    ),
    need(&["create", "get"], "", &["pods/exec", "pods/attach"]),
    need(WRITE, "", &["pods/ephemeralcontainers"]),
    need(WRITE, "", &["pods"]),
    // What a job runs is fixed once it exists.
    need(&["create"], "batch", &["jobs"]),
    need(MAKE, "", &["replicationcontrollers"]),
    need(&["escalate"], RBAC, &["roles"]),
    named(need(&["bind"], RBAC, &["roles", "clusterroles"]), ROLES),
    need(&["create"], "", &["pods/eviction"]),
    in_cluster(need(MAKE, RBAC, &["clusterroles"])),
    need(MAKE, RBAC, &["rolebindings"]),
    need(MAKE, "batch", &["cronjobs"]),
];

const fn way(
    id: &'static str,
    family: Family,
    way: &'static str,
    needs: &'static [usize],
    severities: [Severity; 3],
) -> Capability {
    let [cluster, system, namespaced] = severities;
    Capability {
        id,
        family,
        way,
        needs,
        cluster,
        system,
        namespaced,
    }
}

use Family::{Escalate, Run, Secrets};

/// All capabilities. Where one contains another, the larger stands first and is the one that is told.
pub(crate) static CAPABILITIES: [Capability; 34] = [
    way(
        "escalate",
        Escalate,
        "give itself any right (`escalate` and write on roles)",
        &[ESCALATE, WRITE_CLUSTER_ROLES],
        [Critical; 3],
    ),
    way(
        "escalate-role",
        Escalate,
        "give itself any right in the namespace (`escalate` and write on `roles`)",
        &[ESCALATE_ROLE, WRITE_ROLES],
        [Critical, Critical, Medium],
    ),
    way(
        "escalate-alone",
        Escalate,
        "write roles with rights of which it has none (`escalate`), as soon as it may write roles",
        &[ESCALATE],
        [Medium; 3],
    ),
    way(
        "escalate-role-alone",
        Escalate,
        "write roles with rights of which it has none (`escalate`), as soon as it may write roles",
        &[ESCALATE_ROLE],
        [Medium, Medium, Low],
    ),
    way(
        "bind",
        Escalate,
        "bind any role to itself (`bind` and write on bindings)",
        &[BIND, WRITE_BINDINGS],
        [Critical; 3],
    ),
    way(
        "bind-role",
        Escalate,
        "bind any role of the namespace to itself (`bind` and write on `rolebindings`)",
        &[BIND_ROLE, WRITE_ROLE_BINDINGS],
        [Critical, Critical, Medium],
    ),
    way(
        "bind-alone",
        Escalate,
        "bind any role (`bind`), as soon as it may write bindings",
        &[BIND],
        [Medium; 3],
    ),
    way(
        "bind-role-alone",
        Escalate,
        "bind any role (`bind`), as soon as it may write bindings",
        &[BIND_ROLE],
        [Medium, Medium, Low],
    ),
    way(
        "impersonate-users",
        Escalate,
        "act as anybody, cluster administrators included (`impersonate` on users or groups)",
        &[IMPERSONATE_USERS],
        [Critical; 3],
    ),
    way(
        "impersonate-accounts",
        Escalate,
        "act as any service account (`impersonate` on `serviceaccounts`)",
        &[IMPERSONATE_ACCOUNTS],
        [Critical, Critical, Medium],
    ),
    way(
        "impersonate-extras",
        Escalate,
        "claim attributes of other users (`impersonate` on `userextras` or `uids`)",
        &[IMPERSONATE_EXTRAS],
        [Medium; 3],
    ),
    way(
        "token-request",
        Escalate,
        "get tokens of any service account (`create` on `serviceaccounts/token`)",
        &[TOKEN_REQUEST],
        [Critical, Critical, Medium],
    ),
    way(
        "sign-certificates",
        Escalate,
        "issue itself a client certificate of anybody (certificate signing requests)",
        &[CREATE_CSR, UPDATE_APPROVAL, APPROVE],
        [Critical; 3],
    ),
    way(
        "approve-certificates",
        Escalate,
        "approve client certificates of anybody (`certificatesigningrequests/approval`)",
        &[UPDATE_APPROVAL, APPROVE],
        [High; 3],
    ),
    way(
        "nodes-proxy",
        Escalate,
        "run commands in any pod through the kubelet, past audit and admission (`nodes/proxy`)",
        &[NODES_PROXY],
        [High; 3],
    ),
    way(
        "webhooks",
        Escalate,
        "read and change every object that is written (admission webhooks)",
        &[WEBHOOKS],
        [High; 3],
    ),
    way(
        "volumes-and-pods",
        Escalate,
        "mount any path of a node (`create` on `persistentvolumes` and on `pods`)",
        &[CREATE_VOLUMES, CREATE_PODS],
        [High; 3],
    ),
    way(
        "namespaces-and-pods",
        Escalate,
        "lift Pod Security and run privileged pods (`patch` on `namespaces`, `create` on `pods`)",
        &[PATCH_NAMESPACES, CREATE_PODS],
        [High, High, Medium],
    ),
    way(
        "aws-auth",
        Escalate,
        "make any IAM identity cluster administrator (write on `aws-auth`)",
        &[AWS_AUTH],
        [High, High, Info],
    ),
    way(
        "steal-pods",
        Escalate,
        "drive pods, and their tokens, to a node of its choice (`delete` on `pods`, write on `nodes`)",
        &[EVICT, WRITE_NODES],
        [Medium; 3],
    ),
    way(
        "evict-pods",
        Escalate,
        "drive pods, and their tokens, to a node of its choice (`create` on `pods/eviction`, write on `nodes`)",
        &[EVICTION, WRITE_NODES],
        [Medium; 3],
    ),
    way(
        "patch-namespaces",
        Escalate,
        "weaken Pod Security of namespaces (`patch` on `namespaces`)",
        &[PATCH_NAMESPACES],
        [Low, Low, Info],
    ),
    way(
        "create-volumes",
        Escalate,
        "offer any path of a node as a volume (`create` on `persistentvolumes`)",
        &[CREATE_VOLUMES],
        [Low; 3],
    ),
    way(
        "write-status",
        Escalate,
        "redirect traffic or scheduling (write on the status of nodes, pods or services)",
        &[WRITE_STATUS],
        [Low, Low, Info],
    ),
    way(
        "read-secrets",
        Secrets,
        "read every secret",
        &[READ_SECRETS],
        [High, High, Low],
    ),
    way(
        "make-secrets",
        Secrets,
        "write every secret, which has tokens of service accounts issued",
        &[MAKE_SECRETS],
        [Low, Low, Info],
    ),
    way(
        "create-pods",
        Run,
        "run pods as any service account (`create` on `pods`)",
        &[CREATE_PODS],
        [High, High, Medium],
    ),
    way(
        "exec",
        Run,
        "run commands in any pod (`pods/exec`, `pods/attach`)",
        &[EXEC],
        [High, High, Medium],
    ),
    way(
        "ephemeral-containers",
        Run,
        "add a container to any pod (`pods/ephemeralcontainers`)",
        &[EPHEMERAL],
        [High, High, Medium],
    ),
    way(
        "controllers",
        Run,
        "run pods as any service account (write on `deployments` and the like)",
        &[MAKE_CONTROLLERS],
        [High, High, Info],
    ),
    way(
        "jobs",
        Run,
        "run pods as any service account (`create` on `jobs`)",
        &[MAKE_JOBS],
        [High, High, Info],
    ),
    way(
        "cron-jobs",
        Run,
        "run pods as any service account (write on `cronjobs`)",
        &[MAKE_CRON_JOBS],
        [High, High, Info],
    ),
    way(
        "replication-controllers",
        Run,
        "run pods as any service account (write on `replicationcontrollers`)",
        &[MAKE_REPLICATION],
        [High, High, Info],
    ),
    way(
        "swap-images",
        Run,
        "swap the image of any pod (write on `pods`)",
        &[WRITE_PODS],
        [High, High, Info],
    ),
];

/// Capabilities of which the second is told only where the first is not.
pub(crate) static CONTAINS: [(&str, &str); 13] = [
    ("escalate", "escalate-role"),
    ("escalate", "escalate-alone"),
    ("escalate", "escalate-role-alone"),
    ("escalate-role", "escalate-role-alone"),
    ("escalate-alone", "escalate-role-alone"),
    ("bind", "bind-role"),
    ("bind", "bind-alone"),
    ("bind", "bind-role-alone"),
    ("bind-role", "bind-role-alone"),
    ("bind-alone", "bind-role-alone"),
    ("sign-certificates", "approve-certificates"),
    ("namespaces-and-pods", "patch-namespaces"),
    ("steal-pods", "evict-pods"),
];

/// Groups of the Kubernetes API itself; others belong to custom resources.
pub(crate) fn is_own_group(group: &str) -> bool {
    matches!(
        group,
        "" | "*" | "apps" | "autoscaling" | "batch" | "extensions" | "policy"
    ) || group.ends_with(".k8s.io") && !group.contains(".x-k8s.io")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{CAPABILITIES, CONTAINS, NEEDS};

    #[test]
    fn the_table_is_whole() {
        let ids: BTreeSet<_> = CAPABILITIES.iter().map(|capability| capability.id).collect();
        assert_eq!(ids.len(), CAPABILITIES.len());
        let used: BTreeSet<_> = CAPABILITIES.iter().flat_map(|capability| capability.needs).collect();
        assert_eq!(
            used.into_iter().copied().collect::<Vec<_>>(),
            (0..NEEDS.len()).collect::<Vec<_>>()
        );
        for (larger, smaller) in CONTAINS {
            let place = |id: &str| {
                CAPABILITIES
                    .iter()
                    .position(|capability| capability.id == id)
                    .expect("an id")
            };
            assert!(place(larger) < place(smaller), "{larger} {smaller}");
        }
    }
}
