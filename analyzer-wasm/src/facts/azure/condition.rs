//! Conditions on a role assignment: which roles its holder may hand out, and which data it may touch.

use nhi_plan::symbol;

use super::actions;

/// What the condition of an assignment does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Condition {
    /// There is none, or it limits nothing that matters.
    None,
    /// It is there, and what it does is not understood, or leaves much.
    Other,
    /// It leaves only roles that raise nobody, or only some data.
    Narrow,
}

/// Reads a condition in the language of attribute-based access control.
pub(crate) fn judge(text: &str) -> Condition {
    let lower = text.to_ascii_lowercase();
    if lower.trim().is_empty() {
        return Condition::None;
    }
    if symbol::has_symbols(text) {
        return Condition::Other;
    }
    if lower.contains("roleassignments:roledefinitionid") {
        return handed_out(&lower);
    }
    // Containers, blobs and vaults by name or tag.
    if lower.contains("@resource[") && !lower.contains("!@resource") && !lower.contains("notequals") {
        return Condition::Narrow;
    }
    Condition::Other
}

/// Which roles may be handed out.
fn handed_out(lower: &str) -> Condition {
    let listed: Vec<&str> = lower
        .split('{')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('}')?.0))
        .flat_map(|list| list.split(','))
        .map(|item| item.trim().trim_matches('\''))
        .filter(|item| item.len() == 36)
        .collect();
    let only = lower.contains("guidequals") && !lower.contains("guidnotequals");
    if only && !listed.is_empty() && listed.iter().all(|guid| actions::find(guid).is_none()) {
        Condition::Narrow
    } else {
        Condition::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_conditions_do() {
        let write = |test: &str| {
            format!(
                "((!(ActionMatches{{'Microsoft.Authorization/roleAssignments/write'}})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] {test}))"
            )
        };
        let cases = [
            (String::new(), Condition::None),
            (
                write("ForAnyOfAnyValues:GuidEquals {acdd72a7-3385-48ef-bd42-f606fba81ae7}"),
                Condition::Narrow,
            ),
            (
                write(
                    "ForAnyOfAnyValues:GuidEquals {acdd72a7-3385-48ef-bd42-f606fba81ae7, 8e3af657-a8ff-443c-a75c-2fe8c4bcb635}",
                ),
                Condition::Other,
            ),
            (
                write("ForAnyOfAllValues:GuidNotEquals {8e3af657-a8ff-443c-a75c-2fe8c4bcb635}"),
                Condition::Other,
            ),
            (
                String::from(
                    "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'app'",
                ),
                Condition::Narrow,
            ),
            (
                String::from(
                    "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Engineering] StringEquals 'x'",
                ),
                Condition::Other,
            ),
        ];
        for (text, wanted) in cases {
            assert_eq!(judge(&text), wanted, "{text}");
        }
    }
}
