//! In what one lock file is looser than another.
//!
//! What the policy file says of modules is compared with the rest of the policy; here is what only the lock says: how
//! far down a version may go, and which bytes exactly run.

use nhi_governance::Loosening;

use crate::lock::{Lock, Locked};

impl Lock {
    /// Every way in which this lock is looser than the one it is based on, by the names of modules.
    ///
    /// A module that only one of the two pins is the policy file's to add or to take away.
    pub fn loosened_from(&self, base: &Self) -> Vec<Loosening> {
        let both = base
            .modules
            .iter()
            .filter_map(|(name, before)| Some((name, before, self.modules.get(name)?)));
        both.flat_map(|(name, before, after)| compare(name, before, after))
            .collect()
    }
}

fn compare(name: &str, before: &Locked, after: &Locked) -> Vec<Loosening> {
    let mut found = Vec::new();
    let mut add = |attribute: &str, from: String, to: String, what: &'static str| {
        let place = format!("lock.{name}.{attribute}");
        found.push(Loosening { place, from, to, what });
    };
    let text = |version: &crate::Version| version.to_string();
    if after.version < before.version {
        let what = "a module goes down to an older version";
        add("version", text(&before.version), text(&after.version), what);
    }
    if after.floor < before.floor {
        let what = "older versions of a module may be locked";
        add("floor", text(&before.floor), text(&after.floor), what);
    }
    if after.version == before.version && after.wasm != before.wasm {
        let what = "one version of a module is other bytes";
        add("wasm", before.wasm.clone(), after.wasm.clone(), what);
    }
    let lost: Vec<&str> = before
        .signers
        .iter()
        .filter(|signer| !after.signers.contains(signer))
        .map(String::as_str)
        .collect();
    if !lost.is_empty() {
        let to = match after.signers.as_slice() {
            [] => "nobody".to_owned(),
            signers => signers.join(", "),
        };
        add(
            "signers",
            before.signers.join(", "),
            to,
            "somebody no longer signs a module",
        );
    }
    if after.sensitive_values && !before.sensitive_values {
        let what = "a module is shown sensitive values";
        add("sensitive_values", "false".to_owned(), "true".to_owned(), what);
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::{Lock, Locked, Source, Version};

    fn lock(change: impl FnOnce(&mut Locked)) -> Lock {
        let version = |text| Version::parse(text).unwrap();
        let mut locked = Locked {
            source: Source::parse("oci://registry.example/team/rules").unwrap(),
            version: version("1.2.0"),
            floor: version("1.1.0"),
            manifest: Some(format!("sha256:{}", "a".repeat(64))),
            wasm: format!("sha256:{}", "b".repeat(64)),
            abi: "nhi:policy@1.0.0".to_owned(),
            imports: Vec::new(),
            signers: vec!["platform".to_owned(), "security".to_owned()],
            sensitive_values: false,
        };
        change(&mut locked);
        Lock {
            modules: [("naming".to_owned(), locked)].into(),
        }
    }

    #[test]
    fn what_loosens_is_named_and_what_tightens_is_not() {
        type Change = fn(&mut Locked);
        let other = || format!("sha256:{}", "c".repeat(64));
        assert_ne!(other(), lock(|_| {}).modules["naming"].wasm);
        let table: [(&str, Change); 5] = [
            ("lock.naming.version", |locked| locked.version = Version::new(1, 1, 0)),
            ("lock.naming.floor", |locked| locked.floor = Version::new(1, 0, 9)),
            ("lock.naming.wasm", |locked| {
                locked.wasm = format!("sha256:{}", "c".repeat(64));
            }),
            ("lock.naming.signers", |locked| {
                locked.signers.pop();
            }),
            ("lock.naming.sensitive_values", |locked| locked.sensitive_values = true),
        ];
        for (place, change) in table {
            let found = lock(change).loosened_from(&lock(|_| {}));
            let places: Vec<&str> = found.iter().map(|loosening| loosening.place.as_str()).collect();
            assert_eq!(places, [place]);
        }
        // Near misses: nothing, a new version with its bytes, a higher floor, the other way round.
        let newer = lock(|locked| {
            locked.version = Version::new(1, 3, 0);
            locked.floor = Version::new(1, 3, 0);
            locked.wasm = format!("sha256:{}", "c".repeat(64));
            locked.signers.push("audit".to_owned());
        });
        assert_eq!(newer.loosened_from(&lock(|_| {})), []);
        assert_eq!(
            lock(|_| {}).loosened_from(&lock(|locked| locked.sensitive_values = true)),
            []
        );
        assert_eq!(Lock::default().loosened_from(&newer), []);
        assert_eq!(newer.loosened_from(&Lock::default()), []);
    }
}
