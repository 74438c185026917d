//! What runs on the machine that plans or applies, with whatever that machine may do.

use std::collections::BTreeSet;

use nhi_plan::Mode;
use nhi_plan::json::{self, Value};

use crate::facts::Block;

/// How code gets to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// A program that answers a data source, in every plan.
    Program,
    /// A command around the creation or destruction of a resource.
    Command,
    /// Text from the network that nothing protects on its way.
    Fetch,
}

/// A block that runs code, or takes what anybody on the way may write.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) address: String,
    pub(crate) path: &'static str,
    pub(crate) how: How,
}

/// All of them, each block of the configuration once.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) runs: Vec<Run>,
    seen: BTreeSet<(String, How)>,
}

impl Code {
    pub(super) fn collect(&mut self, block: &Block<'_>) {
        let found = match (block.change.mode, block.change.resource_type.as_ref()) {
            (Mode::Data, "external") => Some(("program", How::Program)),
            (Mode::Managed, "shell_script") => Some(("lifecycle_commands", How::Command)),
            (Mode::Data, "shell_script") => Some(("lifecycle_commands", How::Program)),
            (Mode::Data, "http") if fetches_in_clear(block) => Some(("url", How::Fetch)),
            (Mode::Managed, _) if has_command(block) => Some(("", How::Command)),
            _ => None,
        };
        let Some((path, how)) = found else { return };
        if self.seen.insert((block.change.config_address.to_string(), how)) {
            self.runs.push(Run {
                address: block.change.address.to_string(),
                path,
                how,
            });
        }
    }
}

fn has_command(block: &Block<'_>) -> bool {
    let Some((_, text)) = block.change.attributes.iter().find(|(key, _)| key == "provisioners") else {
        return false;
    };
    let is_local = |provisioner: Value<'_>| {
        let kind = provisioner.get("type").and_then(Value::as_str);
        kind.as_deref() == Some("local-exec")
    };
    json::parse(text).is_ok_and(|list| list.root().elements().any(is_local))
}

/// Whether somebody between here and there can change the answer: without TLS, and not on this machine.
fn fetches_in_clear(block: &Block<'_>) -> bool {
    let url = block.string("url").unwrap_or_default();
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    let host = rest.split(['/', ':', '?']).next().unwrap_or(rest);
    !(host.is_empty()
        || host == "localhost"
        || host.starts_with("127.")
        || host.starts_with("169.254.")
        || host.starts_with('['))
}
