//! The one pass over the text: top-level members and changes.
//!
//! A member that this version does not know is skipped but checked; an action or a mode that it does not know is
//! refused, because a change that is not understood cannot be judged.

use std::borrow::Cow;
use std::thread;

use super::ahead::Ahead;
use super::checks::checks;
use super::configuration::{Configuration, present};
use super::state::StateValues;
use super::{Delta, OutputChange, Plan, PlannedVariable, RelevantAttribute, ResourceChange, Source};
use crate::change::{Action, Mode};
use crate::error::{ReadError, code};
use crate::json::{Cursor, Token};
use crate::limits::Limits;

/// The newest format this version was written for: major and minor.
const FORMAT_NEWEST: (u32, u32) = (1, 2);

const SHOW_HELP: &str = "pass the output of `tofu show -json tfplan` or `terraform show -json tfplan`";

/// JSON that is often passed instead of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lookalike {
    RawState,
    Encrypted,
    Log,
}

/// Members that tell what kind of JSON this is.
#[derive(Debug, Default)]
struct Seen {
    plan: bool,
    values: bool,
    lookalike: Option<Lookalike>,
}

/// Reads a plan, or a state, from JSON text.
pub fn read<'t>(text: &'t str, limits: &Limits) -> Result<Plan<'t>, ReadError> {
    let mut cursor = Cursor::new(text, limits)?;
    if text.bytes().all(|byte| byte.is_ascii_whitespace()) {
        return Err(ReadError::new(code::EMPTY, 0, "the input is empty", SHOW_HELP));
    }
    if !text.trim_start().starts_with([
        '{', '[', '"', '-', 't', 'f', 'n', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
    ]) {
        return Err(ReadError::format(0, "the input is not JSON", SHOW_HELP));
    }
    if cursor.kind()? != Token::Object {
        cursor.skip()?;
        cursor.finish()?;
        return Err(ReadError::format(0, "the input is JSON but not a plan", SHOW_HELP));
    }
    let mut plan = Plan::default();
    let mut seen = Seen::default();
    thread::scope(|scope| {
        let mut ahead = Ahead::start(scope, text, limits);
        cursor.object("plan")?;
        while let Some(key) = cursor.key()? {
            member(&mut cursor, &key, &mut ahead, &mut plan, &mut seen)?;
        }
        Ok(())
    })?;
    let end = cursor.finish();
    if seen.lookalike == Some(Lookalike::Log) {
        let message = "the input is the log of `plan -json`, not a plan";
        return Err(ReadError::format(
            0,
            message,
            "save the plan with `-out=tfplan` and pass the output of `show -json tfplan`",
        ));
    }
    end?;
    recognise(&mut plan, &seen)?;
    if let Some(planned) = plan.planned_values.filter(|_| plan.resource_changes.is_empty()) {
        keep_planned(&mut plan, planned, limits)?;
    }
    Ok(plan)
}

/// A refresh-only plan lists no changes: what it plans to keep is judged instead, so that no plan is clean by silence.
fn keep_planned<'t>(plan: &mut Plan<'t>, planned: &'t str, limits: &Limits) -> Result<(), ReadError> {
    let kept = StateValues::read_planned(planned, limits)?;
    if !kept.is_empty() {
        plan.notes
            .push("the plan lists no resource changes: its planned values are judged as they stand".to_owned());
        plan.state_resources.extend(kept);
    }
    Ok(())
}

fn member<'t>(
    cursor: &mut Cursor<'t>,
    key: &str,
    ahead: &mut Option<Ahead<'_, 't>>,
    plan: &mut Plan<'t>,
    seen: &mut Seen,
) -> Result<(), ReadError> {
    match key {
        "format_version" => plan.format_version = format_version(cursor, &mut plan.notes)?,
        "terraform_version" => plan.terraform_version = cursor.string(key)?.unwrap_or_default(),
        "timestamp" => plan.timestamp = cursor.string(key)?,
        "applyable" => plan.applyable = Some(cursor.boolean(key)?),
        "complete" => plan.complete = Some(cursor.boolean(key)?),
        "errored" => not_errored(cursor)?,
        "resource_changes" => {
            let found = ahead.take().and_then(|ahead| ahead.take(cursor));
            plan.resource_changes = found.map_or_else(|| resource_changes(cursor), Ok)?;
        }
        "resource_drift" => plan.resource_drift = resource_changes(cursor)?,
        "deferred_changes" => plan.deferred_changes = deferred_changes(cursor)?,
        "output_changes" => plan.output_changes = output_changes(cursor)?,
        "variables" => plan.variables = variables(cursor)?,
        "configuration" => plan.configuration = Configuration::read(cursor)?,
        "prior_state" => {
            cursor.kind()?;
            let start = cursor.offset();
            plan.state_resources = StateValues::read_prior(cursor)?.resources;
            plan.prior_state = Some(cursor.since(start));
        }
        "planned_values" => plan.planned_values = present(cursor)?,
        "relevant_attributes" => plan.relevant_attributes = relevant_attributes(cursor)?,
        "checks" => plan.checks = checks(cursor)?,
        "values" => {
            let values = StateValues::read(cursor, false)?;
            plan.state_resources = values.resources;
            plan.output_changes = values.outputs;
            seen.values = true;
        }
        _ => {
            match key {
                "lineage" | "serial" => seen.lookalike = Some(Lookalike::RawState),
                "encrypted_data" => seen.lookalike = Some(Lookalike::Encrypted),
                "@level" => seen.lookalike = Some(Lookalike::Log),
                _ => {}
            }
            cursor.skip()?;
        }
    }
    seen.plan |= matches!(key, "resource_changes" | "planned_values" | "configuration");
    Ok(())
}

/// Decides what the members make up, or says what they are instead.
fn recognise(plan: &mut Plan<'_>, seen: &Seen) -> Result<(), ReadError> {
    if seen.lookalike == Some(Lookalike::Encrypted) {
        let help = "pass the output of `tofu show -json tfplan`, run where the encryption key is configured";
        return Err(ReadError::format(0, "the input is encrypted by OpenTofu", help));
    }
    if seen.lookalike == Some(Lookalike::RawState) && !seen.plan {
        let help = "pass the output of `tofu show -json` or `terraform show -json`, run where the state is";
        return Err(ReadError::format(
            0,
            "the input is a state file, not the JSON that `show` makes of it",
            help,
        ));
    }
    if plan.format_version.is_empty() {
        return Err(ReadError::format(
            0,
            "the input is JSON but not a plan: it has no `format_version`",
            SHOW_HELP,
        ));
    }
    if seen.plan && seen.values {
        return Err(ReadError::format(
            0,
            "the input claims to be a plan and a state at once",
            SHOW_HELP,
        ));
    }
    if seen.values {
        plan.source = Source::State;
        plan.notes
            .push("the input is a state: it is judged as it stands, nothing changes".to_owned());
    } else if !seen.plan {
        return Err(ReadError::format(
            0,
            "the input holds neither a plan nor a state",
            SHOW_HELP,
        ));
    }
    Ok(())
}

fn format_version<'t>(cursor: &mut Cursor<'t>, notes: &mut Vec<String>) -> Result<Cow<'t, str>, ReadError> {
    cursor.kind()?;
    let offset = cursor.offset();
    let version = cursor.string("format_version")?.unwrap_or_default();
    let numbers = version
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    match numbers {
        Some((0, 0)) | None => Err(ReadError::format(
            offset,
            "`format_version` is not a version of the plan format",
            SHOW_HELP,
        )),
        Some((major, _)) if major > FORMAT_NEWEST.0 => Err(ReadError::format(
            offset,
            format!(
                "the plan has format {major}, this version reads up to {}",
                FORMAT_NEWEST.0
            ),
            "use a newer version of this program",
        )),
        Some(numbers) => {
            if numbers > FORMAT_NEWEST {
                let (major, minor) = numbers;
                notes.push(format!(
                    "the plan has format {major}.{minor}, newer than this program; what is new in it was not read"
                ));
            }
            Ok(version)
        }
    }
}

fn not_errored(cursor: &mut Cursor<'_>) -> Result<(), ReadError> {
    cursor.kind()?;
    let offset = cursor.offset();
    if cursor.boolean("errored")? {
        let help = "run the plan again and fix its errors: a plan that stopped halfway does not show all changes";
        return Err(ReadError::new(
            code::ERRORED,
            offset,
            "the plan says that planning failed",
            help,
        ));
    }
    Ok(())
}

/// An entry that has no address or no type cannot be judged.
pub(super) fn identified(offset: usize, address: &str, resource_type: &str) -> Result<(), ReadError> {
    if address.is_empty() || resource_type.is_empty() {
        return Err(ReadError::format(
            offset,
            "a resource has no address or no type",
            SHOW_HELP,
        ));
    }
    Ok(())
}

pub(super) fn mode(cursor: &mut Cursor<'_>) -> Result<Mode, ReadError> {
    cursor.kind()?;
    let offset = cursor.offset();
    match cursor.string("mode")?.as_deref() {
        Some("managed") => Ok(Mode::Managed),
        Some("data") => Ok(Mode::Data),
        _ => Err(ReadError::format(
            offset,
            "a resource has a mode that this version does not know",
            "use a newer version of this program",
        )),
    }
}

pub(super) fn resource_changes<'t>(cursor: &mut Cursor<'t>) -> Result<Vec<ResourceChange<'t>>, ReadError> {
    let mut changes = Vec::new();
    if cursor.array("resource_changes")? {
        while cursor.element()? {
            cursor.record()?;
            changes.push(resource_change(cursor)?);
        }
    }
    Ok(changes)
}

fn resource_change<'t>(cursor: &mut Cursor<'t>) -> Result<ResourceChange<'t>, ReadError> {
    let mut found = ResourceChange {
        address: Cow::Borrowed(""),
        previous_address: None,
        module_address: Cow::Borrowed(""),
        mode: Mode::Managed,
        resource_type: Cow::Borrowed(""),
        name: Cow::Borrowed(""),
        index: None,
        deposed: None,
        provider: Cow::Borrowed(""),
        action_reason: None,
        deferred_reason: None,
        change: Delta::default(),
    };
    cursor.kind()?;
    let start = cursor.offset();
    if cursor.object("resource change")? {
        while let Some(key) = cursor.key()? {
            match &*key {
                "address" => found.address = cursor.string("address")?.unwrap_or_default(),
                "previous_address" => found.previous_address = cursor.string("previous_address")?,
                "module_address" => found.module_address = cursor.string("module_address")?.unwrap_or_default(),
                "mode" => found.mode = mode(cursor)?,
                "type" => found.resource_type = cursor.string("type")?.unwrap_or_default(),
                "name" => found.name = cursor.string("name")?.unwrap_or_default(),
                "index" => found.index = present(cursor)?,
                "deposed" => found.deposed = cursor.string("deposed")?,
                "provider_name" => found.provider = cursor.string("provider_name")?.unwrap_or_default(),
                "action_reason" => found.action_reason = cursor.string("action_reason")?,
                "change" => found.change = delta(cursor)?,
                _ => {
                    cursor.skip()?;
                }
            }
        }
    }
    identified(start, &found.address, &found.resource_type)?;
    if found.change.actions.is_empty() {
        return Err(ReadError::format(start, "a resource change says no action", SHOW_HELP));
    }
    Ok(found)
}

fn deferred_changes<'t>(cursor: &mut Cursor<'t>) -> Result<Vec<ResourceChange<'t>>, ReadError> {
    let mut changes = Vec::new();
    if !cursor.array("deferred_changes")? {
        return Ok(changes);
    }
    while cursor.element()? {
        cursor.record()?;
        let (mut reason, mut found) = (None, None);
        if cursor.object("deferred change")? {
            while let Some(key) = cursor.key()? {
                match &*key {
                    "reason" => reason = cursor.string("reason")?,
                    "resource_change" => found = Some(resource_change(cursor)?),
                    _ => {
                        cursor.skip()?;
                    }
                }
            }
        }
        let Some(mut change) = found else {
            return Err(ReadError::format(
                cursor.offset(),
                "a deferred change does not say what it defers",
                SHOW_HELP,
            ));
        };
        change.deferred_reason = Some(reason.unwrap_or_default());
        changes.push(change);
    }
    Ok(changes)
}

fn delta<'t>(cursor: &mut Cursor<'t>) -> Result<Delta<'t>, ReadError> {
    let mut delta = Delta::default();
    if cursor.object("change")? {
        while let Some(key) = cursor.key()? {
            match &*key {
                "actions" => delta.actions = actions(cursor)?,
                "before" => delta.before = present(cursor)?,
                "after" => delta.after = present(cursor)?,
                "after_unknown" => delta.after_unknown = present(cursor)?,
                "before_sensitive" => delta.before_sensitive = present(cursor)?,
                "after_sensitive" => delta.after_sensitive = present(cursor)?,
                "replace_paths" => delta.replace_paths = present(cursor)?,
                "importing" => delta.importing = present(cursor)?,
                "generated_config" => delta.generated_config = cursor.string("generated_config")?,
                _ => {
                    cursor.skip()?;
                }
            }
        }
    }
    Ok(delta)
}

fn actions(cursor: &mut Cursor<'_>) -> Result<Vec<Action>, ReadError> {
    let mut actions = Vec::with_capacity(1);
    if !cursor.array("actions")? {
        return Ok(actions);
    }
    while cursor.element()? {
        cursor.kind()?;
        let offset = cursor.offset();
        let action = match cursor.string("actions")?.as_deref() {
            Some("no-op") => Action::NoOp,
            Some("create") => Action::Create,
            Some("read") => Action::Read,
            Some("update") => Action::Update,
            Some("delete") => Action::Delete,
            Some("forget") => Action::Forget,
            _ => {
                let message = "a resource change has an action that this version does not know";
                return Err(ReadError::format(
                    offset,
                    message,
                    "use a newer version of this program",
                ));
            }
        };
        actions.push(action);
    }
    Ok(actions)
}

fn output_changes<'t>(cursor: &mut Cursor<'t>) -> Result<Vec<OutputChange<'t>>, ReadError> {
    let mut outputs = Vec::new();
    if cursor.object("output_changes")? {
        while let Some(name) = cursor.key()? {
            cursor.record()?;
            outputs.push(OutputChange {
                name,
                change: delta(cursor)?,
            });
        }
    }
    Ok(outputs)
}

fn variables<'t>(cursor: &mut Cursor<'t>) -> Result<Vec<PlannedVariable<'t>>, ReadError> {
    let mut variables = Vec::new();
    if !cursor.object("variables")? {
        return Ok(variables);
    }
    while let Some(name) = cursor.key()? {
        cursor.record()?;
        let mut value = None;
        if cursor.object("variable")? {
            while let Some(key) = cursor.key()? {
                let raw = cursor.skip()?;
                if key == "value" {
                    value = Some(raw);
                }
            }
        }
        variables.push(PlannedVariable { name, value });
    }
    Ok(variables)
}

fn relevant_attributes<'t>(cursor: &mut Cursor<'t>) -> Result<Vec<RelevantAttribute<'t>>, ReadError> {
    let mut attributes = Vec::new();
    if !cursor.array("relevant_attributes")? {
        return Ok(attributes);
    }
    while cursor.element()? {
        cursor.record()?;
        let mut found = RelevantAttribute {
            resource: Cow::Borrowed(""),
            attribute: None,
        };
        if cursor.object("relevant attribute")? {
            while let Some(key) = cursor.key()? {
                match &*key {
                    "resource" => found.resource = cursor.string("resource")?.unwrap_or_default(),
                    "attribute" => found.attribute = present(cursor)?,
                    _ => {
                        cursor.skip()?;
                    }
                }
            }
        }
        attributes.push(found);
    }
    Ok(attributes)
}
