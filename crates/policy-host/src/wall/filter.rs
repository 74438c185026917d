//! The list of system calls, in two filters: what ends the process at once, and what it may do; all else is refused.
//!
//! Refused is answered with `EPERM` and not with the end, since libraries ask for this and that and go on without it: a
//! new release of one must not make modules uncompilable. What no compiler ever asks for ends the process.
//! The lists follow what `strace` shows of compiling, with glibc and musl: <https://man7.org/linux/man-pages/man2/seccomp.2.html>.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter_all_threads,
};

/// What a compiler never asks for: whoever does has taken it over.
const HOSTILE: [i64; 17] = [
    libc::SYS_bpf,
    libc::SYS_connect,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_init_module,
    libc::SYS_io_uring_setup,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_unshare,
];

/// What computing needs, whatever the arguments: memory is given back, time is read, the process ends.
const HARMLESS: [i64; 19] = [
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_madvise,
    // It moves and grows what is there, and keeps what may be done with it.
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
];

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Puts both filters around every thread of the process.
pub(super) fn install() -> Result<(), seccompiler::Error> {
    let hostile: Rules = HOSTILE.into_iter().map(|call| (call, Vec::new())).collect();
    apply_filter_all_threads(&program(hostile, SeccompAction::Allow, SeccompAction::KillProcess)?)?;
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    apply_filter_all_threads(&program(allowed()?, refused, SeccompAction::Allow)?)
}

fn program(rules: Rules, otherwise: SeccompAction, listed: SeccompAction) -> Result<BpfProgram, seccompiler::Error> {
    let filter = SeccompFilter::new(rules, otherwise, listed, std::env::consts::ARCH.try_into()?)?;
    Ok(filter.try_into()?)
}

/// What the process may do from now on.
fn allowed() -> Result<Rules, seccompiler::Error> {
    let mut rules: Rules = HARMLESS.into_iter().map(|call| (call, Vec::new())).collect();
    let input = [libc::STDIN_FILENO];
    // Errors of the process itself are read by nobody, but have somewhere to go.
    let output = [libc::STDOUT_FILENO, libc::STDERR_FILENO];
    rules.insert(libc::SYS_read, descriptors(&input)?);
    rules.insert(libc::SYS_readv, descriptors(&input)?);
    rules.insert(libc::SYS_write, descriptors(&output)?);
    rules.insert(libc::SYS_writev, descriptors(&output)?);
    // Memory that is executable is never asked for: what is compiled here runs elsewhere.
    rules.insert(libc::SYS_mmap, vec![plain_memory()?]);
    rules.insert(libc::SYS_mprotect, vec![plain_memory()?]);
    // To end itself is all that it may tell a process.
    let own = u64::from(std::process::id());
    let itself = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own)?;
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![itself])?]);
    Ok(rules)
}

/// One of these descriptors as the first argument.
fn descriptors(open: &[i32]) -> Result<Vec<SeccompRule>, seccompiler::Error> {
    let rule = |descriptor: &i32| {
        let number = u64::from(descriptor.unsigned_abs());
        let condition = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, number)?;
        SeccompRule::new(vec![condition])
    };
    Ok(open.iter().map(rule).collect::<Result<_, _>>()?)
}

/// No `PROT_EXEC` in the third argument.
fn plain_memory() -> Result<SeccompRule, seccompiler::Error> {
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    let is_plain = SeccompCmpOp::MaskedEq(executable);
    let condition = SeccompCondition::new(2, SeccompCmpArgLen::Dword, is_plain, 0)?;
    Ok(SeccompRule::new(vec![condition])?)
}
