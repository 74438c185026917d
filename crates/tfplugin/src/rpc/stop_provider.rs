//! `StopProvider`: the user interrupted; an apply in flight goes on to its end all the same.

use super::{Adapter, proto};
use crate::server::Provider;

pub(super) fn answer<P: Provider>(adapter: &Adapter<P>) -> proto::stop_provider::Response {
    adapter.provider.stop();
    proto::stop_provider::Response::default()
}
