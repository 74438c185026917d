//! Exceptions on record as waivers: each for one rule, at one attribute of one resource, for one value.

use jiff::Timestamp;
use nhi_governance::{Exception, Record as _, Registered};
use nhi_registry::{Access, Options, RecordFilter, RecordsExt as _};

use super::{Target, Waiver};
use crate::exit::Failure;
use crate::registry::{failure, location};
use crate::report::Waived;

/// Those of a registry that have not been ended; whether each is still good is for its end to say.
pub(super) fn read(registry: &str) -> Result<Vec<Waiver>, Failure> {
    let help =
        "without its exceptions there is no verdict; leave `--registry` and `NHI_REGISTRY` out to check without any";
    let told = |error| {
        let failure = failure(&error);
        let help = format!("{}; {help}", failure.help);
        failure.help(help)
    };
    let registry = nhi_registry::open(&location(registry)?, Access::Read, Options::default()).map_err(told)?;
    let exceptions: Vec<Registered<Exception>> = registry.list_records(&RecordFilter::default()).map_err(told)?;
    Ok(exceptions.iter().map(waiver).collect())
}

fn waiver(exception: &Registered<Exception>) -> Waiver {
    let declared = exception.declaration();
    let subject = &declared.subject;
    Waiver {
        rule: declared.control.clone(),
        target: Target::Address {
            address: subject.address.clone(),
            path: Some(subject.attribute.clone()),
        },
        value_sha256: Some(subject.value_digest.to_string()),
        waived: Waived {
            reason: declared.reason.clone(),
            owner: declared.risk_acceptor.to_string(),
            expires: declared.expires_at.to_string(),
            place: format!("exception {}", exception.id()),
        },
        // One whose end cannot be told has ended.
        ends: Timestamp::from_second(declared.expires_at.unix()).unwrap_or(Timestamp::MIN),
        on_record: true,
    }
}
