//! In what a policy is looser about policy modules: two policies in, what was loosened out.

#[cfg(test)]
mod tests {
    use nhi_governance::{ModuleLevel, ModuleRule, Pattern, Policy, PolicyChange, SignerRule, Terms, TrustRule};

    fn policy(change: impl FnOnce(&mut Terms)) -> Policy {
        let mut terms = Terms::default();
        change(&mut terms);
        Policy::new(terms).unwrap()
    }

    fn with_modules(change: impl FnOnce(&mut Terms)) -> Policy {
        let rule = ModuleRule {
            source: "oci://registry.example/team/naming".to_owned(),
            version: Some("~> 1.0".to_owned()),
            level: ModuleLevel::Overridable,
            settings: serde_json::Map::new(),
            sensitive_values: false,
        };
        let advisory = ModuleRule {
            level: ModuleLevel::Advisory,
            ..rule.clone()
        };
        let signer = SignerRule {
            key: "ssh-ed25519 A".to_owned(),
        };
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        policy(|terms| {
            terms.module = [("naming".to_owned(), rule), ("draft".to_owned(), advisory)].into();
            terms.signer = [("platform".to_owned(), signer)].into();
            let (all_of, any_of) = (names(&["platform"]), names(&["security", "audit"]));
            let sources = Pattern::parse("oci://registry.example/team/*").unwrap();
            terms.trust = [(sources, TrustRule { all_of, any_of })].into();
            change(terms);
        })
    }

    #[test]
    fn what_is_looser_about_modules_is_named_and_what_is_stricter_is_not() {
        type Change = fn(&mut Terms);
        fn rule(terms: &mut Terms) -> &mut ModuleRule {
            terms.module.get_mut("naming").unwrap()
        }
        fn trust(terms: &mut Terms) -> &mut TrustRule {
            terms.trust.values_mut().next().unwrap()
        }
        let team = "trust.oci://registry.example/team/*";
        let table: [(&str, Change); 20] = [
            ("module.naming", |terms| drop(terms.module.remove("naming"))),
            ("module.draft", |terms| drop(terms.module.remove("draft"))),
            ("module.naming.level", |terms| rule(terms).level = ModuleLevel::Advisory),
            ("", |terms| rule(terms).level = ModuleLevel::Mandatory),
            ("module.naming.source", |terms| {
                rule(terms).source = "oci://registry.example/team/other".to_owned();
            }),
            ("module.naming.settings", |terms| {
                rule(terms).settings.insert("days".to_owned(), 30.into());
            }),
            ("", |terms| {
                let draft = terms.module.get_mut("draft").unwrap();
                draft.settings.insert("days".to_owned(), 30.into());
            }),
            ("", |terms| rule(terms).version = Some("~> 2.0".to_owned())),
            ("module.naming.sensitive_values", |terms| {
                rule(terms).sensitive_values = true;
            }),
            ("", |terms| {
                let new = rule(terms).clone();
                terms.module.insert("new".to_owned(), new);
            }),
            ("module.new.sensitive_values", |terms| {
                let mut new = rule(terms).clone();
                new.sensitive_values = true;
                terms.module.insert("new".to_owned(), new);
            }),
            ("signer.platform.key", |terms| {
                terms.signer.get_mut("platform").unwrap().key = "ssh-ed25519 B".to_owned();
            }),
            ("", |terms| {
                let key = "ssh-ed25519 B".to_owned();
                terms.signer.insert("other".to_owned(), SignerRule { key });
            }),
            (team, |terms| terms.trust.clear()),
            (team, |terms| trust(terms).all_of.clear()),
            (team, |terms| trust(terms).any_of.push("intern".to_owned())),
            ("", |terms| drop(trust(terms).any_of.pop())),
            ("", |terms| {
                trust(terms).any_of.clear();
                trust(terms).all_of.push("audit".to_owned());
            }),
            ("trust.oci://elsewhere.example/*", |terms| {
                let any_of = vec!["platform".to_owned()];
                let rule = TrustRule {
                    all_of: Vec::new(),
                    any_of,
                };
                terms
                    .trust
                    .insert(Pattern::parse("oci://elsewhere.example/*").unwrap(), rule);
            }),
            // Within what is trusted another block only asks for more.
            ("", |terms| {
                let any_of = vec!["intern".to_owned()];
                let rule = TrustRule {
                    all_of: Vec::new(),
                    any_of,
                };
                terms
                    .trust
                    .insert(Pattern::parse("oci://registry.example/team/x").unwrap(), rule);
            }),
        ];
        let base = with_modules(|_| {});
        for (wanted, change) in table {
            let head = with_modules(change);
            let found = head.loosened_from(&base);
            let places: Vec<&str> = found.iter().map(|loosening| loosening.place.as_str()).collect();
            assert_eq!(places.join(" "), wanted);
            assert_ne!(head, base, "{wanted}");
            assert_eq!(head.digest(), base.digest(), "{wanted}");
            let change = PolicyChange::between(Some(&base), &head);
            assert_eq!(change.is_looser(), !wanted.is_empty(), "{wanted}: {change:?}");
            assert_ne!(change, PolicyChange::Same, "{wanted}");
        }
        // A policy that says nothing of modules keeps the digest that it has on record.
        assert!(Policy::default().to_json().get("module").is_none());
        // Modules beside an otherwise built-in policy are put on record: their end has to be noticed.
        let builtin = Policy::default();
        let change = PolicyChange::between(Some(&builtin), &base);
        assert!(
            matches!(change, PolicyChange::Looser(_)),
            "more sources are trusted: {change:?}"
        );
        assert!(PolicyChange::between(Some(&base), &builtin).is_looser());
    }
}
