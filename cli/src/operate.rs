//! What the commands that change identities share: whom they mean, why they act, what they did.
//!
//! Everything is decided again in the transaction that writes; what was shown before is only what was asked about.

pub(crate) mod approving;
pub(crate) mod deeds;
pub(crate) mod kinds;
pub(crate) mod outcome;
pub(crate) mod rounds;
pub(crate) mod selection;
pub(crate) mod taking;
pub(crate) mod trusted;

use std::io::{BufRead as _, IsTerminal as _};

use nhi_governance::{Containment, Environment, Evidence, Identity, Record as _, RecordId, Timestamp, Transition};
use nhi_registry::{Actor, RecordsExt as _, Registry, RegistryError, View};

pub(crate) use crate::args::Format;
use crate::commands::identities;
use crate::exit::{Exit, Failure};
use crate::operate::outcome::Done;
use crate::output::Console;

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 300;

/// How many identities one transaction changes at most, so that others get their turn in between.
pub(crate) const BATCH: usize = 500;

/// Which identity is meant.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Target {
    /// The identity's id or its name
    #[arg(value_name = "ID|NAME")]
    which: String,
    /// The environment of a name that several have
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
}

impl Target {
    /// Whoever is named in another way than by the arguments of its own.
    pub(crate) fn new(which: String, environment: Option<String>) -> Self {
        Self { which, environment }
    }

    /// The identity of the id, or the one that has the name now, or the last one that had it.
    pub(crate) fn find(&self, registry: &dyn Registry) -> Result<Identity, Failure> {
        let environment = self.environment.as_deref().map(environment).transpose()?;
        let elsewhere = environment.clone();
        let identity = identities::find(registry, &self.which, environment)?;
        match elsewhere {
            Some(wanted) if identity.declaration().environment() != &wanted => {
                let found = identity.declaration().environment();
                Err(
                    Failure::usage(format!("identity `{}` is in environment `{found}`", identity.id()))
                        .help("leave `--environment` out where the id is given"),
                )
            }
            _ => Ok(identity),
        }
    }
}

fn environment(text: &str) -> Result<Environment, Failure> {
    Environment::parse(text).map_err(|problem| Failure::usage(problem.message).help(problem.help))
}

/// Parses a reason: a line that says something.
pub(crate) fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    if text.is_empty() {
        return Err("say why, for example the number of the incident".to_owned());
    }
    if text.contains(is_hidden) {
        return Err("write one line without control characters".to_owned());
    }
    if text.chars().count() > REASON_CHARS_MAX {
        return Err(format!("write {REASON_CHARS_MAX} characters at most"));
    }
    Ok(text.to_owned())
}

/// Does something to identities that only takes away: all of them in one transaction, whatever the clock says.
pub(crate) fn contain(
    registry: &dyn Registry,
    actor: &Actor,
    ids: &[RecordId],
    mut decide: impl FnMut(Timestamp, &Identity, &View<'_>) -> Result<Transition<Identity>, RegistryError>,
) -> Result<Vec<Done>, RegistryError> {
    registry.writing(actor, |writer| {
        let mut done = Vec::new();
        for id in ids {
            let before: Identity = writer.require(*id)?;
            let transition = decide(writer.now(), &before, writer)?;
            let changed = transition.event.is_some();
            let after = writer.replace(transition, &Evidence::default())?;
            let context = writer.context(after.declaration())?;
            done.push(Done::of(&after, writer.now(), &context, changed));
        }
        Ok(done)
    })
}

/// Ends or suspends identities, all of them or none: on record, or, where the registry cannot be written now, waiting to
/// be, which is said.
pub(crate) fn take_away(
    registry: &dyn Registry,
    ids: &[RecordId],
    how: Containment,
    reason: &str,
    console: &Console,
) -> Result<Vec<Done>, RegistryError> {
    let revisions = |view: &View<'_>| -> Result<Vec<u64>, RegistryError> {
        let found = ids.iter().map(|id| view.require::<Identity>(*id));
        found.map(|identity| Ok(identity?.revision())).collect()
    };
    let before = registry.reading(revisions)?;
    let taken = registry.take_away::<Identity>(&Actor::from_surroundings(), ids, how, reason)?;
    if let Some(file) = &taken.waits_in {
        console.talk(&format!(
            "warning: the registry cannot be written now. What was taken counts here at once, waits in `{}`, and is \
             on record with the next change made from here. Other machines do not see it before.",
            file.display()
        ));
    }
    let mut done = Vec::new();
    registry.read_anew(&mut |view| {
        done.clear();
        for (identity, before) in taken.records.iter().zip(&before) {
            let context = view.context(identity.declaration())?;
            done.push(Done::of(
                identity,
                view.now()?,
                &context,
                identity.revision() != *before,
            ));
        }
        Ok(())
    })?;
    Ok(done)
}

/// Changes one identity, if it is still the one that was judged.
pub(crate) fn change(
    registry: &dyn Registry,
    actor: &Actor,
    judged: &Identity,
    evidence: &Evidence,
    mut decide: impl FnMut(Timestamp, &Identity, &View<'_>) -> Result<Transition<Identity>, RegistryError>,
) -> Result<Done, RegistryError> {
    registry.writing(actor, |writer| {
        writer.refuse_granting()?;
        let before = unchanged(writer.require(judged.id())?, judged)?;
        let transition = decide(writer.now(), &before, writer)?;
        let changed = transition.event.is_some();
        let after = writer.replace(transition, evidence)?;
        let context = writer.context(after.declaration())?;
        Ok(Done::of(&after, writer.now(), &context, changed))
    })
}

/// The record, where nobody changed it since it was judged.
pub(crate) fn unchanged(found: Identity, judged: &Identity) -> Result<Identity, RegistryError> {
    if found.revision() == judged.revision() {
        return Ok(found);
    }
    Err(RegistryError::Stale {
        kind: Identity::KIND,
        id: found.id(),
        expected: judged.revision(),
        found: found.revision(),
    })
}

/// Asks a person at the terminal; nobody there is no answer.
pub(crate) fn confirm(question: &str, console: &Console) -> Result<(), Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::usage("nobody is there to confirm").help("add `--yes` in a script"));
    }
    console.ask(&format!("{question} Write yes: "));
    let mut answer = String::new();
    let read = stdin.lock().read_line(&mut answer);
    if read.is_ok() && answer.trim() == "yes" {
        return Ok(());
    }
    Err(Failure {
        exit: Exit::Findings,
        message: "nothing was changed".to_owned(),
        help: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn reasons() {
        assert_eq!(reason(" INC-7: key on a gist ").as_deref(), Ok("INC-7: key on a gist"));
        assert!(reason(&"ä".repeat(300)).is_ok());
        for text in ["", " \t", "a\nb", "a\u{202e}b", "a\u{1b}[2J", &"x".repeat(301)] {
            assert!(reason(text).is_err(), "{text:?}");
        }
    }
}
