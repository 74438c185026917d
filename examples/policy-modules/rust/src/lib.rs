//! An organisation's own policy module: every identity and bucket carries the tags that the organisation asks for.
//!
//! It is complete: settings with a schema, a rule with its page, findings with a fix, tests with near misses. Copy it,
//! rename it, replace the rule.

mod missing_tag;
mod settings;

use nhi_policy_sdk::{Change, Context, Description, Findings, Interest, PolicyModule};
use settings::Settings;

/// The module at work on one plan.
#[derive(Debug)]
pub struct TeamPolicy {
    settings: Settings,
}

impl PolicyModule for TeamPolicy {
    fn describe() -> Description {
        Description {
            rules: vec![missing_tag::rule()],
            interests: vec![Interest::resources(missing_tag::TYPES)],
            settings_schema: settings::SCHEMA.to_owned(),
            ..Description::new("team-policy", env!("CARGO_PKG_VERSION"))
        }
    }

    fn validate_settings(settings: &str) -> Result<(), Vec<String>> {
        Settings::parse(settings).map(drop)
    }

    fn open(settings: &str, _context: &Context) -> Result<Self, String> {
        let settings = Settings::parse(settings).map_err(|errors| errors.join("; "))?;
        Ok(Self { settings })
    }

    fn check(&mut self, change: &Change<'_>, findings: &mut Findings) -> Result<(), String> {
        missing_tag::check(&self.settings, change, findings)
    }
}

nhi_policy_sdk::export!(TeamPolicy);
