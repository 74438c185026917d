//! Tables in Markdown, in the form of `docs/benchmarks.md`: what a run prints can be pasted there.

use super::measure::Summary;

/// Prints the head of a table.
pub(super) fn head(columns: &[&str]) {
    println!("\n| {} |", columns.join(" | "));
    println!("|{}", "---|".repeat(columns.len()));
}

/// Prints a row.
pub(super) fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

/// Least, median and most time of a summary.
pub(super) fn times(summary: &Summary) -> [String; 3] {
    [summary.least, summary.median, summary.most].map(|seconds| format!("{seconds:.3} s"))
}

/// A number with separators: `100,000`.
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[test]
fn numbers_have_separators() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (100_000, "100,000"),
        (1_234_567, "1,234,567"),
    ] {
        assert_eq!(thousands(number), text);
    }
}
