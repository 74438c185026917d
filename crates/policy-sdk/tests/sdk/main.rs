//! What an author meets: settings and their mistakes, modules of rules, cases that hold and cases that do not.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod cases;
mod modules;
mod settings;
