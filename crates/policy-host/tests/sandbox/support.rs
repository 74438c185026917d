//! Builds the guests that the sandbox is tested with, once per test run, from policy-sdk's `tests/guests`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use nhi_plan::{Action, Change, Context, Mode};
use nhi_policy_host::{Host, HostError, HostLimits, Module, Report};

const TARGET: &str = "wasm32-unknown-unknown";
const GUESTS: [&str; 5] = ["canary_each", "canary_whole", "echo_lines", "echo_records", "misbehave"];

/// Encodes a core module as `cargo xtask build` does.
pub(crate) fn componentize(core: &[u8]) -> Result<Vec<u8>, String> {
    nhi_policy_host::componentize(core)
}

/// A guest as a component.
pub(crate) fn guest(name: &str) -> &'static [u8] {
    static BUILT: OnceLock<HashMap<&'static str, Vec<u8>>> = OnceLock::new();
    BUILT
        .get_or_init(build)
        .get(name)
        .unwrap_or_else(|| panic!("there is no guest `{name}`"))
}

fn build() -> HashMap<&'static str, Vec<u8>> {
    // `cargo xtask test` has built them, also on machines where only it knows how.
    let folder = std::env::var_os("NHI_TEST_GUESTS").map_or_else(build_here, PathBuf::from);
    let component = |name| {
        let file = folder.join(name).with_extension("wasm");
        let core = std::fs::read(&file).unwrap_or_else(|error| panic!("reading `{}`: {error}", file.display()));
        (name, componentize(&core).expect("the guest becomes a component"))
    };
    GUESTS.into_iter().map(component).collect()
}

/// Builds them with cargo and returns the folder they are in.
fn build_here() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // A directory of its own: cargo holds a lock on the one that these tests are being run from.
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("guests");
    let output = Command::new(env!("CARGO"))
        .current_dir(workspace)
        .args([
            "build",
            "--locked",
            "--release",
            "--package",
            "nhi-policy-sdk",
            "--examples",
            "--target",
            TARGET,
        ])
        .arg("--target-dir")
        .arg(&target)
        // Flags for the test's own build, such as coverage, are not for the guests.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .expect("cargo starts");
    assert!(
        output.status.success(),
        "building the guests failed; if the target is missing run `rustup target add {TARGET}`\n{}",
        String::from_utf8_lossy(&output.stderr),
    );
    target.join(TARGET).join("release/examples")
}

/// Small enough that a loop ends at once also without optimisation.
pub(crate) fn limits() -> HostLimits {
    HostLimits {
        fuel_base: 50_000_000,
        fuel_base_built_in: 50_000_000,
        ..HostLimits::default()
    }
}

pub(crate) fn host() -> Host {
    Host::new(limits()).unwrap()
}

pub(crate) fn change(after: &str) -> Change<'_> {
    Change {
        address: Cow::Borrowed("aws_iam_role.ci"),
        config_address: Cow::Borrowed("aws_iam_role.ci"),
        previous_address: None,
        resource_type: Cow::Borrowed("aws_iam_role"),
        provider: Cow::Borrowed("registry.terraform.io/hashicorp/aws"),
        module_address: Cow::Borrowed(""),
        mode: Mode::Managed,
        actions: vec![Action::Create],
        before: None,
        after: Some(Cow::Borrowed(after)),
        configuration: None,
        unknown_paths: vec![],
        sensitive_paths: vec![],
        references: vec![],
        location: None,
        attributes: vec![],
    }
}

pub(crate) fn run(host: &Host, module: &Module, deed: &str) -> Result<Report, HostError> {
    let settings = format!(r#"{{"do":"{deed}"}}"#);
    host.run(module, &settings, &Context::default(), [change("{}")])
}
