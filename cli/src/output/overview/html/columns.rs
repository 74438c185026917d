//! The columns of the tables: what stands above them where there is room, and beside each cell where there is none.

use super::table::{Column, number, text};

const DECISIONS: &[Column] = &[
    text("Identity"),
    text("Environment"),
    text("Status"),
    text("Why"),
    text("Owner"),
];
const OWNERS: &[Column] = &[
    text("Owner"),
    text("On record"),
    number("Runs"),
    number("Usable now"),
    number("High or critical"),
    number("Answers for"),
    text("Next end"),
];
const ORPHANS: &[Column] = &[
    text("Identity"),
    text("Environment"),
    text("Owner"),
    text("Why"),
    text("Since"),
];
const FINDINGS: &[Column] = &[
    text("Code"),
    text("Severity"),
    text("Where"),
    text("What"),
    text("What to do"),
];
const EXCEPTIONS: &[Column] = &[
    text("Control"),
    text("Status"),
    text("Where"),
    text("Reason"),
    text("Instead"),
    text("Accepted by"),
    number("Age in days"),
    text("Ends"),
];
const BREAK_GLASS: &[Column] = &[
    text("Name"),
    text("Environment"),
    text("Status"),
    text("Why"),
    number("Uses"),
    text("Last use"),
    text("Last test"),
    text("Test due"),
];
const REVIEWS: &[Column] = &[
    text("Review"),
    text("Status"),
    text("Of"),
    text("Every"),
    number("Identities"),
    number("Kept"),
    number("Revoked"),
    number("Unanswered"),
    text("Answers due"),
];
const CONTROLS: &[Column] = &[
    text("Control"),
    text("Asks for"),
    number("Passed"),
    number("Excepted"),
    number("Failed"),
];
const METRICS: &[Column] = &[text("Metric"), text("Value"), text("What it means")];
const INVENTORY: &[Column] = &[
    text("Identity"),
    text("Environment"),
    text("Kind"),
    text("Tier"),
    text("Status"),
    text("Owner"),
    text("Ends"),
    text("Purpose"),
];

/// Every table of the sections, by its id.
pub(super) const TABLES: [(&str, &[Column]); 10] = [
    ("decisions", DECISIONS),
    ("owners", OWNERS),
    ("orphans", ORPHANS),
    ("findings", FINDINGS),
    ("exceptions", EXCEPTIONS),
    ("break-glass", BREAK_GLASS),
    ("reviews", REVIEWS),
    ("controls", CONTROLS),
    ("metrics", METRICS),
    ("inventory", INVENTORY),
];
