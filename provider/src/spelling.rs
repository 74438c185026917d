//! Two spellings of one thing are no difference: `720h` and `43200m` are one duration, `team:a` and `TEAM:a` one owner.

use nhi_governance::{Owner, Ttl};
use tfplugin::value::Value;

/// The attributes that hold a duration, of whatever resource.
const DURATIONS: [&str; 5] = ["cadence", "due_in", "max_session", "test_interval", "ttl"];
/// Those that hold an owner.
const OWNERS: [&str; 5] = [
    "accountable_human",
    "backup_owner",
    "policy_owner",
    "risk_acceptor",
    "technical_owner",
];

/// Keeps the spelling of the record where what is planned says the same.
pub(crate) fn keep(prior: &Value, planned: &mut Value) {
    let durations = DURATIONS.map(|name| (name, same_duration as fn(&str, &str) -> bool));
    let owners = OWNERS.map(|name| (name, same_owner as fn(&str, &str) -> bool));
    for (name, same) in durations.into_iter().chain(owners) {
        if let (Some(before), Some(after)) = (prior.get(name).as_str(), planned.get(name).as_str())
            && same(before, after)
        {
            planned.insert(name, before.into());
        }
    }
}

fn same_duration(left: &str, right: &str) -> bool {
    matches!((Ttl::parse(left), Ttl::parse(right)), (Ok(left), Ok(right)) if left.seconds() == right.seconds())
}

fn same_owner(left: &str, right: &str) -> bool {
    matches!((Owner::parse(left), Owner::parse(right)), (Ok(left), Ok(right)) if left == right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_the_same_keeps_its_spelling() {
        for (name, before, after, kept) in [
            ("ttl", "720h", "43200m", true),
            ("ttl", "720h", "721h", false),
            ("due_in", "1h", "60m", true),
            ("technical_owner", "team:a", "TEAM:a", true),
            ("technical_owner", "team:a", "team:b", false),
            // A name that looks like a duration is a name.
            ("name", "720h", "43200m", false),
        ] {
            let mut planned = Value::object([(name, Value::from(after))]);
            keep(&Value::object([(name, Value::from(before))]), &mut planned);
            let expected = if kept { before } else { after };
            assert_eq!(planned.get(name).as_str(), Some(expected), "{name} {before} {after}");
        }
    }
}
