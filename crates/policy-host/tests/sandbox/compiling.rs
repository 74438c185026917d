//! Machine code: made in a process that has limits, kept under a tag, and never believed without it.

use std::fs;
use std::path::{Path, PathBuf};

use nhi_policy_host::{Cache, Compilation, Host, HostErrorKind, HostLimits, Module, Origin, Wall};

use crate::support::{guest, limits, run};

fn host(program: &str, arguments: &[&str], cache: Option<&Path>) -> Host {
    let compilation = Compilation {
        program: PathBuf::from(program),
        arguments: arguments.iter().map(Into::into).collect(),
        cache: cache.map(|path| Cache::open(path).unwrap()),
    };
    Host::new(limits()).unwrap().compile_with(compilation)
}

fn compiler(cache: Option<&Path>) -> Host {
    host(env!("CARGO_BIN_EXE_nhi-precompile"), &["--child"], cache)
}

fn load(host: &Host) -> Module {
    let module = host.load("team.wasm", guest("misbehave")).unwrap();
    assert_eq!(run(host, &module, "nothing").unwrap().findings.len(), 1);
    module
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    files
        .filter(|path| path.extension().is_some_and(|ending| ending == "cwasm"))
        .collect()
}

#[test]
fn what_a_child_compiles_runs_as_if_compiled_here() {
    let alone = Host::new(limits()).unwrap();
    let host = compiler(None);
    let (here, there) = (load(&alone), load(&host));
    assert_eq!(there.origin(), &Origin::Compiled);
    assert_eq!(run(&alone, &here, "nothing"), run(&host, &there, "nothing"));
    let broken = wat::parse_str(
        r#"(component (core module (func (result i32))) (instance $i) (export "nhi:policy/policy@1.0.0" (instance $i)))"#,
    );
    let broken = nhi_policy_host::name_contract(&broken.unwrap(), "1.0.0");
    let error = host.load("broken", &broken).unwrap_err();
    assert_eq!(error.kind, HostErrorKind::Malformed, "{error}");
    assert!(error.message.contains("not a valid component"), "{error}");
}

#[test]
fn a_child_that_does_not_answer_properly_is_no_verdict() {
    for (program, arguments) in [
        ("/bin/true", &[][..]),
        ("/bin/false", &[]),
        ("/bin/cat", &[]),
        ("/no/such", &[]),
    ] {
        let error = host(program, arguments, None)
            .load("team.wasm", guest("misbehave"))
            .unwrap_err();
        assert_eq!(error.kind, HostErrorKind::Compile, "{program}: {error}");
    }
}

/// What the wall stops is tried in `tests/conformance.rs`, in the campaign of a compiler that was taken over.
#[test]
fn the_process_that_compiles_says_which_wall_it_has() {
    assert_eq!(Host::new(limits()).unwrap().wall().unwrap(), None, "compiled here");
    match compiler(None).wall().unwrap() {
        Some(Wall::Seccomp) => {}
        Some(Wall::Limits) => {
            assert!(std::env::var_os("CI").is_none(), "CI has to have seccomp");
            eprintln!("SKIPPED: this kernel has no seccomp that is known here, so nothing is shown of the wall");
        }
        None => panic!("a process that compiles has some wall"),
    }
    for program in ["/bin/true", "/bin/false", "/no/such"] {
        let error = host(program, &[], None).wall().unwrap_err();
        assert_eq!(error.kind, HostErrorKind::Compile, "{program}: {error}");
    }
}

#[test]
fn a_module_is_compiled_once() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("a/b");
    assert_eq!(load(&compiler(Some(&cache))).origin(), &Origin::Compiled);
    // Nothing compiles here, so it can only come from the cache.
    assert_eq!(load(&host("/no/such", &[], Some(&cache))).origin(), &Origin::Cached);
    assert_eq!(entries(&cache).len(), 1);
    // What was found out about it is kept as well.
    let (kept, alone) = (
        load(&host("/no/such", &[], Some(&cache))),
        load(&Host::new(limits()).unwrap()),
    );
    assert_eq!((kept.facts(), kept.sha256()), (alone.facts(), alone.sha256()));
    assert_eq!(kept.sha256().len(), 64);
}

#[test]
fn what_other_limits_accepted_is_looked_at_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    load(&compiler(Some(&cache)));
    let tighter = HostLimits {
        module_functions: 3,
        ..limits()
    };
    let host = Host::new(tighter).unwrap().compile_with(Compilation {
        program: PathBuf::from("/no/such"),
        arguments: Vec::new(),
        cache: Some(Cache::open(&cache).unwrap()),
    });
    let error = host.load("team.wasm", guest("misbehave")).unwrap_err();
    assert_eq!(error.kind, HostErrorKind::TooBig, "{error}");
}

#[test]
fn what_somebody_changed_is_made_anew_and_told() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    load(&compiler(Some(&cache)));
    let entry = entries(&cache).remove(0);
    let sound = fs::read(&entry).unwrap();
    let flipped = |at: usize| {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        bytes
    };
    let last = sound.len() - 1;
    let table = [
        vec![],
        sound[..31].to_vec(),
        sound[..last].to_vec(),
        flipped(0),
        flipped(40),
        flipped(last),
    ];
    for bytes in table {
        fs::write(&entry, &bytes).unwrap();
        let module = load(&compiler(Some(&cache)));
        assert!(
            matches!(module.origin(), Origin::Recompiled(why) if why.contains("changed")),
            "{:?}",
            module.origin()
        );
        assert_eq!(
            load(&host("/no/such", &[], Some(&cache))).origin(),
            &Origin::Cached,
            "it was mended"
        );
    }
    // Sound bytes of one module are no use to another, nor through a link, nor under another key.
    let other = guest("echo_records");
    compiler(Some(&cache)).load("echo", other).unwrap();
    let theirs = entries(&cache).into_iter().find(|path| *path != entry).unwrap();
    fs::copy(&entry, &theirs).unwrap();
    let swapped = compiler(Some(&cache)).load("echo", other).unwrap();
    assert!(
        matches!(swapped.origin(), Origin::Recompiled(_)),
        "{:?}",
        swapped.origin()
    );
    fs::rename(&entry, folder.path().join("moved")).unwrap();
    symlink(folder.path().join("moved"), &entry).unwrap();
    assert!(matches!(load(&compiler(Some(&cache))).origin(), Origin::Recompiled(_)));
    fs::write(cache.join("key"), [7; 32]).unwrap();
    assert!(matches!(load(&compiler(Some(&cache))).origin(), Origin::Recompiled(_)));
}

#[test]
fn a_cache_that_others_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    drop(Cache::open(&cache).unwrap());
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    set(&cache, 0o770);
    assert!(Cache::open(&cache).unwrap_err().contains("chmod go="));
    set(&cache, 0o700);
    set(&cache.join("key"), 0o644);
    assert!(Cache::open(&cache).unwrap_err().contains("chmod go="));
    set(&cache.join("key"), 0o600);
    drop(Cache::open(&cache).unwrap());
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&cache, &link).unwrap();
    assert!(Cache::open(&link).unwrap_err().contains("not what it should be"));
}
