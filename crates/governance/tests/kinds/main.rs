//! The kinds of records besides identities: what may be declared, what happens to them, and what a grant may never do.

#[cfg(test)]
mod tests;
