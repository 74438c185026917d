//! An organisation's own policy module: every identity and bucket carries the tags that the organisation asks for.
//!
//! It is complete: settings with a schema, a rule with its page, findings with a fix, tests with near misses. Copy it,
//! rename it, replace the rule.

mod missing_tag;
mod settings;

use settings::Settings;

nhi_policy_sdk::module! {
    /// The module at work on one plan.
    #[derive(Debug)]
    pub struct TeamPolicy {
        settings: Settings,
    }
    name: "team-policy",
    rules: [missing_tag::RULE],
}
