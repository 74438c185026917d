//! The one engine configuration, shared by whoever compiles a module and whoever runs it.
//!
//! Compiled code fits only an engine of the same settings; a second configuration would be a second product.

use std::hash::{Hash as _, Hasher};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use wasmtime::{Config, Engine, OptLevel, Strategy};
use wasmtime::{EngineWeak, WasmFeatures};

use crate::limits::STACK_BYTES;

/// How often the wall clock is looked at.
pub(crate) const TICK: Duration = Duration::from_millis(50);

/// The platform that compiled code is made for: the one this crate was built for, and none of the builder's own
/// processor features, so that code compiled here runs on every machine of that kind.
const TARGET: &str = env!("NHI_TARGET");

/// What no module may use: it makes runs differ from machine to machine, or widens the engine's surface unused.
const FORBIDDEN: WasmFeatures = WasmFeatures::THREADS
    .union(WasmFeatures::SHARED_EVERYTHING_THREADS)
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::MEMORY64)
    .union(WasmFeatures::GC)
    .union(WasmFeatures::FUNCTION_REFERENCES)
    .union(WasmFeatures::EXCEPTIONS)
    .union(WasmFeatures::LEGACY_EXCEPTIONS)
    .union(WasmFeatures::STACK_SWITCHING)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES)
    .union(WasmFeatures::CM_ASYNC)
    .union(WasmFeatures::CM_ASYNC_STACKFUL)
    .union(WasmFeatures::CM_MORE_ASYNC_BUILTINS)
    .union(WasmFeatures::CM_THREADING)
    .union(WasmFeatures::CM_ERROR_CONTEXT)
    .union(WasmFeatures::CM_GC);

/// Makes the engine.
pub(crate) fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        // Fuel decides and counts the same everywhere; the epoch only guards the wall clock.
        .consume_fuel(true)
        .epoch_interruption(true)
        .cranelift_nan_canonicalization(true)
        .wasm_features(FORBIDDEN, false)
        .concurrency_support(false)
        .max_wasm_stack(STACK_BYTES)
        // Unwinding and source maps of guest code serve debuggers; they would be a third of the compiled form.
        .native_unwind_info(false)
        .generate_address_map(false);
    config.target(TARGET)?;
    Engine::new(&config)
}

/// What compiled code has to fit: a digest of the engine's version and settings.
pub(crate) fn fingerprint(engine: &Engine) -> [u8; 32] {
    let mut hasher = Sha256Hasher(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().into()
}

/// The engine speaks to a hasher; what it says is taken down whole.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

/// Advances the engine's epoch while it lives.
#[derive(Debug)]
pub(crate) struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let engine = engine.weak();
        let thread = std::thread::Builder::new()
            .name(String::from("policy-ticker"))
            .spawn(move || tick(&engine, &stopped))?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

fn tick(engine: &EngineWeak, stopped: &Receiver<()>) {
    while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        let Some(engine) = engine.upgrade() else { return };
        engine.increment_epoch();
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        // A dropped sender wakes the thread at once.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread only counts; that it panicked could not matter to anybody any more.
            drop(thread.join());
        }
    }
}
