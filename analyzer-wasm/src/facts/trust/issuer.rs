//! Issuers of OpenID Connect tokens: who can get a token from them, and how they write subjects.
//!
//! From the issuers' own pages on OpenID Connect: GitHub, GitLab, HCP Terraform, Bitbucket, `CircleCI`, Buildkite,
//! Spacelift, Vercel, Codefresh, Pulumi, Google, Microsoft, and the Amazon EKS user guide.

/// Who can get a token from an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Whoever works in one organisation, cluster or tenant.
    Tenant,
    /// Not known.
    Unknown,
    /// Whoever opens an account, anywhere.
    Public,
}

/// How an issuer writes a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    GitHub,
    GitLab,
    Terraform,
    Kubernetes,
    CircleCi,
    /// People log in to an app, which the audience names.
    Login,
    /// Pairs of a key and a value; the first names the organisation, the second what is in it.
    Pairs {
        organisation: &'static str,
        project: &'static [&'static str],
    },
    /// Nothing is known of it.
    Plain,
}

/// An issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Issuer {
    /// What a person calls it.
    pub(crate) name: &'static str,
    pub(crate) reach: Reach,
    pub(crate) dialect: Dialect,
}

/// How a host is recognised.
#[derive(Debug, Clone, Copy)]
enum Host {
    /// The whole issuer.
    Is(&'static str),
    /// It begins so.
    Begins(&'static str),
    /// The host name ends so.
    Ends(&'static str),
}

const fn pairs(organisation: &'static str, project: &'static [&'static str]) -> Dialect {
    Dialect::Pairs { organisation, project }
}

use Dialect::{CircleCi, GitHub, GitLab, Kubernetes, Login, Plain, Terraform};
use Host::{Begins, Ends, Is};
use Reach::{Public, Tenant, Unknown};

const ISSUERS: [(Host, &str, Reach, Dialect); 29] = [
    (
        Is("token.actions.githubusercontent.com"),
        "GitHub Actions",
        Public,
        GitHub,
    ),
    (
        Begins("token.actions.githubusercontent.com/"),
        "GitHub Actions of one enterprise",
        Tenant,
        GitHub,
    ),
    (Ends(".ghe.com"), "GitHub Enterprise", Tenant, GitHub),
    (Is("gitlab.com"), "GitLab", Public, GitLab),
    (Begins("gitlab."), "a GitLab of your own", Tenant, GitLab),
    (Is("app.terraform.io"), "HCP Terraform", Public, Terraform),
    (Is("app.eu.terraform.io"), "HCP Terraform", Public, Terraform),
    (
        Begins("api.bitbucket.org/2.0/workspaces/"),
        "Bitbucket Pipelines of one workspace",
        Tenant,
        Plain,
    ),
    (
        Begins("oidc.circleci.com/org/"),
        "CircleCI of one organisation",
        Tenant,
        CircleCi,
    ),
    (
        Is("agent.buildkite.com"),
        "Buildkite",
        Public,
        pairs("organization", &["pipeline"]),
    ),
    (
        Ends(".app.spacelift.io"),
        "Spacelift of one account",
        Tenant,
        pairs("space", &["stack", "module"]),
    ),
    (Is("oidc.vercel.com"), "Vercel", Public, pairs("owner", &["project"])),
    (
        Begins("oidc.vercel.com/"),
        "Vercel of one team",
        Tenant,
        pairs("owner", &["project"]),
    ),
    (
        Is("oidc.codefresh.io"),
        "Codefresh",
        Public,
        pairs("account", &["pipeline"]),
    ),
    (
        Is("api.pulumi.com/oidc"),
        "Pulumi Cloud",
        Public,
        pairs("org", &["project", "env"]),
    ),
    (Begins("oidc.fly.io/"), "Fly.io of one organisation", Tenant, Plain),
    (Begins("oidc.eks."), "an EKS cluster", Tenant, Kubernetes),
    (
        Begins("container.googleapis.com/v1/projects/"),
        "a GKE cluster",
        Tenant,
        Kubernetes,
    ),
    (Ends(".oic.prod-aks.azure.com"), "an AKS cluster", Tenant, Kubernetes),
    (Is("accounts.google.com"), "Google accounts", Public, Login),
    (Is("www.amazon.com"), "Amazon accounts", Public, Login),
    (Is("graph.facebook.com"), "Facebook accounts", Public, Login),
    (Is("appleid.apple.com"), "Apple accounts", Public, Login),
    (
        Begins("login.microsoftonline.com/common"),
        "Microsoft accounts",
        Public,
        Plain,
    ),
    (
        Begins("login.microsoftonline.com/"),
        "one Microsoft tenant",
        Tenant,
        Plain,
    ),
    (Begins("sts.windows.net/"), "one Microsoft tenant", Tenant, Plain),
    (
        Begins("vstoken.dev.azure.com/"),
        "one Azure DevOps organisation",
        Tenant,
        Plain,
    ),
    (Is("api.modal.com"), "Modal", Public, Plain),
    (Is("oidc.modal.com"), "Modal", Public, Plain),
];

/// What an issuer that is not in the table is taken for.
pub(crate) const UNKNOWN: Issuer = Issuer {
    name: "an identity provider",
    reach: Unknown,
    dialect: Plain,
};

/// The host and path of an issuer, without scheme.
pub(crate) fn bare(url: &str) -> &str {
    url.trim().trim_start_matches("https://").trim_end_matches('/')
}

/// Recognises an issuer by its URL, with or without scheme.
pub(crate) fn recognise(url: &str) -> Issuer {
    let bare = bare(url).to_ascii_lowercase();
    let host = bare.split('/').next().unwrap_or_default();
    let is = |how: &Host| match how {
        Is(whole) => bare == *whole,
        Begins(start) => bare.starts_with(start),
        Ends(end) => host.ends_with(end),
    };
    if let Some(&(_, name, reach, dialect)) = ISSUERS.iter().find(|(how, ..)| is(how)) {
        return Issuer { name, reach, dialect };
    }
    if bare.ends_with("/_services/token") {
        return Issuer {
            name: "a GitHub Enterprise Server",
            reach: Tenant,
            dialect: GitHub,
        };
    }
    UNKNOWN
}

/// The issuer that writes such subjects, for one that is not known by its URL.
pub(crate) fn guess(issuer: Issuer, subject: &str) -> Issuer {
    if issuer != UNKNOWN {
        return issuer;
    }
    let begins = |start: &str| subject.starts_with(start);
    if begins("system:serviceaccount:") {
        Issuer {
            name: "a Kubernetes cluster",
            reach: Tenant,
            dialect: Kubernetes,
        }
    } else if begins("repo:") || begins("repository_owner:") || begins("job_workflow_ref:") {
        Issuer {
            name: "GitHub Actions",
            reach: Unknown,
            dialect: GitHub,
        }
    } else if begins("project_path:") {
        Issuer {
            name: "GitLab",
            reach: Unknown,
            dialect: GitLab,
        }
    } else if begins("organization:") && subject.contains(":workspace:") {
        Issuer {
            name: "Terraform",
            reach: Unknown,
            dialect: Terraform,
        }
    } else {
        issuer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers() {
        let table = [
            ("https://token.actions.githubusercontent.com", Public, GitHub),
            ("token.actions.githubusercontent.com/", Public, GitHub),
            ("https://token.actions.githubusercontent.com/acme", Tenant, GitHub),
            ("https://ghe.example.com/_services/token", Tenant, GitHub),
            ("gitlab.com", Public, GitLab),
            ("gitlab.example.com", Tenant, GitLab),
            ("oidc.eks.eu-west-1.amazonaws.com/id/AB12", Tenant, Kubernetes),
            (
                "https://acme.app.spacelift.io",
                Tenant,
                pairs("space", &["stack", "module"]),
            ),
            ("https://id.example.com/realms/x", Unknown, Plain),
            ("gitlab.com.evil.example", Tenant, GitLab),
        ];
        for (url, reach, dialect) in table {
            let found = recognise(url);
            assert_eq!((found.reach, found.dialect), (reach, dialect), "{url}");
        }
    }
}
