//! `nhi_revoke`: ends an identity for good, now.

use nhi_governance::Status;

use super::Deed;
use crate::governed::Governed;

pub(super) static DEED: Deed = Deed {
    type_name: "nhi_revoke",
    description: "Revokes an identity for good, now: revocation is never refused and never undone. A configuration that \
                  still declares the identity plans a new one, under another id.",
    doing: "revoking",
    done: "revoked",
    is_done: |status| matches!(status, Status::Revoked | Status::Offboarded),
    act: Governed::end,
};
