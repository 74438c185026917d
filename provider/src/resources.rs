//! Every resource, sorted by name: a new one is a file and a line here.

pub(crate) mod identity;

use std::sync::Arc;

use tfplugin::server::Resource;

use crate::governed::Governed;

pub(crate) use identity::draft;

/// All resources, governed by `governed`.
pub(crate) fn all(governed: &Arc<Governed>) -> Vec<Arc<dyn Resource>> {
    vec![Arc::new(identity::IdentityResource::new(Arc::clone(governed)))]
}
