//! Another owner for an identity whose owner leaves.

use serde_json::json;

use super::{changes, next, particulars, printable, refuse_ended, settled_kills, tier_of_change};
use crate::code::{OWNER, OWNER_SAME, Problem};
use crate::declaration::Declaration;
use crate::identity::Identity;
use crate::owner::Owner;
use crate::record::{Act, Transition};
use crate::standing::Context;

impl Declaration {
    /// The same with another owner in the place of one; nothing where that is none of its owners.
    pub fn with_owner(&self, from: &Owner, to: &Owner) -> Result<Self, Problem> {
        let replaced = |owner: &Owner| if owner == from { to.clone() } else { owner.clone() };
        let after = Self {
            technical_owner: replaced(&self.technical_owner),
            policy_owner: replaced(&self.policy_owner),
            ..self.clone()
        };
        if after.technical_owner == after.policy_owner {
            let message = format!(
                "`{to}` would be technical owner and policy owner of `{}` in `{}`",
                self.name, self.environment
            );
            return Err(Problem::new(
                &OWNER_SAME,
                message,
                "Name another owner, or transfer this one by itself, to somebody else.",
            ));
        }
        Ok(after)
    }
}

/// Replaces an owner, by the approvals that the change calls for. Nothing else changes: what is suspended, in
/// quarantine or expired stays so. `context` is that of the declaration after it.
pub fn transfer(
    identity: &Identity,
    from: &Owner,
    to: &Owner,
    reason: &str,
    context: &Context,
    act: &Act<'_>,
) -> Result<Transition<Identity>, Problem> {
    refuse_ended(identity)?;
    let before = &identity.declaration;
    if before.technical_owner != *from && before.policy_owner != *from {
        return Ok(Transition::unchanged(identity));
    }
    let declaration = before.with_owner(from, to)?;
    let gone = context.owner_gone.as_ref().filter(|(owner, _)| owner == to.as_str());
    if let Some((owner, since)) = gone {
        let message = format!("owner `{owner}` is gone since {since}");
        return Err(Problem::new(&OWNER, message, "Name one that exists."));
    }
    let tier = tier_of_change(act.policy, before, &declaration);
    act.needs(tier, &format!("another owner for an identity of tier {tier}"))?;
    let changes = changes(before, &declaration);
    let after = Identity {
        declaration,
        evidence: act.evidence.clone(),
        ..next(&settled_kills(identity, context))
    };
    let told = json!({ "changes": changes, "reason": printable(reason), "by": printable(act.by) });
    let told = particulars(act.policy, &after, told);
    Ok(Transition::to(after, "updated", told))
}
