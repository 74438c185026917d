//! Where signatures lie, and who may give them.

use nhi_approvals::{Trust, disk};
use nhi_governance::Digest;
use nhi_registry::Registry;

use crate::approvals::{self, Place, Root};
use crate::exit::Failure;
use crate::registry;

/// Where signatures lie, and the trust root that says whose count.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    root: Root,
    /// The digest of a trust root that is trusted; without it no approval counts
    #[arg(long, value_name = "DIGEST", env = "NHI_APPROVERS_DIGEST", value_parser = approvals::digest)]
    approvers_digest: Option<Digest>,
}

impl Args {
    /// The trust root, where one is pinned; it has to come after the one on record.
    pub(crate) fn trust(&self, registry: &dyn Registry) -> Result<Option<Trust>, Failure> {
        let Some(pinned) = self.approvers_digest else {
            return Ok(None);
        };
        let in_force = registry.policy_in_force();
        let in_force = in_force.map_err(|error| registry::failure(&error))?;
        let on_record = in_force.and_then(|in_force| in_force.approvers());
        let trust = disk::read_trust_after(&self.root.approvers, pinned, on_record);
        trust.map(Some).map_err(|problem| approvals::failure(&problem))
    }

    /// The trust root, which there has to be.
    pub(crate) fn required(&self, registry: &dyn Registry) -> Result<Trust, Failure> {
        self.trust(registry)?.ok_or_else(|| {
            Failure::usage("no trust root is pinned, so no signature counts")
                .help("add `--approvers-digest DIGEST`; `nhi approvers show` tells it")
        })
    }
}
