//! `nhi_rotate`: notes that the credentials of an identity were replaced.

use super::Deed;
use crate::governed::Governed;

pub(super) static DEED: Deed = Deed {
    type_name: "nhi_rotate",
    description: "Notes that the credentials of an identity were replaced, and when that is due again. No backend \
                  issues credentials yet, so it replaces none: do that where they are used, before it. One person \
                  may do it, in time. An identity that rests on a static secret counts as suspended once its \
                  rotation was missed; then `nhi rotate` brings it back, by the approvals of its tier.",
    doing: "rotating",
    done: "rotated",
    is_done: |_| false,
    act: Governed::rotate,
};
