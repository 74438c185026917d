//! `nhi_resume`: brings a suspended identity back.

use nhi_governance::Status;

use super::Deed;
use crate::governed::Governed;

pub(super) static DEED: Deed = Deed {
    type_name: "nhi_resume",
    description: "Brings a suspended identity back, within 14 days of its suspension. Whoever suspended it cannot do \
                  that alone, and an identity of a tier that calls for approvals is resumed by an apply that has them, \
                  not by this action. Resuming one that is not suspended changes nothing.",
    doing: "resuming",
    done: "in use",
    is_done: Status::is_usable,
    act: Governed::resume,
};
