//! What a policy file says of modules, and the lock file that pins them.

#[cfg(test)]
mod tests {
    use nhi_policy_file::{Level, Lock, Locked, Source, Version, read, read_lock, read_modules};
    use proptest::prelude::*;
    use serde_json::json;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ platform";

    fn file() -> String {
        format!(
            r#"
organisation = "example"
module "naming" {{
  source   = "oci://registry.example/policy/naming"
  version  = "~> 1.2"
  level    = "mandatory"
  settings = {{ days = 30, prefixes = ["ci-", "bot-"], nested = {{ on = true, none = null, ratio = 0.5 }} }}
}}
module "local" {{
  source           = "./rules.wasm"
  level            = "advisory"
  sensitive_values = true
}}
signer "platform" {{ key = "{KEY}" }}
signer "security" {{ key = "{KEY}" }}
trust "oci://registry.example/policy/*" {{
  any_of = ["platform"]
  all_of = ["security"]
}}
"#
        )
    }

    #[test]
    fn modules_are_read_beside_the_policy() {
        let text = file();
        let terms = read_modules("nhi.hcl", text.as_bytes()).unwrap();
        let naming = &terms.modules["naming"];
        assert_eq!(naming.source.to_string(), "oci://registry.example/policy/naming");
        assert_eq!((naming.level, naming.sensitive_values), (Level::Mandatory, false));
        assert!(naming.version.as_ref().unwrap().allows(&Version::new(1, 9, 0)));
        assert_eq!(
            naming.settings,
            json!({ "days": 30, "prefixes": ["ci-", "bot-"], "nested": { "on": true, "none": null, "ratio": 0.5 } })
        );
        let local = &terms.modules["local"];
        assert_eq!((local.level, local.sensitive_values), (Level::Advisory, true));
        assert_eq!(local.settings, json!({}));
        assert_eq!(terms.signers["platform"], KEY);
        assert_eq!(terms.trust.len(), 1);
        assert_eq!(
            (&terms.trust[0].any_of[0], &terms.trust[0].all_of[0]),
            (&"platform".to_owned(), &"security".to_owned())
        );
        // Modules are no part of what approvals are bound to.
        let policy = read("nhi.hcl", text.as_bytes()).unwrap();
        let bare = read("nhi.hcl", b"organisation = \"example\"\n").unwrap();
        assert_eq!(policy.digest(), bare.digest());
        // They are a part of what is in force, though, where a looser policy needs people to agree.
        assert_ne!(policy, bare);
        assert!(
            bare.loosened_from(&policy)
                .iter()
                .any(|found| found.place == "module.naming")
        );
        // A file that says nothing of modules is one without any.
        assert!(read_modules("nhi.hcl", b"").unwrap().modules.is_empty());
    }

    #[test]
    fn mistakes_are_told_with_a_way_out() {
        let table = [
            (
                "module \"a\" {\n  level = \"advisory\"\n}\n",
                "nhi.hcl:1:1: `source` is missing (NHI-POLICY-MISSING)",
            ),
            (
                "module \"a\" {\n  source = \"./a.wasm\"\n}\n",
                "nhi.hcl:1:1: `level` is missing (NHI-POLICY-MISSING)",
            ),
            (
                "module \"a\" {\n  source = \"oci://r.example/a\"\n  level = \"advisory\"\n}\n",
                "nhi.hcl:1:1: module `a` comes from a registry and has no `version` (NHI-POLICY-MISSING)",
            ),
            (
                "module \"a\" {\n  source = \"oci://r.example/a\"\n  version = \"^0.1\"\n  level = \"advisory\"\n}\n",
                "nhi.hcl:3:13: `^0.1` is not a version constraint (NHI-POLICY-VALUE)",
            ),
            (
                "module \"a\" {\n  source = \"oci://r.example/a\"\n  version = null\n  level = \"advisory\"\n}\n",
                "nhi.hcl:3:13: `version` is null (NHI-POLICY-TYPE)",
            ),
            (
                "module \"a\" {\n  source = \"./a.wasm\"\n  version = \"1.0.0\"\n  level = \"advisory\"\n}\n",
                "nhi.hcl:3:13: module `a` is a file and has a `version` (NHI-POLICY-VALUE)",
            ),
            (
                "module \"a\" {\n  source = \"oci://u:hunter2@r.example/a\"\n  version = \"1.0.0\"\n  level = \"advisory\"\n}\n",
                "nhi.hcl:2:12: this text is not a repository of a registry (NHI-POLICY-VALUE)",
            ),
            (
                "module \"a\" {\n  source = \"./a.wasm\"\n  level = \"strict\"\n}\n",
                "nhi.hcl:3:11: `strict` is none of the words for this (NHI-POLICY-VALUE)",
            ),
            (
                "module \"a\" {\n  source = \"./a.wasm\"\n  level = \"advisory\"\n  settings = { a = 1, \"a\" = 2 }\n}\n",
                "nhi.hcl:4:23: `a` is there twice (NHI-POLICY-DUPLICATE)",
            ),
            (
                "module \"a\" {\n  source = \"./a.wasm\"\n  level = \"advisory\"\n  settings = { a = [var.b] }\n}\n",
                "nhi.hcl:4:21: a reference stands where a value has to be written out (NHI-POLICY-COMPUTED)",
            ),
            (
                "module \"a\" {\n  source = \"./a.wasm\"\n  level = \"advisory\"\n  settings = { a = 99999999999999999999 }\n}\n",
                "nhi.hcl:4:20: `99999999999999999999` cannot be held without loss (NHI-POLICY-VALUE)",
            ),
            (
                "trust \"oci://r.example/*\" {}\n",
                "nhi.hcl:1:1: trust in `oci://r.example/*` asks for nobody (NHI-POLICY-MISSING)",
            ),
            (
                "trust \"oci://r.example/*\" {\n  any_of = []\n}\n",
                "nhi.hcl:1:1: trust in `oci://r.example/*` asks for nobody (NHI-POLICY-MISSING)",
            ),
            (
                "trust \"oci://r.example/*\" {\n  any_of = [\"Ann Smith\"]\n}\n",
                "nhi.hcl:2:13: `Ann Smith` is not a name (NHI-POLICY-VALUE)",
            ),
            (
                "trust \"oci://r.example/*\" {\n  any_of = [\"platfrom\"]\n}\nsigner \"platform\" {\n  key = \"k\"\n}\n",
                "nhi.hcl:2:12: there is no signer `platfrom` (NHI-POLICY-UNKNOWN)",
            ),
        ];
        for (text, expected) in table {
            let faults = read_modules("nhi.hcl", text.as_bytes()).unwrap_err();
            assert_eq!(faults.lines().collect::<Vec<_>>(), [expected], "{text}");
            assert!(!faults.faults[0].help.is_empty());
        }
    }

    fn lock() -> Lock {
        let digest = |c: char| format!("sha256:{}", c.to_string().repeat(64));
        let mut lock = Lock::default();
        lock.modules.insert(
            "naming".to_owned(),
            Locked {
                source: Source::parse("oci://registry.example/policy/naming").unwrap(),
                version: Version::new(1, 2, 3),
                floor: Version::new(1, 2, 0),
                manifest: Some(digest('a')),
                wasm: digest('b'),
                abi: "nhi:policy@1.0.0".to_owned(),
                imports: Vec::new(),
                signers: vec!["platform".to_owned(), "security".to_owned()],
                sensitive_values: false,
            },
        );
        lock.modules.insert(
            "local".to_owned(),
            Locked {
                source: Source::parse("./rules.wasm").unwrap(),
                manifest: None,
                signers: Vec::new(),
                sensitive_values: true,
                ..lock.modules["naming"].clone()
            },
        );
        lock
    }

    #[test]
    fn a_lock_is_written_as_people_write_hcl() {
        let text = lock().to_hcl();
        let expected = "# Written by `nhi module lock`. Keep it in version control: `nhi check` runs what it says and nothing else.\n\
            \n\
            module \"local\" {\n\
            \x20 source = \"./rules.wasm\"\n";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.contains("  signers = [\"platform\", \"security\"]\n"), "{text}");
        assert_eq!(read_lock("nhi.lock.hcl", text.as_bytes()).unwrap(), lock());
        assert_eq!(read_lock("nhi.lock.hcl", b"").unwrap(), Lock::default());
    }

    #[test]
    fn a_broken_lock_locks_nothing() {
        let good = lock().to_hcl();
        let table = [
            ("sha256:a", "sha256:g", "is not a digest"),
            ("version = \"1.2.3\"", "version = \"1.2\"", "is not a version"),
            ("  floor = \"1.2.0\"\n", "", "`floor` is missing"),
            ("  imports = []\n", "", "`imports` is missing"),
            (
                "\"oci://registry.example/policy/naming\"",
                "\"https://registry.example\"",
                "is not a source",
            ),
            ("module \"naming\"", "module \"local\"", "is there twice"),
            ("  abi =", "  unsigned = true\n  abi =", "has no `unsigned`"),
            ("module \"naming\" {", "module \"naming\" {{", "cannot be parsed"),
        ];
        for (from, to, expected) in table {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{from}");
            let faults = read_lock("nhi.lock.hcl", bad.as_bytes()).unwrap_err();
            assert!(faults.to_string().contains(expected), "{expected}: {faults}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_locked_reads_back(abi in any::<String>(), imports in prop::collection::hash_set(any::<String>(), 0..4)) {
            let mut lock = lock();
            let locked = lock.modules.get_mut("naming").unwrap();
            locked.abi = abi;
            locked.imports = imports.into_iter().collect();
            let text = lock.to_hcl();
            prop_assert_eq!(read_lock("nhi.lock.hcl", text.as_bytes()).unwrap(), lock);
        }
    }
}
