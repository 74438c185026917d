//! Every list resource, sorted by name: a new one is a file and a line here.

mod identity;

use std::sync::Arc;

use tfplugin::server::ListResource;

use crate::governed::Governed;

/// All list resources, asking the registry of `governed`.
pub(crate) fn all(governed: &Arc<Governed>) -> Vec<Arc<dyn ListResource>> {
    vec![Arc::new(identity::Identities::new(Arc::clone(governed)))]
}
