//! `risk_tier`: the tier that a score or a planned identity leads to.

use nhi_governance::{Policy, RiskTier, Violation};
use tfplugin::server::{Function, FunctionError, Parameter, Signature};
use tfplugin::value::{Number, Type, Value};

use crate::report;
use crate::resources::draft;

pub(super) struct RiskTierOf;

impl Function for RiskTierOf {
    fn name(&self) -> &'static str {
        "risk_tier"
    }

    fn signature(&self) -> Signature {
        Signature::new("Risk tier of a score or of an identity.", Type::String)
            .describe(
                "The tier of a score (`provider::nhi::risk_tier(45)` is `high`), or of an identity: an object with \
                 attributes of `nhi_identity`, of which those that are left out count as `nhi_identity` counts them. It \
                 tells before a plan which ceiling and which approvals an identity will meet.",
            )
            .parameter(Parameter::new(
                "of",
                Type::Dynamic,
                "A score, a whole number that is not negative, or an object.",
            ))
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let of = arguments.first().map_or(&Value::Null, Value::concrete);
        let tier = match of {
            Value::Number(score) => of_score(score)?,
            Value::Object(_) => of_identity(of)?,
            _ => {
                let text = "write a score, or an object with attributes of `nhi_identity` (NHI-QUESTION)";
                return Err(FunctionError::at(0, text));
            }
        };
        Ok(tier.as_str().into())
    }
}

fn of_score(score: &Number) -> Result<RiskTier, FunctionError> {
    let whole = score.as_i64().and_then(|score| u32::try_from(score).ok());
    let whole = whole.ok_or_else(|| FunctionError::at(0, "a score is a whole number from 0 on (NHI-QUESTION)"))?;
    Ok(Policy::default().tier_of_score(whole))
}

fn of_identity(identity: &Value) -> Result<RiskTier, FunctionError> {
    let known = draft::attributes();
    if let Some(other) = identity
        .entries()
        .into_iter()
        .flatten()
        .find(|(name, _)| !known.contains(&name.as_str()))
    {
        let text = format!(
            "`{}` is no attribute of `nhi_identity` that can be set (NHI-QUESTION)",
            other.0
        );
        return Err(FunctionError::at(0, text));
    }
    let checked = draft::draft(identity).check(&Policy::default());
    // What is missing is no mistake here, and the ceiling depends on the answer; what is there has to be right.
    let given = |violation: &&Violation| !matches!(violation.code.id, "NHI-REQUIRED" | "NHI-TTL-CEILING");
    if let Some(violation) = checked.violations.iter().find(given) {
        let told = report::violation(violation.clone());
        return Err(FunctionError::at(0, format!("{}. {}", told.summary, told.detail)));
    }
    Ok(checked.assessment.tier)
}
