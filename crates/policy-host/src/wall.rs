//! The wall around the process that compiles: what it may ask the system for once it has begun to read.
//!
//! A module that takes the compiler over finds itself in a process that can read its module, compute, and answer: no
//! file, no socket, no program, no thread, and no memory that is both its own and executable. Landlock would add
//! nothing, since no path can be opened at all.

pub(crate) mod deed;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod filter;

use std::fmt;

/// What keeps the process that compiles from doing anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wall {
    /// A list of what it may ask the kernel for, beside its limits.
    Seccomp,
    /// Its limits of time, memory and files alone: this kernel has nothing better that this program knows of.
    Limits,
}

impl Wall {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Seccomp, Self::Limits];

    /// Its word between parent and child.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Seccomp => "seccomp",
            Self::Limits => "limits",
        }
    }

    /// The wall of a word.
    pub(crate) fn of(word: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|wall| wall.word().as_bytes() == word)
    }
}

impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seccomp => "seccomp: it can read its module, compute and answer, and open nothing",
            Self::Limits => "limits of time, memory and files only: this system has no seccomp that is known here",
        })
    }
}

/// Locks the calling process in, for good. An error where the kernel could and did not: nothing may be read then.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) fn raise() -> Result<Wall, String> {
    // Read first: it cannot be opened any more afterwards.
    let status = std::fs::read_to_string("/proc/self/status").ok();
    match filter::install() {
        Ok(()) => Ok(Wall::Seccomp),
        Err(_) if status.as_deref().is_some_and(lacks_seccomp) => Ok(Wall::Limits),
        Err(error) => Err(format!("seccomp: {error}")),
    }
}

/// Locks the calling process in, where anything is known that does.
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[expect(clippy::unnecessary_wraps, reason = "the same as where it can fail")]
pub(crate) fn raise() -> Result<Wall, String> {
    Ok(Wall::Limits)
}

/// Whether a process's status shows that the kernel was built without seccomp. One that has it says so in a line, also
/// where a container's profile forbids its use, which must not pass for a kernel that has none.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn lacks_seccomp(status: &str) -> bool {
    let has = |name: &str| status.lines().any(|line| line.starts_with(name));
    has("Pid:") && !has("Seccomp:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_for_one_wall() {
        for wall in Wall::ALL {
            assert_eq!(Wall::of(wall.word().as_bytes()), Some(wall));
        }
        assert_eq!(Wall::of(b""), None);
        assert_eq!(Wall::of(b"seccomp "), None);
    }

    #[test]
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    fn only_a_status_without_the_line_shows_a_kernel_without_seccomp() {
        let table = [
            ("Name:\tnhi\nPid:\t7\nSeccomp:\t0\n", false),
            ("Name:\tnhi\nPid:\t7\nSeccomp:\t2\nSeccomp_filters:\t1\n", false),
            ("Name:\tnhi\nPid:\t7\nThreads:\t1\n", true),
            // What is no status at all says nothing.
            ("", false),
            ("Name:\tnhi\n", false),
        ];
        for (status, expected) in table {
            assert_eq!(lacks_seccomp(status), expected, "{status:?}");
        }
    }
}
