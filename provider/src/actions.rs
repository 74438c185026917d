//! Every action, sorted by name: a new one is a file and a line here.
//!
//! Only cores from Terraform 1.14 on call them; `nhi` does the same for every other.

mod revoke;

use std::sync::Arc;

use tfplugin::server::Action;

use crate::governed::Governed;

/// All actions, governed by `governed`.
pub(crate) fn all(governed: &Arc<Governed>) -> Vec<Arc<dyn Action>> {
    vec![Arc::new(revoke::Revoke::new(Arc::clone(governed)))]
}
