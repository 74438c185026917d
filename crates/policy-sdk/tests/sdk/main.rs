//! What an author meets: settings and their mistakes, modules of rules, cases that hold and cases that do not.

mod cases;
mod modules;
mod settings;
