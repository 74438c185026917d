//! The one life cycle that all governed resources share: policy → registry → audit.
//!
//! A resource hands over a draft and gets an identity back; it cannot reach the registry past the policy, and the
//! registry writes record and audit row in one transaction that is durable before any answer goes out.

mod acting;
mod approving;
mod continuity;
mod records;
mod ruling;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use nhi_governance::measure::Measured;
use nhi_governance::{
    AccessReview, BreakGlass, Containment, Context, Declaration, Draft, Exception, Grant, Identity, Loosening, Policy,
    RecordId, RecordKind, Status, Team, Timestamp, TrustDomain, Vendor, Violation,
};
use nhi_registry::{Access, Actor, Anchor, Location, Options, RecordsExt as _, Registry, RegistryError, View};
use tfplugin::log;

pub(crate) use approving::{Approved, Approving, Lacking};
pub(crate) use records::{FoundRecord, Scene, Spec};
pub(crate) use ruling::listed;

/// What an audit row says when a resource is destroyed.
const DESTROYED: &str = "destroyed by a core";

/// How many identities are confirmed by one transaction.
const CONFIRMED_AT_ONCE: usize = 500;

/// How long the provider of a core that was killed may take to end, and with it what an apply right after waits for.
const ORPHAN_LIFE_MAX: Duration = Duration::from_secs(2);
/// How often it is looked whether it has ended.
const ORPHAN_POLL: Duration = Duration::from_millis(50);

/// What the provider block says. `None`: not known before apply.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) registry: Option<Location>,
    pub(crate) trust_domain: Option<TrustDomain>,
    pub(crate) policy: Option<Arc<Policy>>,
    pub(crate) approving: Option<Approving>,
}

/// Everything that governs, for one process.
#[derive(Debug)]
pub(crate) struct Governed {
    actor: Actor,
    settings: OnceLock<Settings>,
    registry: Mutex<Option<Arc<dyn Registry>>>,
    /// Set once the policy was found to be in force, or was put in force: no process has another policy later, and
    /// what others do meanwhile the registry compares in every transaction.
    ruled: OnceLock<()>,
    /// The same for plans, which put nothing in force.
    seen_in_force: OnceLock<()>,
    /// Created or adopted by this process; the core is not known to have the ids yet.
    created: Mutex<BTreeSet<RecordId>>,
    /// The same, of other kinds.
    records: Mutex<BTreeSet<(RecordKind, RecordId)>>,
    /// Those that the log was found to continue.
    continued: Mutex<BTreeSet<Anchor>>,
}

/// An identity on record and the time to judge it by.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) identity: Identity,
    pub(crate) context: Context,
    pub(crate) now: Timestamp,
    /// Where the log ended then.
    pub(crate) anchor: Anchor,
}

impl Found {
    /// What the numbers about identities are made of.
    pub(crate) fn measured(&self) -> Measured<'_> {
        Measured {
            identity: &self.identity,
            context: &self.context,
        }
    }

    /// What it is worth.
    pub(crate) fn status(&self) -> Status {
        self.identity.status(self.now, &self.context)
    }

    /// Why it is worth that.
    pub(crate) fn reason(&self) -> String {
        self.identity.standing(self.now, &self.context).reason
    }
}

/// What a state says an identity is. It is a claim until it was compared with the record.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) id: RecordId,
    pub(crate) name: String,
    pub(crate) environment: String,
}

/// Why nothing was done.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The policy refuses it.
    Violations(Vec<Violation>),
    /// The registry refuses it.
    Registry(RegistryError),
    /// What a state claims of an id is not what is on record.
    Forged { claim: Box<Claim>, on_record: String },
    /// A state says something of an identity that the record of the same revision does not.
    Edited { id: RecordId, attribute: &'static str },
    /// Approvals are missing.
    Lacking(Box<Lacking>),
    /// The policy is looser than the one in force, and too few agreed to that.
    Looser {
        loosened: Vec<Loosening>,
        lacking: Box<Lacking>,
    },
    /// The trust root, or what lies among the approvals, cannot be used.
    Approvers(nhi_governance::Problem),
    /// What never changes for an id is not what is on record.
    ForgedRecord { kind: &'static str, id: RecordId },
    /// A state says something of a record that the record of the same revision does not.
    EditedRecord {
        kind: &'static str,
        id: RecordId,
        attribute: &'static str,
    },
    /// A checkpoint is of another registry than the one that is there, if one is.
    Discontinued { wanted: String, found: Option<String> },
    /// Something that must be known is not.
    Unknown(&'static str),
}

impl From<RegistryError> for Trouble {
    fn from(error: RegistryError) -> Trouble {
        Trouble::Registry(error)
    }
}

/// Runs a call that blocks where it holds nothing up.
pub(crate) async fn blocking<T: Send + 'static>(
    governed: Arc<Governed>,
    call: impl FnOnce(&Governed) -> T + Send + 'static,
) -> T {
    match tokio::task::spawn_blocking(move || call(&governed)).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and with it everything that could take an answer.
            Err(_) => std::future::pending().await,
        },
    }
}

impl Governed {
    pub(crate) fn new(actor: Actor) -> Governed {
        Governed {
            actor,
            settings: OnceLock::new(),
            registry: Mutex::default(),
            ruled: OnceLock::new(),
            seen_in_force: OnceLock::new(),
            created: Mutex::default(),
            records: Mutex::default(),
            continued: Mutex::default(),
        }
    }

    /// Takes the provider block; the first one counts, a process has no other.
    pub(crate) fn configure(&self, settings: Settings) {
        let _ = self.settings.set(settings);
    }

    pub(crate) fn trust_domain(&self) -> Option<&TrustDomain> {
        self.settings.get()?.trust_domain.as_ref()
    }

    /// What the organisation's policy says, if that is known.
    pub(crate) fn policy(&self) -> Option<&Arc<Policy>> {
        self.settings.get()?.policy.as_ref()
    }

    /// Where the registry is, if that is known.
    pub(crate) fn location(&self) -> Option<&Location> {
        self.settings.get()?.registry.as_ref()
    }

    /// The identity that a state claims. Its id has come back, so a core knows it.
    ///
    /// A registry that is not there is an error: the state says that there was one.
    pub(crate) fn look_up(&self, claim: &Claim, anchor: Option<&Anchor>) -> Result<Option<Found>, Trouble> {
        let Some(registry) = self.existing_registry()? else {
            let place = self.location().map(ToString::to_string).unwrap_or_default();
            return Err(RegistryError::Missing(place).into());
        };
        let found = registry.reading(|view| {
            self.refuse_rollback_in(view, anchor)?;
            find(view, claim.id)
        })?;
        let Some(found) = found else {
            return Ok(None);
        };
        refuse_forged(claim, &found.identity)?;
        self.came_back(&found.identity);
        Ok(Some(found))
    }

    /// The identity of an id.
    pub(crate) fn find(&self, id: RecordId) -> Result<Option<Found>, Trouble> {
        self.find_after(None, id)
    }

    /// The same, of a registry whose log continues the one that a state was written with.
    pub(crate) fn find_after(&self, anchor: Option<&Anchor>, id: RecordId) -> Result<Option<Found>, Trouble> {
        let found = |registry: &dyn Registry| {
            registry.reading(|view| {
                self.refuse_rollback_in(view, anchor)?;
                find(view, id)
            })
        };
        Ok(self.ask(found)?.flatten())
    }

    /// Puts a question to the registry; none where there is no registry yet.
    pub(crate) fn ask<T>(
        &self,
        question: impl FnOnce(&dyn Registry) -> Result<T, RegistryError>,
    ) -> Result<Option<T>, Trouble> {
        match self.existing_registry()? {
            Some(registry) => Ok(Some(question(&*registry)?)),
            None => Ok(None),
        }
    }

    /// Policy, then registry: a new identity, or the one that an interrupted creation left.
    pub(crate) fn create(&self, draft: &Draft) -> Result<Found, Trouble> {
        let declaration = self.judge(draft)?;
        let trust_domain = self.trust_domain().ok_or(Trouble::Unknown("trust_domain"))?;
        self.rule()?;
        let evidence = self.approved(None, &declaration)?.evidence();
        let registry = self.registry()?;
        let created = patiently(
            || armed(|| registry.create(&self.actor, trust_domain, declaration.clone(), &evidence)),
            |error| matches!(error, RegistryError::Creating { id, .. } if !self.is_ours(*id)),
        )?;
        let id = created.identity.id();
        self.created.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        let what = if created.adopted {
            "an interrupted creation was taken up"
        } else {
            "an identity was created"
        };
        log::info(what, &[("id", id.to_string().into())]);
        Ok(found(&*registry, created.identity)?)
    }

    /// Policy, then registry: changes the identity that a state claims, if nobody changed it meanwhile.
    ///
    /// `edited` names an attribute of the state that the record contradicts: the plan was made from it.
    pub(crate) fn update(
        &self,
        claim: &Claim,
        revision: u64,
        draft: &Draft,
        edited: impl FnOnce(&Identity) -> Option<&'static str>,
    ) -> Result<Found, Trouble> {
        let declaration = self.judge(draft)?;
        let (registry, on_record) = self.on_record(claim)?;
        // A record of another revision is refused below, as one that somebody else has changed.
        if on_record.identity.revision() == revision
            && let Some(attribute) = edited(&on_record.identity)
        {
            return Err(Trouble::Edited {
                id: claim.id,
                attribute,
            });
        }
        self.rule()?;
        let evidence = self.approved(Some(&on_record), &declaration)?.evidence();
        let identity = armed(|| registry.update(&self.actor, claim.id, revision, declaration, &evidence))?;
        log::info("an identity was updated", &[("id", claim.id.to_string().into())]);
        Ok(found(&*registry, identity)?)
    }

    /// Ends the identity that a state claims. There is no policy to ask: revoking is never refused.
    pub(crate) fn revoke(&self, claim: &Claim) -> Result<(), Trouble> {
        let missing = || RegistryError::NotFound(claim.id);
        let registry = self.existing_registry()?.ok_or_else(missing)?;
        let identity = registry.get(claim.id)?.ok_or_else(missing)?;
        refuse_forged(claim, &identity)?;
        self.take_away::<Identity>(claim.id, Containment::End, DESTROYED)?;
        Ok(())
    }

    /// Notes that the core has the ids of everything this process created.
    pub(crate) fn confirm_created(&self) {
        self.confirm_created_of::<AccessReview>();
        self.confirm_created_of::<BreakGlass>();
        self.confirm_created_of::<Exception>();
        self.confirm_created_of::<Grant>();
        self.confirm_created_of::<Team>();
        self.confirm_created_of::<Vendor>();
        let created = std::mem::take(&mut *self.created.lock().unwrap_or_else(PoisonError::into_inner));
        if created.is_empty() {
            return;
        }
        let ids: Vec<RecordId> = created.into_iter().collect();
        let confirmed = self.registry().and_then(|registry| {
            // The core waits for the end of this process for a moment only: what is done by then stays done.
            for ids in ids.chunks(CONFIRMED_AT_ONCE) {
                registry.confirm(&self.actor, ids)?;
            }
            Ok(())
        });
        if let Err(trouble) = confirmed {
            // The next read of the state confirms what was not confirmed now.
            log::warn(
                "created identities were not confirmed",
                &[("reason", trouble.to_string().into())],
            );
        }
    }

    fn lock_records(&self) -> MutexGuard<'_, BTreeSet<(RecordKind, RecordId)>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_ours(&self, id: RecordId) -> bool {
        self.created
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&id)
    }

    fn came_back(&self, identity: &Identity) {
        if identity.is_confirmed() {
            return;
        }
        let confirmed = self
            .registry()
            .and_then(|registry| Ok(registry.confirm(&self.actor, &[identity.id()])?));
        if let Err(trouble) = confirmed {
            // A plan may run where the registry can only be read; an unconfirmed identity is no less good.
            log::warn(
                "an identity was not confirmed",
                &[("reason", trouble.to_string().into())],
            );
        }
    }

    /// The registry and the identity in it, if what a state claims is on record.
    fn on_record(&self, claim: &Claim) -> Result<(Arc<dyn Registry>, Found), Trouble> {
        let missing = || RegistryError::NotFound(claim.id);
        let location = self.location().ok_or(Trouble::Unknown("registry"))?;
        // For writing: where that cannot be, the error says why.
        let registry = match self.opened(location, Access::Write) {
            Err(RegistryError::Missing(_)) => return Err(missing().into()),
            opened => opened?,
        };
        let found = registry.reading(|view| find(view, claim.id))?.ok_or_else(missing)?;
        refuse_forged(claim, &found.identity)?;
        Ok((registry, found))
    }

    fn judge(&self, draft: &Draft) -> Result<Declaration, Trouble> {
        let checked = draft.check(self.policy().ok_or(Trouble::Unknown("policy"))?);
        if !checked.violations.is_empty() {
            return Err(Trouble::Violations(checked.violations));
        }
        checked.declaration.ok_or(Trouble::Unknown("an attribute"))
    }

    /// Opens the registry if there is one yet: what is wrong with it is found at plan, before an apply fails half-way.
    pub(crate) fn try_registry(&self) -> Result<(), Trouble> {
        match self.location() {
            Some(_) => self.existing_registry().map(drop),
            None => Ok(()),
        }
    }

    /// The registry, created where there is none.
    fn registry(&self) -> Result<Arc<dyn Registry>, Trouble> {
        let location = self.location().ok_or(Trouble::Unknown("registry"))?;
        Ok(self.opened(location, Access::Create)?)
    }

    /// The registry, created where there is none; to look at where it can only be read.
    fn registry_or_read_only(&self) -> Result<Arc<dyn Registry>, Trouble> {
        match self.existing_registry()? {
            Some(registry) => Ok(registry),
            None => self.registry(),
        }
    }

    /// The registry, if there is one: to look something up must not leave one behind.
    fn existing_registry(&self) -> Result<Option<Arc<dyn Registry>>, Trouble> {
        let location = self.location().ok_or(Trouble::Unknown("registry"))?;
        match self.opened(location, Access::Write) {
            Ok(registry) => Ok(Some(registry)),
            Err(RegistryError::Missing(_)) => Ok(None),
            Err(error) => Ok(Some(read_only(location, error)?)),
        }
    }

    fn opened(&self, location: &Location, access: Access) -> Result<Arc<dyn Registry>, RegistryError> {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(registry) = &*registry {
            // A file that was removed goes on to be open, and what is written to it is lost.
            location.refuse_missing_file()?;
            return Ok(Arc::clone(registry));
        }
        let options = options(self.policy().cloned());
        let opened: Arc<dyn Registry> = Arc::from(nhi_registry::open(location, access, options)?);
        *registry = Some(Arc::clone(&opened));
        Ok(opened)
    }
}

/// Tries again for a while where somebody else is busy with the same thing, who may just be ending.
fn patiently<T, E>(mut attempt: impl FnMut() -> Result<T, E>, is_busy: impl Fn(&E) -> bool) -> Result<T, E> {
    let patience = Instant::now() + ORPHAN_LIFE_MAX;
    loop {
        match attempt() {
            Err(error) if is_busy(&error) && Instant::now() < patience => std::thread::sleep(ORPHAN_POLL),
            outcome => return outcome,
        }
    }
}

/// An identity on record with all that it is judged by, on one snapshot.
pub(crate) fn found(registry: &dyn Registry, identity: Identity) -> Result<Found, RegistryError> {
    let mut identity = Some(identity);
    let found = registry.reading(|view| identity.take().map(|identity| found_in(view, identity)).transpose())?;
    // INVARIANT: a read runs its work once.
    found.ok_or_else(|| RegistryError::Broken(registry.place()))
}

fn find(view: &View<'_>, id: RecordId) -> Result<Option<Found>, RegistryError> {
    view.get(id)?.map(|identity| found_in(view, identity)).transpose()
}

fn found_in(view: &View<'_>, identity: Identity) -> Result<Found, RegistryError> {
    Ok(Found {
        context: view.context(identity.declaration())?,
        now: view.now()?,
        anchor: view.anchor()?,
        identity,
    })
}

/// A state is an untrusted cache. Name and environment never change for an id, so where they differ the state was
/// edited or belongs to another registry, and acting on it would hit somebody else's identity.
fn refuse_forged(claim: &Claim, identity: &Identity) -> Result<(), Trouble> {
    let declaration = identity.declaration();
    let (name, environment) = (declaration.name().as_str(), declaration.environment().as_str());
    if (claim.name.as_str(), claim.environment.as_str()) == (name, environment) {
        return Ok(());
    }
    Err(Trouble::Forged {
        claim: Box::new(claim.clone()),
        on_record: format!("`{name}` in `{environment}`"),
    })
}

/// Nothing is written before the policy is known, so that the default never stands for it in the audit log.
fn options(policy: Option<Arc<Policy>>) -> Options {
    let options = Options {
        policy: policy.unwrap_or_default(),
        ..Options::default()
    };
    #[cfg(debug_assertions)]
    let options = crate::failpoint::options(options);
    options
}

/// Where a file can be read and not written, a plan is still possible.
fn read_only(location: &Location, error: RegistryError) -> Result<Arc<dyn Registry>, RegistryError> {
    match error {
        RegistryError::Io { .. } | RegistryError::Database { .. } if location.path().is_some() => {
            let opened = nhi_registry::open(location, Access::Read, Options::default());
            opened.map(Arc::from).map_err(|_| error)
        }
        _ => Err(error),
    }
}

#[cfg(debug_assertions)]
fn armed<T>(call: impl FnOnce() -> T) -> T {
    crate::failpoint::armed(call)
}

#[cfg(not(debug_assertions))]
fn armed<T>(call: impl FnOnce() -> T) -> T {
    call()
}
