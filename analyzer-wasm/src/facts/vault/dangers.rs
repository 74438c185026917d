//! What in Vault leads to more privilege, as data.
//!
//! Facts: the documentation of Vault's API, of root-protected paths and of production hardening.

use nhi_plan::Severity;
use nhi_plan::Severity::{Critical, High, Medium};

use super::language::caps;

/// A path with which a holder raises itself.
#[derive(Debug)]
pub(crate) struct Danger {
    /// `@` is any mount, `?` any name.
    pub(crate) template: &'static str,
    /// Any of these.
    pub(crate) any: u16,
    /// All of these.
    pub(crate) all: u16,
    /// Reads after "can".
    pub(crate) way: &'static str,
    pub(crate) severity: Severity,
}

const fn danger(template: &'static str, any: u16, all: u16, severity: Severity, way: &'static str) -> Danger {
    Danger {
        template,
        any,
        all,
        way,
        severity,
    }
}

const WRITE: u16 = caps::WRITE;
const POLICY: &str = "write any policy, its own included";
const ROLE: &str = "give any policy to whoever logs in through an auth method";
const IDENTITY: &str = "give any policy to any entity or group";
const RAW: &str = "read and write Vault's storage directly";

/// Worst first.
pub(crate) static DANGERS: [Danger; 27] = [
    danger("sys/policies/acl/?", WRITE, 0, Critical, POLICY),
    danger("sys/policy/?", WRITE, 0, Critical, POLICY),
    danger("auth/@/role/?", WRITE, 0, Critical, ROLE),
    danger("auth/@/users/?", WRITE, 0, Critical, ROLE),
    danger("auth/@/groups/?", WRITE, 0, Critical, ROLE),
    danger("auth/@/certs/?", WRITE, 0, Critical, ROLE),
    danger("auth/@/map/teams/?", WRITE, 0, Critical, ROLE),
    danger("identity/entity", WRITE, 0, Critical, IDENTITY),
    danger("identity/entity/id/?", WRITE, 0, Critical, IDENTITY),
    danger("identity/entity/name/?", WRITE, 0, Critical, IDENTITY),
    danger("identity/group", WRITE, 0, Critical, IDENTITY),
    danger("identity/group/id/?", WRITE, 0, Critical, IDENTITY),
    danger("identity/group/name/?", WRITE, 0, Critical, IDENTITY),
    danger(
        "identity/entity-alias",
        WRITE,
        0,
        Critical,
        "log in as any entity through an alias",
    ),
    danger(
        "auth/token/create",
        WRITE,
        caps::SUDO,
        Critical,
        "create tokens with any policy (`sudo`)",
    ),
    danger(
        "auth/token/create-orphan",
        WRITE,
        caps::SUDO,
        Critical,
        "create tokens with any policy (`sudo`)",
    ),
    danger(
        "sys/auth/?",
        WRITE,
        caps::SUDO,
        Critical,
        "enable an auth method of its own",
    ),
    danger("sys/raw/?", WRITE | caps::READ, caps::SUDO, Critical, RAW),
    danger("sys/storage/raw/?", WRITE | caps::READ, caps::SUDO, Critical, RAW),
    danger(
        "sys/plugins/catalog/auth/?",
        WRITE,
        caps::SUDO,
        Critical,
        "run a plugin of its own inside Vault",
    ),
    danger(
        "auth/token/roles/?",
        WRITE,
        0,
        High,
        "write token roles that allow any policy",
    ),
    danger(
        "sys/audit/?",
        WRITE | caps::DELETE,
        caps::SUDO,
        High,
        "switch the audit log off",
    ),
    danger(
        "auth/token/create/?",
        WRITE,
        0,
        Medium,
        "create tokens of every token role",
    ),
    danger("sys/mounts/?", WRITE, 0, Medium, "enable and tune secrets engines"),
    danger(
        "sys/generate-root/attempt",
        WRITE,
        0,
        Medium,
        "start the making of a root token",
    ),
    danger(
        "sys/rekey/init",
        WRITE,
        0,
        Medium,
        "start the change of the unseal keys",
    ),
    danger("sys/seal", WRITE, caps::SUDO, Medium, "seal Vault"),
];

/// Things in an engine of which each is a credential.
pub(crate) fn is_credential(kind: &str) -> bool {
    matches!(
        kind,
        "creds" | "issue" | "sign" | "sign-verbatim" | "static-creds" | "static-cred" | "sts" | "token"
    )
}

/// Mounts that are no secrets engine.
pub(crate) fn is_system(mount: &str) -> bool {
    matches!(mount, "auth" | "cubbyhole" | "identity" | "sys")
}
