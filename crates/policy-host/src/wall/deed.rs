//! What whoever takes the compiler over would try first. Each is tried for real, behind the wall, to see that it holds.
//!
//! None of them harms anybody where it succeeds: that is how a machine without the wall is found out.

use std::fs;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use nix::sys::signal;
use nix::unistd::getppid;

/// How an order to try something begins; a module begins otherwise.
const ORDER: &[u8] = b"\0try ";
/// More than the process may have.
const MUCH_BYTES: usize = 8 << 30;
/// A program that is everywhere; that it is not there would be an answer of another kind.
const PROGRAM: &str = "/bin/sh";

/// One thing to try.
pub(crate) struct Deed {
    pub(crate) name: &'static str,
    /// Whether the limits alone are enough to stop it.
    pub(crate) is_limited: bool,
    attempt: fn() -> io::Result<()>,
}

/// All of them.
pub(crate) static DEEDS: [Deed; 17] = [
    deed("open a file", || fs::File::open("/etc/hosts").map(drop)),
    deed("list a folder", || fs::read_dir("/").map(drop)),
    deed("look at a file", || fs::metadata("/").map(drop)),
    deed("write a file", || fs::File::create("/dev/null").map(drop)),
    deed("remove a file", || exists(fs::remove_file("/no/such/file"))),
    deed("make a folder", || exists(fs::create_dir("/no/such/folder"))),
    deed("link a file", || {
        exists(std::os::unix::fs::symlink("/", "/no/such/link"))
    }),
    deed("change folder", || std::env::set_current_dir("/")),
    deed("listen", || std::net::TcpListener::bind("127.0.0.1:0").map(drop)),
    deed("send", || std::net::UdpSocket::bind("127.0.0.1:0").map(drop)),
    deed("talk to itself", || std::os::unix::net::UnixStream::pair().map(drop)),
    deed("become a program", || {
        Err(Command::new(PROGRAM).args(["-c", "exit 0"]).exec())
    }),
    deed("start a program", || {
        Command::new(PROGRAM).args(["-c", "exit 0"]).status().map(drop)
    }),
    deed("start a thread", || {
        let thread = std::thread::Builder::new().spawn(|| ())?;
        thread.join().map_err(|_| io::Error::other("it did not end well"))
    }),
    deed("double a descriptor", || {
        io::stdin().as_fd().try_clone_to_owned().map(drop)
    }),
    deed("signal its parent", || {
        signal::kill(getppid(), None).map_err(Into::into)
    }),
    Deed {
        name: "take much memory",
        is_limited: true,
        attempt: || {
            let mut memory: Vec<u8> = Vec::new();
            memory.try_reserve_exact(MUCH_BYTES).map_err(io::Error::other)
        },
    },
];

/// What the wall lets through: whoever calls this hostile has to notice that nothing stopped it.
pub(crate) static HARMLESS: Deed = deed("read the clock", || {
    let _now = std::time::Instant::now();
    Ok(())
});

const fn deed(name: &'static str, attempt: fn() -> io::Result<()>) -> Deed {
    Deed {
        name,
        is_limited: false,
        attempt,
    }
}

/// What fails because there is nothing was let through all the same.
fn exists(answer: io::Result<()>) -> io::Result<()> {
    match answer {
        Err(error) if error.raw_os_error() == Some(nix::libc::ENOENT) => Ok(()),
        other => other,
    }
}

impl Deed {
    /// The order to try it.
    pub(crate) fn order(&self) -> Vec<u8> {
        [ORDER, self.name.as_bytes()].concat()
    }

    /// What is ordered, if anything is.
    pub(crate) fn ordered(input: &[u8]) -> Option<&'static Self> {
        let name = input.strip_prefix(ORDER)?;
        DEEDS
            .iter()
            .chain([&HARMLESS])
            .find(|deed| deed.name.as_bytes() == name)
    }

    pub(crate) fn attempt(&self) -> io::Result<()> {
        (self.attempt)()
    }
}
