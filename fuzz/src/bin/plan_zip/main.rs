//! Plan files: the archive, the lock file that tells its maker, and the configuration inside it.
#![no_main]

mod input;

use std::collections::BTreeMap;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};

const SNIPPETS: &[&str] = &[
    "PK\x01\x02",
    "PK\x03\x04",
    "PK\x05\x06",
    "tfconfig/",
    ".terraform.lock.hcl",
    "\"registry.opentofu.org/",
    "{\"encrypted_data\":\"\",\"encryption_version\":\"v0\"}",
    "\0\0\0\0",
    "..",
    "../",
];

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    nhi_fuzz::splice(data, size, max_size, seed, SNIPPETS)
});

fuzz_target!(|data: &[u8]| {
    input::kind(data);
    let found = input::SourceFiles::of_archive(data);
    let bytes: usize = found.files.values().map(String::len).sum();
    assert!(bytes <= 64 << 20, "{bytes} bytes of sources, beyond the limit");
    assert!(found.notes.len() <= 20, "{} notes, beyond the limit", found.notes.len());
    planted(&found.files);
});

/// The planted defect: a name never leads out of the archive.
fn planted(files: &BTreeMap<String, String>) {
    if !cfg!(feature = "planted") {
        return;
    }
    for name in files.keys() {
        let mut depth = 0;
        for part in name.split('/').skip(1) {
            depth += if part == ".." { -1 } else { 1 };
            assert!(depth >= 0, "a name that leads out");
        }
    }
}
