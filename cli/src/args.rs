//! The top of the command line: what every subcommand shares.

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Parser, ValueEnum};

use nhi_plan::Severity;

use crate::commands::Command;

const EXAMPLES: &str = "\
Examples:
  nhi check tfplan                               check a saved plan
  tofu show -json tfplan | nhi check -           check its JSON
  nhi check tfplan --module team.wasm            with a policy module of your own
  nhi check tfplan --format sarif --output nhi.sarif
  nhi explain NHI001                             what a code means and how to fix it

Exit codes:
  0  clean: nothing at or above --fail-on
  1  findings at or above --fail-on
  2  wrong usage
  3  could not decide: the plan could not be read, or a module failed";

/// Governs non-human identities: checks plans before they are applied, shows who is on record.
#[derive(Debug, Parser)]
#[command(name = "nhi", version, after_help = EXAMPLES, max_term_width = 100, propagate_version = true)]
#[command(
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    /// Colour the human output; `auto` colours a terminal and honours `NO_COLOR`
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Parses a severity and lets completion and help list them.
pub(crate) fn severity() -> impl clap::builder::TypedValueParser<Value = Severity> {
    let words = Severity::ALL.map(Severity::as_str);
    PossibleValuesParser::new(words).try_map(|word| word.parse::<Severity>())
}

/// Parses a size such as `512MiB`, `2GiB`, `1000000`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits_end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(digits_end);
    let factor: u64 = match unit {
        "" | "B" => 1,
        "K" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        _ => return Err("use a number of bytes with an optional KiB, MiB or GiB".to_owned()),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| "use a whole number, for example `512MiB`".to_owned())?;
    number
        .checked_mul(factor)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "the size is out of range".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes() {
        let good = [
            ("1", 1),
            ("512KiB", 512 << 10),
            ("3M", 3 << 20),
            ("2GiB", 2 << 30),
            ("7B", 7),
        ];
        for (text, bytes) in good {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "0", "-1", "1.5GiB", "GiB", "10TB", "99999999999GiB", "1 GiB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
