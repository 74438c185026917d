//! `# METADATA` blocks: what an author says of a package or a rule, in YAML inside comments.

use nhi_policy_sdk::Severity;
use regorus::Value;

use crate::bundle::string;
use crate::problem::Problem;

/// What a block is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Package,
    /// One body of a rule.
    Rule,
    /// All bodies of the rule of that name.
    Document,
}

/// What was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) severity: Option<Severity>,
    pub(crate) rule: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) remediation: Option<String>,
    pub(crate) resource_types: Option<Vec<String>>,
    pub(crate) is_per_resource: Option<bool>,
    pub(crate) controls: Option<Vec<String>>,
    /// A change that the rule must flag, as a line of JSON.
    pub(crate) canary: Option<String>,
}

impl Said {
    /// What is said here, and where nothing is, what `wider` says.
    pub(crate) fn or(self, wider: &Self) -> Self {
        let wider = wider.clone();
        Self {
            title: self.title.or(wider.title),
            description: self.description.or(wider.description),
            severity: self.severity.or(wider.severity),
            rule: self.rule.or(wider.rule),
            name: self.name.or(wider.name),
            remediation: self.remediation.or(wider.remediation),
            resource_types: self.resource_types.or(wider.resource_types),
            is_per_resource: self.is_per_resource.or(wider.is_per_resource),
            controls: self.controls.or(wider.controls),
            canary: self.canary.or(wider.canary),
        }
    }
}

/// A block of metadata.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) scope: Scope,
    /// Line of what stands below it.
    pub(crate) line: u32,
    pub(crate) said: Said,
}

/// All blocks of a file.
pub(crate) fn read(path: &str, text: &str, problems: &mut Vec<Problem>) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = (1_u32..).zip(text.lines()).peekable();
    while let Some((start, line)) = lines.next() {
        if line.trim() != "# METADATA" && line.trim() != "#METADATA" {
            continue;
        }
        let mut yaml = String::new();
        while let Some((_, line)) = lines.next_if(|(_, line)| line.trim_start().starts_with('#')) {
            yaml.push_str(line.trim_start().strip_prefix('#').unwrap_or(""));
            yaml.push('\n');
        }
        while lines.next_if(|(_, line)| line.trim().is_empty()).is_some() {}
        let Some(&(below, what)) = lines.peek() else { break };
        let place = format!("{path}:{start}:1");
        let value = match Value::from_yaml_str(&yaml) {
            Ok(value) => value,
            Err(error) => {
                let message = format!("the metadata is not YAML: {error}");
                problems.push(Problem::new(
                    place,
                    message,
                    "indent with spaces, one more than the line above",
                ));
                continue;
            }
        };
        let is_package = what.trim_start().starts_with("package");
        let scope = match string(&value, "scope").as_deref() {
            Some("package" | "subpackages") => Scope::Package,
            Some("document") => Scope::Document,
            None if is_package => Scope::Package,
            _ => Scope::Rule,
        };
        blocks.push(Block {
            scope,
            line: below,
            said: said(&value, &place, problems),
        });
    }
    blocks
}

fn said(value: &Value, place: &str, problems: &mut Vec<Problem>) -> Said {
    let custom = value
        .as_object()
        .ok()
        .and_then(|object| object.get(&Value::from("custom")));
    let own = |name: &str| custom.and_then(|custom| string(custom, name));
    let texts = |name: &str| texts(custom?, name);
    let severity = own("severity").and_then(|word| {
        let severity = word.to_lowercase().parse::<Severity>();
        severity
            .map_err(|error| problems.push(Problem::new(place, error.to_string(), "")))
            .ok()
    });
    let rule = own("rule").filter(|code| {
        let is_sound = is_code(code);
        if !is_sound {
            let message = format!("`{code}` is not a rule code");
            problems.push(Problem::new(
                place,
                message,
                "use capital letters, digits and hyphens, such as `TEAM001`",
            ));
        }
        is_sound
    });
    let is_per_resource = own("sharding").and_then(|word| match word.as_str() {
        "per-resource" => Some(true),
        "whole-plan" => Some(false),
        _ => {
            let message = format!("`{word}` is no sharding");
            problems.push(Problem::new(place, message, "write `per-resource` or `whole-plan`"));
            None
        }
    });
    let canary = custom.and_then(|custom| crate::canary::read(custom, place, problems));
    Said {
        title: string(value, "title"),
        description: string(value, "description"),
        severity,
        rule,
        name: own("name"),
        remediation: own("remediation"),
        resource_types: texts("resource_types"),
        is_per_resource,
        controls: texts("controls"),
        canary,
    }
}

fn texts(value: &Value, name: &str) -> Option<Vec<String>> {
    let items = value.as_object().ok()?.get(&Value::from(name))?.as_array().ok()?;
    let texts = items.iter().filter_map(|item| Some(item.as_string().ok()?.to_string()));
    Some(texts.collect())
}

fn is_code(code: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    code.len() <= 64 && code.starts_with(|c: char| c.is_ascii_uppercase()) && code.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_say_what_they_are_about() {
        let text = "# METADATA\n# title: All\n# custom:\n#   sharding: per-resource\n#   resource_types:\n#     - aws_s3_bucket\npackage main\n\n# a comment\n# METADATA\n# title: Open\n# custom:\n#   rule: TEAM001\n#   severity: High\ndeny contains 1\n\n# METADATA\n# scope: document\n# title: Both\n\nwarn contains 2\n";
        let mut problems = Vec::new();
        let blocks = read("a.rego", text, &mut problems);
        assert_eq!(problems, []);
        let scopes: Vec<_> = blocks.iter().map(|block| (block.scope, block.line)).collect();
        assert_eq!(scopes, [(Scope::Package, 7), (Scope::Rule, 15), (Scope::Document, 21)]);
        let [package, rule, _] = blocks.as_slice() else {
            panic!()
        };
        assert_eq!(
            package.said.resource_types.as_deref(),
            Some(["aws_s3_bucket".to_owned()].as_slice())
        );
        let joined = rule.said.clone().or(&package.said);
        assert_eq!(joined.title.as_deref(), Some("Open"));
        assert_eq!(
            (joined.severity, joined.is_per_resource),
            (Some(Severity::High), Some(true))
        );
    }

    #[test]
    fn mistakes_in_a_block_have_their_place() {
        let table = [
            ("# METADATA\n# a: [\npackage main\n", "is not YAML"),
            (
                "# METADATA\n# custom:\n#   severity: bad\npackage main\n",
                "not a severity",
            ),
            (
                "# METADATA\n# custom:\n#   rule: team\npackage main\n",
                "not a rule code",
            ),
            (
                "# METADATA\n# custom:\n#   sharding: some\npackage main\n",
                "no sharding",
            ),
        ];
        for (text, wanted) in table {
            let mut problems = Vec::new();
            read("a.rego", text, &mut problems);
            let [problem] = problems.as_slice() else {
                panic!("{text}: {problems:?}")
            };
            assert_eq!(problem.place, "a.rego:1:1");
            assert!(problem.message.contains(wanted), "{problem:?}");
        }
    }
}
