//! Which version of a module is locked.

use nhi_governance::Problem;
use nhi_policy_file::{Constraint, Version};

use crate::code::VERSION;

/// The highest version that the constraint allows and that is not below the floor.
///
/// # Errors
///
/// There is none; the message says what there is, and whether only the floor is in the way: a version never goes down
/// by itself, for whoever can take versions back could bring back a hole that was closed.
pub fn choose<'v>(
    name: &str,
    versions: &'v [Version],
    constraint: &Constraint,
    floor: Option<&Version>,
) -> Result<&'v Version, Problem> {
    let allowed = versions.iter().filter(|version| constraint.allows(version));
    let Some(highest) = allowed.max() else {
        let there = match versions.iter().max() {
            Some(last) => format!("the highest there is is {last}"),
            None => "there is none at all".to_owned(),
        };
        let message = format!("module `{name}` has no version that `{constraint}` allows: {there}");
        let help = "Change `version` in the policy file, or publish one with `nhi module push`.";
        return Err(Problem::new(&VERSION, message, help));
    };
    match floor {
        Some(floor) if highest < floor => {
            let message = format!("module `{name}` would go down from {floor} to {highest}");
            let help = "Find out why the newer version is gone. To go down on purpose say `--allow-lower` with the name of the module, and have that reviewed.";
            Err(Problem::new(&VERSION, message, help))
        }
        _ => Ok(highest),
    }
}

#[cfg(test)]
mod tests {
    use nhi_policy_file::{Constraint, Version};

    use super::choose;

    #[test]
    fn the_highest_that_is_allowed_and_never_down() {
        let versions: Vec<Version> = ["1.0.0", "1.2.0", "1.10.0", "2.0.0", "2.1.0-rc.1"]
            .into_iter()
            .map(|text| Version::parse(text).unwrap())
            .collect();
        let table = [
            ("~> 1.0", None, Ok("1.10.0")),
            ("~> 1.2.0", None, Ok("1.2.0")),
            (">= 1.0.0", None, Ok("2.0.0")),
            ("= 2.1.0-rc.1", None, Ok("2.1.0-rc.1")),
            ("~> 1.0", Some("1.10.0"), Ok("1.10.0")),
            ("~> 1.0", Some("1.10.1"), Err("would go down from 1.10.1 to 1.10.0")),
            ("~> 3.0", None, Err("the highest there is is 2.1.0-rc.1")),
        ];
        for (constraint, floor, expected) in table {
            let constraint = Constraint::parse(constraint).unwrap();
            let floor = floor.map(|text| Version::parse(text).unwrap());
            match (choose("naming", &versions, &constraint, floor.as_ref()), expected) {
                (Ok(version), Ok(expected)) => assert_eq!(version.to_string(), expected),
                (Err(problem), Err(part)) => assert!(problem.message.contains(part), "{problem}"),
                (chosen, _) => panic!("{constraint}: {chosen:?}"),
            }
        }
        let any = Constraint::parse("~> 1.0").unwrap();
        assert!(
            choose("naming", &[], &any, None)
                .unwrap_err()
                .message
                .contains("none at all")
        );
    }
}
