//! Puts what was found on record: of no use, and with a deadline, until an apply takes it up.

use nhi_governance::{Act, Evidence, Identity, TrustDomain, quarantine, requarantine};
use nhi_registry::{Actor, RecordsExt as _, Registry, RegistryError};

use super::standing::Standing;
use super::{Args, Row};
use crate::exit::Failure;
use crate::operate::BATCH;
use crate::output::Progress;
use crate::registry::failure;

/// Puts on record what is complete, and back into quarantine what nobody manages any more. How many are not complete.
pub(super) fn record(
    args: &Args,
    registry: &dyn Registry,
    rows: &mut [Row],
    progress: &mut Progress,
) -> Result<usize, Failure> {
    let trust_domain = TrustDomain::parse(&args.trust_domain).map_err(|problem| Failure::usage(problem.message))?;
    let actor = Actor::from_surroundings();
    let (mut done, total) = (0, rows.len());
    for batch in rows.chunks_mut(BATCH) {
        let recorded = registry.writing(&actor, |writer| {
            writer.refuse_clock_behind()?;
            let mut recorded = Vec::with_capacity(batch.len());
            for row in batch.iter() {
                let act = Act {
                    by: actor.as_str(),
                    evidence: &Evidence::default(),
                    policy: writer.policy(),
                    now: writer.now(),
                };
                let reason = format!("found as {} by `nhi adopt`", row.found.address);
                recorded.push(match (&row.standing, &row.proposal.declaration) {
                    (Standing::New | Standing::Revoked(_), Some(declaration)) => {
                        let place = (declaration.environment().as_str(), declaration.name().as_str());
                        if let Some(other) = writer.find::<Identity>(place.0, place.1)? {
                            return Err(RegistryError::Exists {
                                id: nhi_governance::Record::id(&other),
                                environment: declaration.environment().clone(),
                                name: declaration.name().clone(),
                                standing: other.standing(writer.now(), &writer.context(declaration)?).reason,
                            });
                        }
                        let id = writer.next_id()?;
                        let declared = declaration.clone();
                        let transition = quarantine(id, &trust_domain, declared, &args.deadline, &reason, &act)?;
                        writer.insert(transition, &Evidence::default())?;
                        true
                    }
                    (Standing::Waiting(on_record), _) if on_record.status == nhi_governance::Status::Unmanaged => {
                        let identity: Identity = writer.require(on_record.identity.id())?;
                        let transition = requarantine(&identity, &args.deadline, &reason, &act)?;
                        writer.replace(transition, &Evidence::default())?;
                        true
                    }
                    _ => false,
                });
            }
            Ok(recorded)
        });
        for (row, recorded) in batch.iter_mut().zip(recorded.map_err(|error| failure(&error))?) {
            row.recorded = recorded;
        }
        done += batch.len();
        progress.show(|| format!("{done} of {total} are on record"));
    }
    let lacks = |row: &&Row| !row.recorded && matches!(row.standing, Standing::New | Standing::Revoked(_));
    Ok(rows.iter().filter(lacks).count())
}
