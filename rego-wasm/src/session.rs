//! One run over one plan: blocks are judged as they come, or collected and judged together, as each policy says.

use nhi_policy_sdk::{Change, Context, Description, Findings, Interest, Mode, PolicyModule, RuleInfo, glob_matches};
use regorus::{Engine, Value};

use crate::bundle::Bundle;
use crate::input::{self, Plan};
use crate::policy::{Policy, Unit};
use crate::{settings, verdict};

/// The attribute of a description that holds what is wrong with the policies; the builder asks for it.
const ERROR: &str = "error";

/// Policies at work on one plan.
#[derive(Debug)]
pub struct Judge {
    engine: Engine,
    units: Vec<Unit>,
    plan: Plan,
}

impl Judge {
    /// Starts the judgement of one plan.
    pub fn open(policy: Policy, settings: &str, context: &Context) -> Result<Self, String> {
        let settings = settings::read(settings, &policy.schema).map_err(|errors| errors.join("; "))?;
        let mut nhi = input::object([("now", Value::from(context.now.as_str()))]);
        if let Some(nanoseconds) = nanoseconds(&context.now) {
            input::insert(&mut nhi, "now_ns", Value::from(nanoseconds));
        }
        let mut engine = policy.engine;
        engine
            .add_data(input::object([("nhi", nhi), ("settings", settings)]))
            .map_err(|error| format!("the settings cannot be shown to the policies: {error}"))?;
        Ok(Self {
            engine,
            units: policy.units,
            plan: Plan {
                format_version: Value::from(context.format_version.as_str()),
                terraform_version: Value::from(context.terraform_version.as_str()),
                resources: Vec::new(),
                variables: Value::new_object(),
                outputs: Value::new_object(),
            },
        })
    }

    /// Judges one block alone, and keeps it where policies want to see all of them.
    pub fn check(&mut self, change: &Change<'_>, findings: &mut Findings) -> Result<(), String> {
        // A data source that was read before stands elsewhere in a plan, and policies never saw it.
        if change
            .attributes
            .iter()
            .any(|(key, value)| key == "source" && value == "prior_state")
        {
            return Ok(());
        }
        if matches!(change.mode, Mode::Managed | Mode::Data) {
            let wants = |unit: &Unit| unit.is_per_resource && sees(unit, &change.resource_type);
            let wanted: Vec<usize> = (0..)
                .zip(&self.units)
                .filter(|(_, unit)| wants(unit))
                .map(|(i, _)| i)
                .collect();
            if !wanted.is_empty() {
                let document = self.plan.document(vec![input::resource(change)?]);
                self.engine.set_input(document);
                for index in wanted {
                    self.judge(index, Some(&change.address), findings)?;
                }
            }
        }
        if self.units.iter().any(|unit| !unit.is_per_resource) {
            self.plan.add(change)?;
        }
        Ok(())
    }

    /// Judges all blocks together.
    pub fn finish(&mut self, findings: &mut Findings) -> Result<(), String> {
        let together: Vec<usize> = (0..)
            .zip(&self.units)
            .filter(|(_, unit)| !unit.is_per_resource)
            .map(|(index, _)| index)
            .collect();
        if together.is_empty() {
            return Ok(());
        }
        let resources = std::mem::take(&mut self.plan.resources);
        self.engine.set_input(self.plan.document(resources));
        together
            .into_iter()
            .try_for_each(|index| self.judge(index, None, findings))
    }

    fn judge(&mut self, index: usize, address: Option<&str>, findings: &mut Findings) -> Result<(), String> {
        let Some(unit) = self.units.get(index) else {
            return Ok(());
        };
        let told = |error: String| crate::problem::Problem::told(&unit.path, &error).text();
        if unit.has_exceptions {
            let exceptions = self.engine.eval_rule(format!("{}.exception", unit.package));
            let exceptions = exceptions.map_err(|error| told(error.to_string()))?;
            if is_excepted(&exceptions, &unit.suffix) {
                return Ok(());
            }
        }
        let answer = self
            .engine
            .eval_rule(unit.path.clone())
            .map_err(|error| told(error.to_string()))?;
        verdict::read(unit, &answer, address, findings)?;
        // Nobody reads what a policy prints, and it must not fill the memory.
        drop(self.engine.take_prints());
        Ok(())
    }
}

/// Whether an exception of conftest names a rule: a set of lists of the rules' names behind `deny_`.
fn is_excepted(exceptions: &Value, suffix: &str) -> bool {
    let names = |value: &Value| match value {
        Value::Array(items) => items.contains(&Value::from(suffix)),
        Value::Set(items) => items.contains(&Value::from(suffix)),
        _ => false,
    };
    match exceptions {
        Value::Set(items) => items.iter().any(names),
        Value::Array(items) => items.iter().any(names),
        _ => false,
    }
}

fn sees(unit: &Unit, resource_type: &str) -> bool {
    let globs = unit.resource_types.as_ref();
    globs.is_none_or(|globs| globs.iter().any(|glob| glob_matches(glob, resource_type)))
}

/// Nanoseconds since 1970 of a moment like `2026-01-01T00:00:00Z`.
fn nanoseconds(now: &str) -> Option<i64> {
    let digits = |range: std::ops::Range<usize>| now.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
    let (hour, minute, second) = (digits(11..13)?, digits(14..16)?, digits(17..19)?);
    // Days since 1970 in the calendar of Gregory, counted from March so that a leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let months = (month + 9) % 12;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * months + 2) / 5 + day - 1 - 719_468;
    (((days * 24 + hour) * 60 + minute) * 60 + second).checked_mul(1_000_000_000)
}

/// The module: the policies that were put into it.
#[derive(Debug)]
pub struct Rego(Judge);

fn embedded(read: fn(&Bundle) -> Result<Policy, Vec<String>>) -> Result<Policy, Vec<String>> {
    read(&Bundle::embedded().map_err(|error| vec![error])?)
}

impl PolicyModule for Rego {
    fn describe() -> Description {
        match embedded(Policy::new) {
            Ok(policy) => policy.description,
            // A module that judges nothing and says why; it does not open either.
            Err(errors) => Description {
                rules: vec![RuleInfo {
                    code: "REGO-BUILD".to_owned(),
                    name: "unfinished-build".to_owned(),
                    summary: "policies that cannot be read".to_owned(),
                    why: "a policy that cannot be read judges nothing".to_owned(),
                    ..RuleInfo::default()
                }],
                interests: vec![Interest::resources(&["*"])],
                attributes: errors
                    .into_iter()
                    .map(|error| (ERROR.to_owned(), short(error)))
                    .collect(),
                ..Description::new("rego", "0.0.0")
            },
        }
    }

    fn validate_settings(settings: &str) -> Result<(), Vec<String>> {
        let bundle = Bundle::embedded().map_err(|error| vec![error])?;
        settings::read(settings, &bundle.schema).map(drop)
    }

    fn open(settings: &str, context: &Context) -> Result<Self, String> {
        let policy = embedded(Policy::tried).map_err(|errors| errors.join("\n"))?;
        Ok(Self(Judge::open(policy, settings, context)?))
    }

    fn check(&mut self, change: &Change<'_>, findings: &mut Findings) -> Result<(), String> {
        self.0.check(change, findings)
    }

    fn finish(&mut self, findings: &mut Findings) -> Result<(), String> {
        self.0.finish(findings)
    }
}

fn short(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(3_000));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_counted_in_nanoseconds() {
        let table = [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2026-01-01T00:00:00Z", 1_767_225_600),
            ("2026-03-01T00:00:01Z", 1_772_323_201),
        ];
        for (now, seconds) in table {
            assert_eq!(nanoseconds(now), Some(seconds * 1_000_000_000), "{now}");
        }
        assert_eq!(nanoseconds("soon"), None);
    }
}
