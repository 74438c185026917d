//! Flags credentials that stand in clear in attributes, provider blocks, variables and outputs.

use nhi_plan::{Finding, Mode, Severity};
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::secrets::{self, Sighting, Told};
use crate::report::FINDINGS_MAX;
use crate::rule::{Check, Group, Rule};

/// A credential in clear.
pub(super) static RULE: Rule = Rule {
    code: "NHI011",
    name: "credential-literal",
    group: Group::Credential,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a key or token stands in clear in a value",
    why: "everyone who reads the code, the plan, the state or a log of it can use the credential, and it cannot be taken back unseen",
    controls: &[
        "NHI2:2025",
        "NHI7:2025",
        "CWE-798",
        "CWE-312",
        "IA-5(7)",
        "PR.AA-01",
        "PCI-DSS-8.6.2",
        "CC6.1",
        "A.5.17",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags a password, key or token in any attribute of any resource or data source, in constants of provider blocks, in variables and their defaults, in outputs, in provisioners and in the text that machines are started with, of which a plan may hold only a hash.
Where such a text is encoded and a part of it is known only after apply, what the configuration says of the rest is looked through.
It is recognised in three ways.

1. By the provider's schema: a table says for each resource type which attributes take a secret, so that `password = "hunter2"` is found however weak it is.
2. By proof of structure: the checksum in a token of GitHub, GitLab or npm, the account in an AWS key id, a private key that decodes, a web token that parses and has not expired, a signature that has not ended, the length and alphabet that the issuer documents.
3. By information, and only under a name that says that a secret follows: `DB_PASSWORD`, `apiKey`, `--token`, `"name": "SECRET", "value": "…"`. References, placeholders, paths, addresses, names, digests, ciphertext and public keys are none.

It opens JSON inside strings, base64, gzip, percent-encoding and mails of cloud-init, four layers deep.
One credential is told once, where it can be changed: a value that comes in through a variable is told at the variable, and the resources that take it are named.
The value is never shown: a finding holds its kind, its place, its length, and a hash that is bound to the place and serves waivers.

| what | severity |
|---|---|
| in a provider block | critical |
| elsewhere | high |
| an AWS key id without its secret, a web token that expires, an encrypted private key, a secret known by its name and information only | medium |
| the hash of a password that was made slowly | low |

A document, a map or a value from outside of which nothing is known before apply is listed as unverified: a plan in JSON does not show what is written out in its expression, the plan file and `--source` do.

## Why is this bad?

A credential in a value is in version control, in the plan, in the state and in every copy of them.
Declaring a variable sensitive hides it on the screen only.

## Example

```terraform
provider "github" {
  token = "ghp_…"
}
```

## Use instead

```terraform
ephemeral "vault_kv_secret_v2" "github" {
  mount = "ci"
  name  = "github"
}

provider "github" {
  token = ephemeral.vault_kv_secret_v2.github.data.token
}
```

## Known limits

- A secret without a shape under a name that says nothing is not found.
- The settings of a backend do not stand in a plan; neither do `locals`, whose values show where they are used, nor the `connection` block of a resource.
- Two resources that each spell out the same password are two findings: both must be changed.
- What looks like a placeholder or a documented example is not reported.
- The table of attributes is checked against the schema of the AWS provider only.

## References

- [Sensitive data in state](https://opentofu.org/docs/language/state/sensitive-data/)
- [OWASP NHI2:2025 Secret Leakage](https://owasp.org/www-project-non-human-identities-top-10/2025/2-secret-leakage/)
- [GitHub token formats](https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/)
- [CWE-798: Use of Hard-coded Credentials](https://cwe.mitre.org/data/definitions/798.html)
"#,
};

/// Other places that are named in one finding.
const USES_MAX: usize = 10;

fn check(facts: &Facts, out: &mut Findings) {
    for (number, told) in facts.ledger.told().iter().enumerate() {
        // A hash costs more than the judgement of a hundred blocks: only what is told one by one gets one.
        out.push(finding(told, number < FINDINGS_MAX));
    }
    let is_stored = |address: &String| facts.state.stored.iter().any(|stored| stored.address == *address);
    for (address, path) in facts.ledger.hidden().filter(|(address, _)| !is_stored(address)) {
        let finding = RULE
            .finding(address, path)
            .message(format!(
                "whether a credential is written out in `{path}` cannot be told: nothing of it is known before apply"
            ))
            .remediation(
                "check the plan file, or give the configuration with `--source`, so that the expression can be read",
            );
        out.push(finding.unverified());
    }
    if let Some((count, address)) = &facts.ledger.omitted {
        let mut rest = RULE
            .finding(address, "")
            .message(format!("and {count} more credentials, from this address on"))
            .remediation("remove those above, most of which share a cause, and check again");
        rest.attributes = vec![(String::from("omitted"), count.to_string())];
        out.push(rest);
    }
}

fn finding(told: &Told<'_>, with_hash: bool) -> Finding {
    let Sighting { hit, .. } = told.source;
    let (address, path, mode) = match told.variable {
        Some(variable) => (variable, "", Mode::Variable),
        None => (told.source.address.as_str(), hit.path.as_str(), told.source.mode),
    };
    let own = told.variable.map(|_| told.source.address.as_str());
    let used: Vec<&str> = own.into_iter().chain(told.uses.iter().copied()).collect();
    let place = match mode {
        Mode::Provider => String::from("in the provider block"),
        Mode::Variable if hit.in_configuration => part_of("in the variable's default", path),
        Mode::Variable => part_of("in the variable's value", path),
        Mode::Output => String::from("in the output's value"),
        Mode::Data | Mode::Managed => String::from("in this attribute"),
    };
    let form = if hit.encoded { "encoded" } else { "in clear" };
    let spread = match used.as_slice() {
        [] => String::new(),
        [one] => format!(" and from there in `{one}`"),
        [one, rest @ ..] => format!(" and from there in `{one}` and {} more", rest.len()),
    };
    let message = match hit.kind {
        "AWS access key id" => format!("the id of a long-lived AWS access key stands {place}{spread}"),
        "user and password" => format!("a user name and a password stand {form} {place}{spread}"),
        kind => format!("{} {kind} stands {form} {place}{spread}", article(kind)),
    };
    let mut finding = RULE
        .finding(address, path)
        .message(message)
        .remediation(remediation(told.source, mode));
    finding.severity = Some(told.severity);
    finding.evidence = String::from(if hit.in_configuration {
        "configuration"
    } else {
        "planned"
    });
    finding.attributes = vec![
        (String::from("kind"), hit.kind.to_owned()),
        (String::from("length"), hit.length.to_string()),
    ];
    if with_hash {
        let hash = secrets::shown(RULE.code, address, path, &hit.mark);
        finding.attributes.push((String::from("value_hash"), hash));
    }
    let also = used.iter().take(USES_MAX).copied().collect::<Vec<_>>();
    if !also.is_empty() {
        finding.attributes.push((String::from("also_at"), also.join(" ")));
    }
    let from = told.source.references.join(" ");
    if !from.is_empty() {
        finding.attributes.push((String::from("from"), from));
    }
    finding
}

fn remediation(source: &Sighting, mode: Mode) -> String {
    match mode {
        Mode::Provider => String::from(
            "remove it and revoke it; log in with OIDC or workload identity, or take it from an ephemeral resource or the environment",
        ),
        Mode::Variable => String::from(
            "remove it and revoke it; declare the variable ephemeral and pass it to a write-only argument, or read the secret where it is used",
        ),
        _ if source.instead.contains("_wo") => format!(
            "remove it and revoke it; take it from an ephemeral resource and pass it to `{}`",
            source.instead.split(", ").next().unwrap_or_default()
        ),
        _ => String::from(
            "remove it and revoke it; read it at run time from a secret store, or pass it through an ephemeral value",
        ),
    }
}

/// A value, and the path of the part of it that is meant.
fn part_of(value: &str, path: &str) -> String {
    if path.is_empty() {
        value.to_owned()
    } else {
        format!("{value} at `{path}`")
    }
}

fn article(noun: &str) -> &'static str {
    // Letters whose name begins with a vowel, and vowels.
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O'])
        || noun.starts_with("npm")
        || noun.starts_with("HC");
    if vowel { "an" } else { "a" }
}

#[cfg(test)]
mod tests;
