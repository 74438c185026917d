//! The life of identities: how one is created or taken up again, and the calls that predate other kinds.

use nhi_governance::{
    Act, Containment, Declaration, Evidence, Identity, Policy, RecordId, Timestamp, TrustDomain, adopt, confirm,
    create as begin, update as amend,
};

use crate::records::RecordsExt as _;
use crate::{Actor, Created, Filter, RecordFilter, Registry, RegistryError};

fn act<'a>(actor: &'a Actor, evidence: &'a Evidence, policy: &'a Policy, now: Timestamp) -> Act<'a> {
    Act {
        by: actor.as_str(),
        evidence,
        policy,
        now,
    }
}

pub(crate) fn create(
    registry: &(impl Registry + ?Sized),
    actor: &Actor,
    trust_domain: &TrustDomain,
    declaration: &Declaration,
    evidence: &Evidence,
) -> Result<Created, RegistryError> {
    registry.writing(actor, |writer| {
        writer.refuse_granting()?;
        let (now, session) = (writer.now(), writer.session()?);
        let (environment, name) = (declaration.environment(), declaration.name());
        let Some(identity) = writer.find::<Identity>(environment.as_str(), name.as_str())? else {
            writer.refuse_unexcepted(declaration, now)?;
            let transition = begin(
                writer.next_id()?,
                trust_domain,
                declaration.clone(),
                &act(actor, evidence, writer.policy(), now),
            )?
            .after_kills(writer.context(declaration)?.kill_epoch())
            .of_session(session);
            return Ok(Created {
                identity: writer.insert(transition, evidence)?,
                adopted: false,
            });
        };
        let (id, environment, name) = (identity.id(), environment.clone(), name.clone());
        let context = writer.context(declaration)?;
        let Some(transition) = adopt(&identity, trust_domain, declaration, &context, now) else {
            return Err(RegistryError::Exists {
                id,
                environment,
                name,
                standing: identity.standing(now, &context).reason,
            });
        };
        if writer.is_under_way(id)? {
            return Err(RegistryError::Creating { id, environment, name });
        }
        let left = writer.left_of(id, evidence)?;
        Ok(Created {
            identity: writer.replace(transition.of_session(session), &left)?,
            adopted: true,
        })
    })
}

pub(crate) fn update(
    registry: &(impl Registry + ?Sized),
    actor: &Actor,
    id: RecordId,
    expected_revision: u64,
    declaration: &Declaration,
    evidence: &Evidence,
) -> Result<Identity, RegistryError> {
    registry.change(actor, id, Some(expected_revision), evidence, |now, identity, view| {
        // What only takes it out of use is never held up.
        if !declaration.wants_suspension() {
            view.refuse_unexcepted(declaration, now)?;
        }
        Ok(amend(
            identity,
            declaration.clone(),
            &view.context(declaration)?,
            &act(actor, evidence, view.policy(), now),
        )?)
    })
}

pub(crate) fn revoke(
    registry: &(impl Registry + ?Sized),
    actor: &Actor,
    id: RecordId,
    reason: &str,
) -> Result<Identity, RegistryError> {
    let taken = registry.take_away::<Identity>(actor, &[id], Containment::End, reason)?;
    taken.records.into_iter().next().ok_or(RegistryError::NotFound(id))
}

pub(crate) fn confirm_all(
    registry: &(impl Registry + ?Sized),
    actor: &Actor,
    ids: &[RecordId],
) -> Result<(), RegistryError> {
    // Every read of a known identity ends here, so that it has to be cheap where there is no news.
    let confirmed = registry.contain::<Identity>(actor, ids, |_, identity, _| Ok(confirm(identity)));
    confirmed.map(drop)
}

pub(crate) fn list(registry: &(impl Registry + ?Sized), filter: &Filter) -> Result<Vec<Identity>, RegistryError> {
    registry.list_records(&RecordFilter {
        environment: filter.environment.as_ref().map(ToString::to_string),
        key: filter.name.as_ref().map(ToString::to_string),
        parent: None,
        with_ended: filter.with_revoked,
    })
}
