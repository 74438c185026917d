//! Modules by chance, of every shape that the format allows: none gets out of the sandbox, none brings the host down, all
//! end within their budget, and the host's memory stays where it was.
//!
//! `NHI_GENERATED_MODULES` says how many; a release runs 100,000 (`CONTRIBUTING.md`).

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use arbitrary::Unstructured;
use nhi_plan::{Change, Context};
use nhi_policy_host::{Host, HostLimits, componentize};
use wasm_smith::{Config, Module};
use wit_component::StringEncoding;
use wit_parser::Resolve;

/// How many modules a test is content with.
const FEW: u64 = 300;
/// The share of the modules after which memory is as large as it gets: the largest of them have been seen by then.
const WARM: u64 = 4;
/// By how much memory may seem to grow: what an allocator keeps, not what a module leaves behind.
const GROWTH_MAX_KIB: u64 = 48 << 10;

const FUEL: u64 = 2_000_000;
/// Of the wall clock: far above what the fuel lasts for, so that a module that gets past its fuel is seen.
const WALL: Duration = Duration::from_secs(10);

/// What a module of the contract takes from its host and gives it; what its functions do is left to chance.
const SHAPE: &str = r#"(module
  (import "[export]nhi:policy/policy@1.0.0" "[resource-new]session" (func (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "nhi:policy/policy@1.0.0#describe") (result i32) unreachable)
  (func (export "nhi:policy/policy@1.0.0#validate-settings") (param i32 i32) (result i32) unreachable)
  (func (export "nhi:policy/policy@1.0.0#[static]session.open") (param i32) (result i32) unreachable)
  (func (export "nhi:policy/policy@1.0.0#[method]session.check") (param i32 i32 i32) (result i32) unreachable)
  (func (export "nhi:policy/policy@1.0.0#[method]session.check-json") (param i32 i32 i32) (result i32) unreachable)
  (func (export "nhi:policy/policy@1.0.0#[method]session.finish") (param i32) (result i32) unreachable))"#;

/// Everything that the format knows and the sandbox may refuse, in small modules.
fn config(number: u64) -> Config {
    let shape = wat::parse_str(SHAPE).unwrap();
    // Every fourth module uses what no policy module may.
    let forbidden = number.is_multiple_of(4);
    Config {
        exports: Some(shape.clone()),
        available_imports: Some(shape),
        allow_start_export: true,
        generate_custom_sections: true,
        max_instructions: 200,
        max_funcs: 24,
        max_memories: if forbidden { 3 } else { 1 },
        max_memory32_bytes: 8 << 30,
        max_table_elements: 20_000_000,
        memory64_enabled: forbidden,
        threads_enabled: forbidden,
        gc_enabled: forbidden,
        exceptions_enabled: forbidden,
        relaxed_simd_enabled: forbidden,
        custom_page_sizes_enabled: forbidden,
        wide_arithmetic_enabled: forbidden,
        compact_imports_enabled: forbidden,
        reference_types_enabled: forbidden,
        simd_enabled: true,
        tail_call_enabled: number.is_multiple_of(2),
        ..Config::default()
    }
}

/// The component of a number, the same on every machine; `None` where chance made none.
fn component(number: u64) -> Option<Vec<u8>> {
    let bytes = noise(number, 4_096);
    let module = Module::new(config(number), &mut Unstructured::new(&bytes)).ok()?;
    let mut core = module.to_bytes();
    let mut resolve = Resolve::default();
    let contract = include_str!("../../../wit/v1/policy.wit");
    let package = resolve.push_str("policy.wit", contract).unwrap();
    let world = resolve.select_world(&[package], Some("policy-module")).unwrap();
    wit_component::embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8, false).unwrap();
    componentize(&core).ok()
}

/// Xorshift.
fn noise(number: u64, length: usize) -> Vec<u8> {
    let mut state = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}

/// Memory of this process in KiB; nothing where the system does not tell.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn block() -> Change<'static> {
    let text = r#"{"address":"thing.a","config_address":"thing.a","resource_type":"thing","provider":"","module_address":"","mode":"managed","actions":["create"],"after":{"name":"a"},"unknown_paths":[],"sensitive_paths":[],"references":[],"attributes":[]}"#;
    nhi_plan::line::decode(text).unwrap()
}

#[test]
fn what_chance_makes_is_stopped() {
    let wanted = std::env::var("NHI_GENERATED_MODULES").map_or(FEW, |count| count.parse().unwrap());
    let limits = HostLimits {
        fuel_base: FUEL,
        fuel_per_byte: 100,
        wall: WALL,
        ..HostLimits::default()
    };
    let host = Host::new(limits).unwrap();
    let (mut made, mut settled) = (0_usize, None);
    // How many came to which end, with the first that did.
    let mut ends: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for number in 0..wanted {
        if number == wanted / WARM {
            settled = memory();
        }
        let Some(module) = component(number) else { continue };
        made += 1;
        let start = Instant::now();
        let end = host
            .load("generated.wasm", &module)
            .and_then(|loaded| host.run(&loaded, "{}", &Context::default(), [block()]));
        assert!(start.elapsed() < WALL.mul_f64(1.2), "module {number} went on");
        let (kind, message) = match end {
            Ok(_) => ("done".to_owned(), String::new()),
            Err(error) => (format!("{:?}", error.kind), error.to_string()),
        };
        assert_ne!(kind, "Time", "module {number} got past its fuel");
        ends.entry(kind).or_insert((0, format!("{number}: {message}"))).0 += 1;
    }
    // What never runs proves nothing about running.
    assert!(
        made > usize::try_from(wanted).unwrap() / 2,
        "{made} of {wanted} could be made"
    );
    let ran = ["done", "Fuel", "Trap", "Memory", "Protocol", "Description"];
    let ran: usize = ran.iter().filter_map(|kind| Some(ends.get(*kind)?.0)).sum();
    assert!(ran > made / 3 && ran < made, "{ran} of {made} ran: {ends:#?}");
    println!("{made} modules: {ends:#?}");
    if let (Some(before), Some(after)) = (settled, memory()) {
        assert!(
            after < before + GROWTH_MAX_KIB,
            "memory grew from {before} to {after} KiB"
        );
    }
}
