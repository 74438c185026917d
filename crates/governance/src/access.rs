//! What an action does: reads, writes, or administers.
//!
//! Backends have thousands of actions and gain more every week, so there is no list of them. The action is split into
//! words (`iam:CreateUser` → `iam`, `create`, `user`; `storage.objects.get` → `storage`, `objects`, `get`) and judged:
//!
//! 1. an action that is a wildcard for its service (`s3:*`) includes its administration;
//! 2. a verb of reading, with no verb of writing beside it, reads;
//! 3. a word of administration (`admin`, `sudo`, `impersonate`), a service of identities (`iam`, `sts`, RBAC), a
//!    wildcard for the service, or an object that gives access (`BucketPolicy`, `rolebindings`) administers;
//! 4. everything else, every unknown verb included, writes.
//!
//! A mistake therefore raises a score and never lowers it, short of a verb of reading that changes something.

use std::fmt;

/// What an action can do; the order is the ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Looks at things.
    Read,
    /// Changes things.
    Write,
    /// Changes identities or who may do what.
    Administer,
}

impl Access {
    /// Judges an action on a resource.
    pub fn of(resource: &str, action: &str) -> Self {
        let (service, verb) = split_verb(action);
        let verb_words = words(verb);
        let service_words = words(service);
        if verb.chars().all(|c| matches!(c, '*' | '?')) {
            return Self::Administer;
        }
        let serves_identities = service_words
            .iter()
            .any(|word| IDENTITY_SERVICES.contains(&word.as_str()));
        // `sts:GetFederationToken` reads nothing: it hands out a credential.
        let issues = verb_words
            .iter()
            .any(|word| word == "credentials" || (serves_identities && word == "token"));
        if reads(verb, &verb_words) && !issues {
            return Self::Read;
        }
        let administers = service.contains(['*', '?'])
            || verb_words
                .iter()
                .chain(&service_words)
                .any(|word| ADMINISTRATION.contains(&word.as_str()))
            || serves_identities
            || gives_access(&verb_words)
            || resource
                .to_ascii_lowercase()
                .split([':', '/', '.'])
                .any(|part| IDENTITY_OBJECTS.contains(&part));
        if administers { Self::Administer } else { Self::Write }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Read => "read access",
            Self::Write => "write access",
            Self::Administer => "mutates identities or administers",
        })
    }
}

const READING: [&str; 25] = [
    "browse", "check", "count", "describe", "download", "get", "head", "inspect", "list", "lookup", "monitor",
    "preview", "pull", "query", "read", "reader", "readonly", "scan", "search", "select", "show", "tail", "view",
    "viewer", "watch",
];
/// Words that may stand before a verb of reading without changing it.
const READING_PREFIXES: [&str; 2] = ["batch", "bulk"];
const WRITING: [&str; 27] = [
    "add", "admin", "all", "append", "apply", "assume", "attach", "create", "delete", "deploy", "edit", "editor",
    "execute", "grant", "insert", "modify", "owner", "patch", "post", "put", "remove", "set", "truncate", "update",
    "upload", "write", "writer",
];
const ADMINISTRATION: [&str; 24] = [
    "actas",
    "admin",
    "administer",
    "administrator",
    "all",
    "assume",
    "bind",
    "escalate",
    "full",
    "fullaccess",
    "fullcontrol",
    "grant",
    "iam",
    "impersonate",
    "manage",
    "owner",
    "passrole",
    "revoke",
    "root",
    "rolebinding",
    "sa",
    "sudo",
    "superuser",
    "sysadmin",
];
const IDENTITY_SERVICES: [&str; 13] = [
    "authorization",
    "clusterrolebindings",
    "clusterroles",
    "entra",
    "iam",
    "identitystore",
    "idp",
    "organizations",
    "rbac",
    "rolebindings",
    "serviceaccounts",
    "sso",
    "sts",
];
/// Parts of a resource that name objects which give access, in the notation of Kubernetes and of clouds.
const IDENTITY_OBJECTS: [&str; 8] = [
    "clusterrolebindings",
    "clusterroles",
    "rbac",
    "rolebindings",
    "roles",
    "serviceaccounts",
    "serviceaccount",
    "token",
];
const ACCESS_NOUNS: [&str; 12] = [
    "accesskey",
    "credential",
    "credentials",
    "grants",
    "permission",
    "permissions",
    "principal",
    "principals",
    "rolebindings",
    "roles",
    "role",
    "user",
];
/// A policy of one of these says who may do what; other policies (scaling, retention) do not.
const POLICY_OWNERS: [&str; 14] = [
    "access",
    "bucket",
    "function",
    "group",
    "iam",
    "key",
    "queue",
    "registry",
    "repository",
    "resource",
    "role",
    "topic",
    "trust",
    "user",
];

/// The service and the verb: what stands before and after the last `:`, `/` or `.`.
fn split_verb(action: &str) -> (&str, &str) {
    let end = action.rfind([':', '/', '.']).map_or(0, |position| position + 1);
    action.split_at(end)
}

/// Splits at separators and where lower case turns to upper case, and lower-cases.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous_is_lower = false;
    for c in text.chars() {
        let separates = !c.is_ascii_alphanumeric();
        if separates || (c.is_ascii_uppercase() && previous_is_lower) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| !separates) {
            word.push(c.to_ascii_lowercase());
        }
        previous_is_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether the verb only looks: its first word is one of reading, and none changes anything.
fn reads(verb: &str, words: &[String]) -> bool {
    // `*Object` may stand for `DeleteObject`; `Get*` stands for reading only.
    let open_front = verb.starts_with(['*', '?']);
    let first = words.iter().find(|word| !READING_PREFIXES.contains(&word.as_str()));
    let cut_short = verb.ends_with(['*', '?']) && words.len() == 1 && first.is_some_and(|word| word.len() < 3);
    !open_front
        && !cut_short
        && first.is_some_and(|word| READING.contains(&word.as_str()))
        && !words.iter().any(|word| WRITING.contains(&word.as_str()))
}

/// Whether a verb of writing changes who may do what.
fn gives_access(words: &[String]) -> bool {
    let noun = words.iter().any(|word| ACCESS_NOUNS.contains(&word.as_str()));
    let policy = words.windows(2).any(|pair| match pair {
        [owner, policy] => policy == "policy" && POLICY_OWNERS.contains(&owner.as_str()),
        _ => false,
    });
    noun || policy
}

#[cfg(test)]
mod tests {
    use super::{Access, READING};

    #[test]
    fn actions() {
        let administer = [
            "iam:*",
            "iam:CreateUser",
            "iam:PassRole",
            "sts:AssumeRole",
            "*:Create*",
            "s3:*",
            "ec2:*",
            "i?m:PutRolePolicy",
            "admin",
            "sudo",
            "ALL",
            "roles/owner",
            "s3:PutBucketPolicy",
            "kms:PutKeyPolicy",
            "lambda:AddPermission",
            "resourcemanager.projects.setIamPolicy",
            "Microsoft.Authorization/roleAssignments/write",
            "impersonate",
            "bind",
            "escalate",
            "iam.serviceAccounts.actAs",
            "kms:CreateGrant",
            "cognito-idp:AdminCreateUser",
            "roles/iam.serviceAccountTokenCreator",
            "organizations:CreateAccount",
            "sts:GetFederationToken",
            "sso:GetRoleCredentials",
        ];
        let write = [
            "s3:PutObject",
            "ecs:UpdateService",
            "write",
            "create",
            "readwrite",
            "read-write",
            "GetAndDelete",
            "frobnicate",
            "s3:*Object",
            "kms:Decrypt",
            "autoscaling:PutScalingPolicy",
            "INSERT",
            "contents:write",
            "roles/editor",
            "lambda:InvokeFunction",
            "s3:g*",
            "logs:PutRetentionPolicy",
            "s3:Put*",
            "administrate-not",
            "getter",
        ];
        let read = [
            "s3:GetObject",
            "s3:Get*",
            "iam:ListUsers",
            "get",
            "list",
            "watch",
            "read",
            "SELECT",
            "storage.objects.get",
            "ecr:BatchGetImage",
            "Microsoft.Storage/storageAccounts/read",
            "contents:read",
            "kms:ListGrants",
            "*:Describe*",
            "roles/viewer",
            "sts:GetCallerIdentity",
            "ecr:GetAuthorizationToken",
        ];
        for (actions, access) in [
            (&administer[..], Access::Administer),
            (&write[..], Access::Write),
            (&read[..], Access::Read),
        ] {
            for action in actions {
                assert_eq!(Access::of("bucket/reports", action), access, "{action}");
            }
        }
    }

    #[test]
    fn writing_objects_that_give_access_is_administration() {
        assert_eq!(
            Access::of("rbac.authorization.k8s.io/clusterroles", "create"),
            Access::Administer
        );
        assert_eq!(
            Access::of("default/serviceaccounts/token", "create"),
            Access::Administer
        );
        assert_eq!(
            Access::of("rbac.authorization.k8s.io/clusterroles", "get"),
            Access::Read
        );
        assert_eq!(
            Access::of("arn:aws:ecs:eu-west-1:1:service/role-manager", "ecs:UpdateService"),
            Access::Write
        );
    }

    #[test]
    fn tables_are_sorted_and_lower_case() {
        assert!(READING.is_sorted() && READING.iter().all(|word| !word.contains(char::is_uppercase)));
    }
}
