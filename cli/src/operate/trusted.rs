//! Where signatures lie, and who may give them.

use nhi_approvals::{Trust, disk};
use nhi_governance::Digest;

use crate::approvals::{self, Place, Root};
use crate::exit::Failure;

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
    /// The trust root, where one is pinned.
    pub(crate) fn trust(&self) -> Result<Option<Trust>, Failure> {
        let read = |pinned| disk::read_trust(&self.root.approvers, pinned);
        let trust = self.approvers_digest.map(read).transpose();
        trust.map_err(|problem| approvals::failure(&problem))
    }

    /// The trust root, which there has to be.
    pub(crate) fn required(&self) -> Result<Trust, Failure> {
        self.trust()?.ok_or_else(|| {
            Failure::usage("no trust root is pinned, so no signature counts")
                .help("add `--approvers-digest DIGEST`; `nhi approvers show` tells it")
        })
    }
}
