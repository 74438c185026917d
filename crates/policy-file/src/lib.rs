//! Reads an organisation's policy file, `nhi.hcl`, and the test cases that prove it.
//!
//! Values are literal: no variable, function or template is evaluated, so that a policy says the same wherever it is
//! read. Everything that is wrong with a file comes back at once, each with line, column and what to write instead.
//!
//! ```
//! let text = "organisation = \"example\"\ntier \"high\" {\n  identity_ttl_max = \"240h\"\n}\n";
//! let policy = nhi_policy_file::read("nhi.hcl", text.as_bytes()).unwrap();
//! assert_eq!(policy.ttl_max(nhi_governance::RiskTier::High).as_str(), "240h");
//!
//! let text = "tier \"high\" {\n  identity_ttl = \"0h\"\n  score_form = 45\n}\n";
//! let faults = nhi_policy_file::read("nhi.hcl", text.as_bytes()).unwrap_err();
//! let lines: Vec<_> = faults.lines().collect();
//! assert_eq!(lines, [
//!     "nhi.hcl:2:3: block `tier` has no `identity_ttl` (NHI-POLICY-UNKNOWN)",
//!     "nhi.hcl:3:3: block `tier` has no `score_form` (NHI-POLICY-UNKNOWN)",
//! ]);
//! assert_eq!(faults.faults[1].help, "Write `score_from`.");
//! ```

mod cases;
mod code;
mod fault;
mod literal;
mod load;
mod lock;
mod modules;
mod policy;
mod schema;
mod shape;
mod source;
mod tree;
mod version;
mod walk;

pub use cases::{Case, Expected, Outcome, read_cases};
pub use code::CODES;
pub use fault::{Fault, Faults};
pub use load::{BYTES_MAX, LoadError, load, load_cases, load_modules};
pub use lock::{LOCK_FILE, Lock, Locked, read_lock};
pub use modules::{Level, ModuleTerms, ModulesTerms, TrustTerms, read_modules};
pub use schema::{reference, schema};
pub use source::Source;
pub use version::{Constraint, Version};

use nhi_governance::Policy;

/// Reads a policy, in HCL or JSON; `file` is the name that faults are told with.
pub fn read(file: &str, bytes: &[u8]) -> Result<Policy, Faults> {
    load::text(file, bytes).and_then(|text| policy::read(file, text))
}
