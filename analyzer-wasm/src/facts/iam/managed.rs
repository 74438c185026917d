//! Policies that AWS manages, known by the end of their ARN in every partition.
//!
//! The table holds only those that matter to a rule; `data/README.md` says how it was derived.

use super::powers::{Claim, ESCALATIONS, Powers};

const TABLE: &str = include_str!("../../../data/aws-managed-policies.tsv");

/// What the provider-managed policy of this ARN allows; `None` where no rule has anything to say about it.
pub(crate) fn powers(arn: &str) -> Option<Powers> {
    let rest = arn.strip_prefix("arn:")?;
    let (_, name) = rest.split_once(":iam::aws:policy/")?;
    let row = TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .find(|(path, _)| path.eq_ignore_ascii_case(name))?;
    let (everything, names) = row.1.split_once('\t')?;
    let claim = Claim {
        statement: 0,
        weak: false,
    };
    let listed = |action: &str| names == "*" || names.split(',').any(|name| action.strip_prefix("iam:") == Some(name));
    let actions: Vec<_> = ESCALATIONS
        .iter()
        .map(|(action, _)| *action)
        .filter(|action| listed(action))
        .collect();
    Some(Powers {
        everything: (everything == "everything").then_some(claim),
        administers: (!actions.is_empty()).then_some((claim, actions)),
        unknown: None,
    })
}

/// Whether a configuration address is a managed policy of this plan.
pub(crate) fn is_policy_block(address: &str) -> bool {
    let mut parts = address.rsplit('.').skip(1);
    let is_policy = matches!(parts.next(), Some("aws_iam_policy" | "awscc_iam_managed_policy"));
    is_policy && parts.next() != Some("data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_in_every_partition() {
        for partition in ["aws", "aws-cn", "aws-us-gov", "aws-iso"] {
            let powers = powers(&format!("arn:{partition}:iam::aws:policy/AdministratorAccess"));
            assert!(powers.is_some_and(|powers| powers.everything.is_some() && powers.is_whole_iam()));
        }
        let iam = powers("arn:aws:iam::aws:policy/iamfullaccess");
        assert!(iam.is_some_and(|powers| powers.everything.is_none() && powers.is_whole_iam()));
        let partly = powers("arn:aws:iam::aws:policy/AWSOpsWorksRegisterCLI");
        assert!(partly.is_some_and(|powers| powers.administers.is_some() && !powers.is_whole_iam()));
        for arn in [
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "arn:aws:iam::aws:policy/PowerUserAccess",
            "arn:aws:iam::123456789012:policy/AdministratorAccess",
            "arn:aws:iam::aws:policy/AdministratorAccess2",
            "AdministratorAccess",
        ] {
            assert!(powers(arn).is_none(), "{arn}");
        }
    }

    #[test]
    fn rows_are_sorted_and_name_actions_that_exist() {
        let rows: Vec<_> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(rows.is_sorted());
        for row in rows {
            let fields: Vec<_> = row.split('\t').collect();
            assert_eq!(fields.len(), 3, "{row}");
            for name in fields[2].split(',').filter(|name| *name != "*") {
                assert!(
                    ESCALATIONS
                        .iter()
                        .any(|(action, _)| action.strip_prefix("iam:") == Some(name)),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn policies_of_the_plan() {
        assert!(is_policy_block("aws_iam_policy.p"));
        assert!(is_policy_block("module.a.aws_iam_policy.p"));
        assert!(!is_policy_block("data.aws_iam_policy.p"));
        assert!(!is_policy_block("aws_iam_policy_attachment.p"));
    }
}
