//! What is wrong with a policy, with its place and what to write instead.

use regorus::unstable::Span;

/// A mistake in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    /// `policy/main.rego:3:5`; a file without a line where the whole of it is meant.
    pub(crate) place: String,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Problem {
    pub(crate) fn new(place: impl Into<String>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
            help: help.into(),
        }
    }

    pub(crate) fn at(span: &Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        let line = span.source.line(span.line.saturating_sub(1));
        let place = format!("{}:{}:{}", span.source.file(), span.line, column(line, span.col));
        Self::new(place, message, help)
    }

    /// A mistake as the interpreter tells it: an arrow with the place, the line, and the message behind `error:`.
    pub(crate) fn told(file: &str, text: &str) -> Self {
        let arrow = text.rsplit_once("--> ").map_or("", |(_, rest)| rest);
        let message = text.rsplit_once("error: ").map_or(text, |(_, message)| message).trim();
        let line = arrow.lines().nth(2).and_then(|line| line.split_once("| "));
        let place = arrow.lines().next().filter(|place| !place.is_empty()).unwrap_or(file);
        let column = |(place, told): (&str, &str)| {
            let column = column(line?.1, told.parse().ok()?);
            Some(format!("{place}:{column}"))
        };
        let place = place
            .rsplit_once(':')
            .and_then(column)
            .unwrap_or_else(|| place.to_owned());
        let shown = line.map_or(String::new(), |(_, line)| format!(", in `{}`", line.trim()));
        Self::new(place, format!("{message}{shown}"), help(message))
    }

    pub(crate) fn text(&self) -> String {
        match self.help.as_str() {
            "" => format!("{}: {}", self.place, self.message),
            help => format!("{}: {}\n    fix: {help}", self.place, self.message),
        }
    }
}

/// The column that an editor shows: the interpreter counts a tabulator as four.
fn column(line: &str, told: u32) -> usize {
    let mut wide = 1_u32;
    let before = line.chars().take_while(|character| {
        let is_before = wide < told;
        wide = wide.saturating_add(if *character == '\t' { 4 } else { 1 });
        is_before
    });
    before.count().saturating_add(1)
}

/// What helps against the mistakes that are made most.
fn help(message: &str) -> &'static str {
    let table = [
        ("contains", "write `deny contains msg if { ... }`"),
        ("`if`", "write `if` between the head of the rule and its body"),
        (
            "unsafe",
            "give the variable a value: declare it with `some x in ...`, or assign it with `:=`",
        ),
        (
            "use of undefined variable",
            "declare it with `some`, assign it with `:=`, or import it",
        ),
        ("future keyword", "write `import rego.v1` below the package"),
        (
            "recursi",
            "a rule cannot depend on itself: take the common part into a rule of its own",
        ),
        (
            "expecting",
            "look at the brackets and the end of the line before this place",
        ),
    ];
    let found = table.into_iter().find(|(word, _)| message.contains(word));
    found.map_or(
        "`opa check` and `opa fmt` know the grammar: https://www.openpolicyagent.org/docs/policy-language",
        |(_, help)| help,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interpreters_words_become_a_place_a_message_and_a_fix() {
        let told = "\n--> policy/a.rego:3:5\n  |\n3 |   deny[msg] = {\n  |     ^\nerror: expecting `]` here";
        let problem = Problem::told("policy/a.rego", told);
        assert_eq!(problem.place, "policy/a.rego:3:5");
        assert_eq!(problem.message, "expecting `]` here, in `deny[msg] = {`");
        assert!(problem.help.contains("brackets"));
        let bare = Problem::told("policy/a.rego", "something");
        assert_eq!(
            (bare.place.as_str(), bare.message.as_str()),
            ("policy/a.rego", "something")
        );
    }
}
