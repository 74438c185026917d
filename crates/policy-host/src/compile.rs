//! Makes machine code of a module: in a child process with limits of its own, and kept for the next run.
//!
//! That compiling ends is not among the engine's promises, and a module is anybody's bytes. The child is the program
//! itself, started without arguments of anybody else's, without environment, in no folder of
//! anybody's, with its limits set and its wall raised before it reads.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;

use nix::sys::resource::{Resource, rlim_t, setrlimit};

use crate::cache::{Cache, Kept, Key};
use crate::limits::{COMPILE_CPU_SECONDS, COMPILE_MEMORY_BYTES, COMPILE_WALL, COMPILED_BYTES, HostLimits};
use crate::wall::deed::Deed;
use crate::wall::{self, Wall};
use crate::{HostError, HostErrorKind, host, inspect};

/// What the child answers with before machine code, or before the name of its wall.
const DONE: u8 = b'+';
/// Before what is wrong with the module.
const REFUSED: u8 = b'-';
/// Before why it could not lock itself in.
const OPEN: u8 = b'!';
/// What errors are about before there is a module.
const NO_MODULE: &str = "(compiler)";

/// How a host makes machine code of modules.
#[derive(Debug)]
pub struct Compilation {
    /// The program that ends up in [`compile_child`], and its arguments.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Where compiled modules are kept; nowhere if there is none.
    pub cache: Option<Cache>,
}

/// Where the machine code of a module came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// It is part of the program.
    #[default]
    Embedded,
    /// It was compiled for this run.
    Compiled,
    /// It was kept from an earlier run.
    Cached,
    /// What was kept could not be trusted, for the reason given, and was made anew.
    Recompiled(String),
}

impl Compilation {
    /// Machine code of `wasm` and what is known of it, from the cache where it is there: it was accepted then, by the
    /// same limits.
    pub(crate) fn compile(
        &self,
        name: &str,
        wasm: &[u8],
        key: &Key,
        limits: &HostLimits,
    ) -> Result<(Kept, Origin), HostError> {
        let mut origin = Origin::Compiled;
        if let Some(cache) = &self.cache {
            match cache.get(key) {
                Ok(Some(kept)) => return Ok((kept, Origin::Cached)),
                Ok(None) => {}
                Err(why) => origin = Origin::Recompiled(why),
            }
        }
        let facts = inspect::inspect(name, wasm, limits)?;
        let code = self.run(name, wasm)?;
        let kept = Kept { facts, code };
        if let Some(cache) = &self.cache {
            // A cache that cannot be written costs time in the next run and nothing else.
            let _ = cache.put(key, &kept);
        }
        Ok((kept, origin))
    }

    /// Asks the child which wall it has around itself.
    pub(crate) fn wall(&self) -> Result<Wall, HostError> {
        let answer = self.run(NO_MODULE, &[])?;
        Wall::of(&answer).ok_or_else(|| {
            HostError::new(
                NO_MODULE,
                HostErrorKind::Compile,
                "the compiler's process names no wall",
            )
        })
    }

    /// Has the child try something. Whether it could, or what stopped it.
    pub(crate) fn attempt(&self, deed: &Deed) -> Result<(), HostError> {
        self.run(deed.name, &deed.order()).map(drop)
    }

    fn run(&self, name: &str, input: &[u8]) -> Result<Vec<u8>, HostError> {
        let failed = |what: &str| HostError::new(name, HostErrorKind::Compile, what);
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed(&format!("the compiler's process does not start: {error}")))?;
        let answer = exchange(&mut child, input);
        if answer.is_none() {
            // It may have ended by itself meanwhile, which is as well.
            drop(child.kill());
        }
        let status = child
            .wait()
            .map_err(|error| failed(&format!("the compiler's process is lost: {error}")))?;
        let answer = answer.ok_or_else(|| failed(&format!("not compiled within {} s", COMPILE_WALL.as_secs())))?;
        match answer.split_first() {
            Some((&DONE, code)) if status.success() => Ok(code.to_vec()),
            Some((&REFUSED, message)) => {
                let message = String::from_utf8_lossy(message);
                let message = format!("not a valid component: {}", crate::error::quote(&message));
                Err(HostError::new(name, HostErrorKind::Malformed, message))
            }
            Some((&OPEN, why)) => Err(unlocked(name, &String::from_utf8_lossy(why))),
            _ => Err(failed(&broken(status))),
        }
    }
}

/// Why a child ended without an answer.
#[cold]
fn broken(status: ExitStatus) -> String {
    if status.signal() == Some(nix::libc::SIGSYS) {
        return String::from(
            "the compiler's process asked the system for something that no compiler needs, and was ended",
        );
    }
    format!(
        "compiling it took more than {COMPILE_CPU_SECONDS} s of computing or {} MiB, or broke the compiler ({status})",
        COMPILE_MEMORY_BYTES >> 20
    )
}

#[cold]
fn unlocked(name: &str, why: &str) -> HostError {
    let message = format!(
        "the compiler's process cannot lock itself in: {}",
        crate::error::quote(why)
    );
    HostError::new(name, HostErrorKind::Compile, message).help(
        "allow the system calls `seccomp` and `prctl` where this runs, such as in the profile of the container; \
         `nhi module doctor` shows whether that is enough",
    )
}

/// Hands the module to the child and takes its answer; `None` if there is none in time.
fn exchange(child: &mut Child, wasm: &[u8]) -> Option<Vec<u8>> {
    let (mut input, output) = (child.stdin.take()?, child.stdout.take()?);
    let wasm = wasm.to_vec();
    let (sender, receiver) = mpsc::channel();
    let start = |work: Box<dyn FnOnce() + Send>| std::thread::Builder::new().name("compile".into()).spawn(work);
    start(Box::new(move || {
        // A child that ends early closes its end, and says by its status why.
        drop(input.write_all(&wasm));
    }))
    .ok()?;
    start(Box::new(move || {
        let mut answer = Vec::new();
        let max = u64::try_from(COMPILED_BYTES).unwrap_or(u64::MAX);
        let read = output.take(max).read_to_end(&mut answer);
        drop(sender.send(read.map(|_| answer)));
    }))
    .ok()?;
    receiver.recv_timeout(COMPILE_WALL).ok()?.ok()
}

/// What the child process does: a module from `input`, machine code or a message to `output`.
///
/// Where there is no module, it names its wall; where there is an order, it tries what is ordered. Both are the
/// host's, which hands over nothing as a module that does not begin as one.
pub fn compile_child(input: impl Read, mut output: impl Write) -> io::Result<()> {
    limit_self()?;
    let (mark, bytes) = match wall::raise() {
        Ok(wall) => answer(input, wall)?,
        // Before anything was read.
        Err(why) => (OPEN, why.into_bytes()),
    };
    output.write_all(&[mark])?;
    output.write_all(&bytes)?;
    output.flush()
}

fn answer(input: impl Read, wall: Wall) -> io::Result<(u8, Vec<u8>)> {
    let mut wasm = Vec::new();
    let max = u64::try_from(HostLimits::default().module_bytes).unwrap_or(u64::MAX);
    input.take(max).read_to_end(&mut wasm)?;
    if wasm.is_empty() {
        return Ok((DONE, wall.word().as_bytes().to_vec()));
    }
    if let Some(deed) = Deed::ordered(&wasm) {
        return Ok(match deed.attempt() {
            Ok(()) => (DONE, Vec::new()),
            Err(error) => (REFUSED, error.to_string().into_bytes()),
        });
    }
    Ok(match host::precompile(&wasm) {
        Ok(code) => (DONE, code),
        Err(error) => (REFUSED, error.message.into_bytes()),
    })
}

/// No more computing, memory, files or cores than compiling may take.
fn limit_self() -> io::Result<()> {
    let limits: [(Resource, rlim_t); 5] = [
        (Resource::RLIMIT_CPU, COMPILE_CPU_SECONDS),
        (Resource::RLIMIT_AS, COMPILE_MEMORY_BYTES),
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_NOFILE, 16),
    ];
    for (resource, limit) in limits {
        setrlimit(resource, limit, limit)?;
    }
    Ok(())
}
