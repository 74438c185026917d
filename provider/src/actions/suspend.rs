//! `nhi_suspend`: takes an identity out of use until it is resumed.

use nhi_governance::Status;

use super::Deed;
use crate::governed::Governed;

pub(super) static DEED: Deed = Deed {
    type_name: "nhi_suspend",
    description: "Takes an identity out of use, now, until it is resumed. One person may do it, without approvals; \
                  within 14 days somebody else can resume it, after that it has to be asked for anew. Suspending it \
                  again changes nothing.",
    doing: "suspending",
    done: "suspended",
    is_done: |status| status == Status::Suspended,
    act: Governed::suspend,
};
