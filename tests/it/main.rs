//! End-to-end tests, one binary: HCL in, state out; plan in, findings out.
