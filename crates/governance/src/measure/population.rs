//! How many identities of what kind there are.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Measured, Share};
use crate::kind::Kind;
use crate::policy::Policy;
use crate::time::Timestamp;

const DAY_SECONDS: i64 = 86_400;
/// The age buckets, each with its last day.
const AGES: [(&str, i64); 4] = [("0-30", 30), ("31-60", 60), ("61-90", 90), ("91+", i64::MAX)];

/// Counts of identities. `live` are those that are not revoked; every count but the one by status is of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[expect(missing_docs, reason = "the name of each count says what it counts")]
pub struct Population {
    pub live: usize,
    pub usable: usize,
    pub by_status: BTreeMap<&'static str, usize>,
    pub by_kind: BTreeMap<&'static str, usize>,
    pub by_risk_tier: BTreeMap<&'static str, usize>,
    pub by_environment: BTreeMap<String, usize>,
    pub by_owner: BTreeMap<String, usize>,
    pub by_age_days: BTreeMap<&'static str, usize>,
    pub attested: usize,
    pub static_credentials: usize,
}

impl Population {
    /// Counts them.
    pub fn of<'a>(measured: impl IntoIterator<Item = Measured<'a>>, policy: &Policy, now: Timestamp) -> Self {
        let mut counts = Self::default();
        for one in measured {
            let status = one.status(now);
            *counts.by_status.entry(status.as_str()).or_default() += 1;
            if status.is_final() {
                continue;
            }
            counts.live += 1;
            counts.usable += usize::from(status.is_usable());
            let declaration = one.identity.declaration();
            let tier = declaration.assess(policy).tier;
            *counts.by_kind.entry(declaration.kind().as_str()).or_default() += 1;
            *counts.by_risk_tier.entry(tier.as_str()).or_default() += 1;
            let age = age_bucket(one.identity.issued_at(), now);
            *counts.by_age_days.entry(age).or_default() += 1;
            let (environment, owner) = (declaration.environment(), declaration.technical_owner());
            *counts.by_environment.entry(environment.to_string()).or_default() += 1;
            *counts.by_owner.entry(owner.to_string()).or_default() += 1;
            counts.attested += usize::from(declaration.attestation().is_some());
            counts.static_credentials += usize::from(declaration.kind() == Kind::LegacyShared);
        }
        counts
    }

    /// Share of live identities that declare an attestation.
    pub fn attestation_coverage(&self) -> Option<Share> {
        Share::of(self.attested, self.live)
    }

    /// Share of live identities that rest on a shared static credential.
    pub fn static_credential_share(&self) -> Option<Share> {
        Share::of(self.static_credentials, self.live)
    }
}

/// The bucket of the days since something was issued.
pub fn age_bucket(issued_at: Timestamp, now: Timestamp) -> &'static str {
    let days = now.seconds_since(issued_at).max(0) / DAY_SECONDS;
    AGES.iter()
        .find(|(_, last)| days <= *last)
        .map_or("91+", |(bucket, _)| bucket)
}

#[cfg(test)]
mod tests {
    use super::age_bucket;
    use crate::time::Timestamp;

    #[test]
    fn ages() {
        for (days, bucket) in [
            (-1, "0-30"),
            (0, "0-30"),
            (30, "0-30"),
            (31, "31-60"),
            (60, "31-60"),
            (61, "61-90"),
            (90, "61-90"),
            (91, "91+"),
            (9_999, "91+"),
        ] {
            let issued = Timestamp::from_unix(0);
            assert_eq!(
                age_bucket(issued, Timestamp::from_unix(days * 86_400)),
                bucket,
                "{days}"
            );
        }
    }
}
