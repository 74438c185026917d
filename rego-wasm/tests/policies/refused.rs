//! What is refused while the policies are built, with its place and the fix.

use nhi_rego::Policy;

use super::bundle;

fn errors(text: &str) -> String {
    match Policy::new(&bundle(&[("policy/a.rego", text)], &[], "")) {
        Ok(_) => String::new(),
        Err(errors) => errors.join("\n"),
    }
}

const HEAD: &str = "package main\nimport rego.v1\n";

#[test]
fn mistakes_have_a_place_and_a_fix() {
    let table: [(&str, &[&str]); 16] = [
        (
            "deny contains msg if {\n\tmsg := \"a\"\n",
            &["policy/a.rego:5:", "fix: "],
        ),
        (
            "deny contains msg {\n\tmsg := \"a\"\n}\n",
            &["policy/a.rego:3:", "fix: "],
        ),
        (
            "deny contains msg if {\n\tmsg := nowhere\n}\n",
            &["policy/a.rego:4:9", "nowhere", "fix: "],
        ),
        (
            "deny contains msg if {\n\tmsg := http.send({}).body\n}\n",
            &["policy/a.rego:4:", "http.send", "no network"],
        ),
        (
            "deny contains msg if {\n\ttime.now_ns() > 0\n\tmsg := \"a\"\n}\n",
            &[":4:", "data.nhi.now_ns"],
        ),
        (
            "deny contains msg if {\n\tmsg := opa.runtime().version\n}\n",
            &["opa.runtime", "data.settings"],
        ),
        (
            "deny contains msg if {\n\tmsg := uuid.rfc4122(\"a\")\n}\n",
            &["randomness"],
        ),
        (
            "deny contains msg if {\n\trand.intn(\"a\", 2) == 1\n\tmsg := \"a\"\n}\n",
            &["randomness"],
        ),
        (
            "deny contains msg if {\n\tmsg := crypto.sha256(\"a\")\n}\n",
            &["no function `crypto.sha256`"],
        ),
        (
            "deny contains msg if {\n\tmsg := nofunction(\"a\")\n}\n",
            &["no function `nofunction`"],
        ),
        (
            "deny contains msg if {\n\tsome r in input.planned_values.root_module.resources\n\tmsg := r.address\n}\n",
            &["`input.planned_values` is not handed", "resource_changes"],
        ),
        (
            "import input as plan\ndeny contains \"a\" if plan.configuration\n",
            &["`input.configuration`"],
        ),
        (
            "deny[msg] if {\n\tmsg := \"a\"\n}\n",
            &["no set", "deny contains msg if"],
        ),
        ("deny if input.format_version\n", &["no set"]),
        ("allow if true\n", &["module.hcl", "there is no rule"]),
        ("deny contains 1 if deny[1]\n", &["fix: "]),
    ];
    for (text, wanted) in table {
        let errors = errors(&format!("{HEAD}{text}"));
        for wanted in wanted {
            assert!(errors.contains(wanted), "`{wanted}`: {text}\n{errors}");
        }
    }
}

#[test]
fn what_is_near_a_mistake_is_none() {
    for text in [
        "deny contains msg if {\n\tmsg := time\n}\ntime := \"now\"\n",
        "deny contains msg if {\n\tsome http in [{\"send\": \"a\"}]\n\tmsg := http.send\n}\n",
        "deny contains \"a\" if input[\"resource_changes\"]\n",
        "deny contains \"a\" if {\n\tprint(\"x\")\n\tset() == set()\n}\n",
        "deny contains \"a\" if {\n\tsome input_ in [{\"configuration\": 1}]\n\tinput_.configuration\n}\n",
        "deny_reason(r) := r.x\ndeny contains deny_reason({\"x\": \"a\"})\n",
    ] {
        assert_eq!(errors(&format!("{HEAD}{text}")), "", "{text}");
    }
}

#[test]
fn data_that_cannot_be_used_has_its_place() {
    let policy = [("policy/a.rego", "package main\nimport rego.v1\ndeny contains \"a\"\n")];
    for (path, text, wanted) in [
        ("data/a.json", "{", "not JSON"),
        ("data/a.yaml", "a: [", "not YAML"),
        ("data/a.yaml", "- a", "not an object"),
        ("data/a.yaml", "settings: {}", "what the host says"),
    ] {
        let errors = Policy::new(&bundle(&policy, &[(path, text)], ""))
            .unwrap_err()
            .join("\n");
        assert!(errors.contains(wanted) && errors.contains(path), "{errors}");
    }
    let twice = [("data/a.yaml", "x: 1"), ("data/b.yaml", "x: 2")];
    let errors = Policy::new(&bundle(&policy, &twice, "")).unwrap_err().join("\n");
    assert!(errors.contains("does not go together"), "{errors}");
}
