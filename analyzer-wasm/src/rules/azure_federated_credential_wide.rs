//! Flags federated credentials of Azure and Entra that fit more tokens than one workload has.

use nhi_plan::json::Value;
use nhi_plan::{Severity, symbol};
use nhi_policy_sdk::Findings;

use crate::facts::Block;
use crate::facts::trust::issuer::{self, Issuer, Reach};
use crate::facts::trust::subject::{self, Fit, Width};
use crate::rule::{Check, Group, Rule};

const TYPES: [&str; 3] = [
    "azuread_application_federated_identity_credential",
    "azuread_application_flexible_federated_identity_credential",
    "azurerm_federated_identity_credential",
];

/// A federated credential that fits too much.
pub(super) static RULE: Rule = Rule {
    code: "NHI058",
    name: "azure-federated-credential-wide",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a federated credential accepts tokens of strangers or of unreviewed code",
    why: "whoever gets a token that fits can log in as the application or the managed identity, without any secret",
    controls: &[
        "NHI6:2025",
        "NHI5:2025",
        "CWE-284",
        "CWE-863",
        "AC-3",
        "IA-9",
        "PR.AA-05",
        "CC6.1",
        "A.5.15",
    ],
    check: Check::Resource(&TYPES, check),
    docs: r#"
## What it does

Flags a federated credential of an Entra application or a managed identity that

- takes its tokens from an issuer without `https` (high);
- has a subject, or a flexible expression, that fits strangers or a whole organisation (critical, high or medium, as the issuer is public or not);
- names the subject of a pull request (medium);
- writes a wildcard into a subject that is compared letter by letter, so that it does not mean what it seems to (low);
- expects another audience than that of Entra's token exchange (low).

## Why is this bad?

A federated credential is a login without a password: the token is all there is.
What fits it decides who the application is.

## Example

```terraform
resource "azuread_application_federated_identity_credential" "ci" {
  application_id = azuread_application.deploy.id
  display_name   = "ci"
  audiences      = ["api://AzureADTokenExchange"]
  issuer         = "https://token.actions.githubusercontent.com"
  subject        = "repo:acme/app:pull_request"
}
```

## Use instead

```terraform
resource "azuread_application_federated_identity_credential" "ci" {
  application_id = azuread_application.deploy.id
  display_name   = "ci"
  audiences      = ["api://AzureADTokenExchange"]
  issuer         = "https://token.actions.githubusercontent.com"
  subject        = "repo:acme/app:environment:production"
}
```

## Known limits

- What the application or identity may do is not weighed.
- Of a flexible expression the comparisons of `sub` and `job_workflow_ref` are read.
- Checked against the shape that the providers `azuread` and `azurerm` plan, not against a real tenant.

## References

- [Microsoft Entra: workload identity federation](https://learn.microsoft.com/en-us/entra/workload-id/workload-identity-federation)
- [Microsoft Entra: flexible federated identity credentials](https://learn.microsoft.com/en-us/entra/workload-id/workload-identities-flexible-federated-identity-credentials)
- [OWASP NHI6:2025 Insecure Cloud Deployment Configurations](https://owasp.org/www-project-non-human-identities-top-10/2025/6-insecure-cloud-deployment-configurations/)
"#,
};

/// Characters of a subject that a message repeats.
const SUBJECT_CHARS_MAX: usize = 120;

/// Audiences of the token exchange, by cloud.
const AUDIENCES: [&str; 3] = [
    "api://AzureADTokenExchange",
    "api://AzureADTokenExchangeChina",
    "api://AzureADTokenExchangeUSGov",
];

/// Something wrong with a credential.
struct Fault {
    severity: Severity,
    possible: bool,
    path: &'static str,
    message: String,
    remediation: &'static str,
}

fn check(block: &Block<'_>, out: &mut Findings) {
    let faults = [issuer_fault(block), subject_fault(block), audience_fault(block)];
    let worst = faults
        .into_iter()
        .flatten()
        .max_by_key(|fault| (!fault.possible, fault.severity));
    let Some(fault) = worst else { return };
    let mut finding = RULE
        .finding(&block.change.address, fault.path)
        .message(fault.message)
        .remediation(fault.remediation);
    finding.severity = Some(fault.severity);
    out.push(if fault.possible { finding.unverified() } else { finding });
}

fn issuer_fault(block: &Block<'_>) -> Option<Fault> {
    let url = block.string("issuer")?;
    let plain = url.trim().to_ascii_lowercase().starts_with("http://");
    plain.then(|| Fault {
        severity: RULE.severity,
        possible: false,
        path: "issuer",
        message: String::from("tokens are checked with keys that come over an open line: the issuer is not `https`"),
        remediation: "take tokens from an issuer with `https` only",
    })
}

fn subject_fault(block: &Block<'_>) -> Option<Fault> {
    let url = block.string("issuer").unwrap_or_default();
    if let Some(expression) = block.string("claims_matching_expression") {
        let judged = flexible(&expression, issuer::recognise(&url));
        // What a pattern fits is for the issuer to say.
        let open = expression.contains('*') && block.is_unknown("issuer") && block.string("issuer").is_none();
        return judged.or_else(|| open.then(|| unknown("issuer")));
    }
    if block.is_unknown("claims_matching_expression") && !block.references("claims_matching_expression").is_empty() {
        return Some(unknown("claims_matching_expression"));
    }
    let Some(value) = block.string("subject") else {
        return (block.is_unknown("subject") && issuer::recognise(&url).reach == Reach::Public)
            .then(|| unknown("subject"));
    };
    let issuer = issuer::guess(issuer::recognise(&url), &value);
    if subject::is_pull_request(&value, false) {
        return Some(pull_request("subject", &value));
    }
    let fit = subject::judge(issuer.dialect, &value, false)?;
    if fit.width == Width::Anyone {
        return wide("subject", &value, &issuer, &fit);
    }
    value.contains('*').then(|| Fault {
        severity: Severity::Low,
        possible: false,
        path: "subject",
        message: format!(
            "the wildcard in the subject `{}` is compared letter by letter",
            short(&value)
        ),
        remediation: "write the exact subject, or use a flexible federated credential with an expression",
    })
}

fn unknown(path: &'static str) -> Fault {
    Fault {
        severity: RULE.severity,
        possible: true,
        path,
        message: String::from("which tokens fit the credential is known only after apply"),
        remediation: "write the subject out, or build it from values that are known before apply",
    }
}

fn short(value: &str) -> String {
    symbol::readable(value).chars().take(SUBJECT_CHARS_MAX).collect()
}

fn pull_request(path: &'static str, value: &str) -> Fault {
    Fault {
        severity: Severity::Medium,
        possible: false,
        path,
        message: format!("a pull request may log in with this credential: `{}`", short(value)),
        remediation: "name a protected environment or branch, and give pull requests an identity that can only read",
    }
}

fn wide(path: &'static str, value: &str, issuer: &Issuer, fit: &Fit) -> Option<Fault> {
    let severity = match (issuer.reach, fit.width) {
        (_, Width::Exact) | (Reach::Tenant, Width::Project) => return None,
        (Reach::Public, Width::Anyone) => Severity::Critical,
        (Reach::Unknown, Width::Anyone) => Severity::High,
        (Reach::Tenant, Width::Anyone) | (Reach::Public | Reach::Unknown, Width::Organisation) => Severity::Medium,
        (Reach::Tenant, Width::Organisation) | (_, Width::Project) => Severity::Low,
    };
    Some(Fault {
        severity,
        possible: false,
        path,
        message: format!("`{}` of {} fits {}", short(value), issuer.name, fit.who),
        remediation: "name the one repository and its environment or branch",
    })
}

/// `claims['sub'] matches 'repo:acme/*' and claims['job_workflow_ref'] matches 'acme/…'`: all must hold.
fn flexible(expression: &str, mut issuer: Issuer) -> Option<Fault> {
    let path = "claims_matching_expression";
    let mut narrowest: Option<(Fit, &str)> = None;
    for part in expression.split(" and ") {
        let Some((claim, how, value)) = comparison(part) else {
            continue;
        };
        let is_pattern = how == "matches";
        if claim == "sub" && subject::is_pull_request(value, is_pattern) {
            return Some(pull_request(path, value));
        }
        let subject = if claim == "sub" {
            value.to_owned()
        } else {
            format!("{claim}:{value}")
        };
        issuer = issuer::guess(issuer, &subject);
        let Some(fit) = subject::judge(issuer.dialect, &subject, is_pattern) else {
            return Some(unknown(path));
        };
        if narrowest.as_ref().is_none_or(|(old, _)| fit.width < old.width) {
            narrowest = Some((fit, value));
        }
    }
    match narrowest {
        Some((fit, value)) => wide(path, value, &issuer, &fit),
        None => Some(unknown(path)),
    }
}

/// Claim, operator and value of one comparison.
fn comparison(text: &str) -> Option<(&str, &str, &str)> {
    let rest = text.trim().strip_prefix("claims[")?;
    let (claim, rest) = rest.split_once(']')?;
    let (how, value) = rest.trim().split_once(char::is_whitespace)?;
    let quotes = ['\'', '"'];
    Some((claim.trim_matches(quotes), how, value.trim().trim_matches(quotes)))
}

fn audience_fault(block: &Block<'_>) -> Option<Fault> {
    let after = block.after()?;
    let value = ["audiences", "audience"].iter().find_map(|name| {
        let value = after.get(name).filter(|value| !value.is_null())?;
        Some((*name, value))
    });
    let (path, value) = value?;
    let own = value.as_str();
    let texts = value.elements().filter_map(Value::as_str).chain(own);
    let foreign = |text: &str| !AUDIENCES.contains(&text) && !symbol::has_symbols(text);
    let audience = texts.into_iter().find(|text| foreign(text))?;
    Some(Fault {
        severity: Severity::Low,
        possible: false,
        path,
        message: format!(
            "tokens that were made for `{}` are accepted, and not only those for the token exchange",
            short(&audience)
        ),
        remediation: "expect `api://AzureADTokenExchange`, or its name in your cloud",
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    fn credential(issuer: &str, subject: &str) -> Plan {
        plan(&[(
            "azuread_application_federated_identity_credential.c",
            &format!(r#"{{"audiences":["api://AzureADTokenExchange"],"issuer":"{issuer}","subject":"{subject}"}}"#),
        )])
    }

    fn github(subject: &str) -> Plan {
        credential("https://token.actions.githubusercontent.com", subject)
    }

    fn flexible(expression: &str) -> Plan {
        plan(&[(
            "azuread_application_flexible_federated_identity_credential.c",
            &format!(
                r#"{{"audience":"api://AzureADTokenExchange","issuer":"https://token.actions.githubusercontent.com","claims_matching_expression":"{expression}"}}"#
            ),
        )])
    }

    #[test]
    fn cases_of_credentials() {
        let managed = "azurerm_federated_identity_credential.c";
        let cluster = "https://westeurope.oic.prod-aks.azure.com/t/i/";
        let open = "azuread_application_flexible_federated_identity_credential.c";
        let of_nobody = |expression: &str| {
            plan(&[(
                open,
                &format!(r#"{{"audience":"api://AzureADTokenExchange","claims_matching_expression":"{expression}"}}"#),
            )])
            .unknown(open, &["issuer"])
            .references(open, "issuer", &["data.http.issuer"])
        };
        cases(&super::RULE)
            .flags(&[
                Case::medium("an organisation, of an issuer that is not known", of_nobody("claims['sub'] matches 'repo:acme/*'")),
                Case::unverified("a pattern, of an issuer that is not known", of_nobody("claims['sub'] matches 'acme-*'")).at("issuer"),
                Case::medium("a pull request", github("repo:acme/app:pull_request")).at("subject"),
                Case::low("a wildcard by its letters", github("repo:acme/*")),
                Case::critical("an environment of anybody", github("environment:production")),
                Case::critical("any repository", flexible("claims['sub'] matches 'repo:*'")).at("claims_matching_expression"),
                Case::critical("any name that begins so", flexible("claims['sub'] matches 'repo:acme*'")),
                Case::medium("an organisation", flexible("claims['sub'] matches 'repo:acme/*'")),
                Case::low("a repository", flexible("claims['sub'] matches 'repo:acme/app:*'")),
                Case::medium("a pull request, by pattern", flexible("claims['sub'] matches 'repo:acme/*:pull_request'")),
                Case::unverified("an expression that cannot be read", flexible("something else")),
                Case::high("an open line", credential("http://id.example.com", "x")).at("issuer"),
                Case::low("another audience", plan(&[(managed, &format!(r#"{{"audience":["https://example.com"],"issuer":"{cluster}","subject":"system:serviceaccount:app:worker"}}"#))])).at("audience"),
                Case::unverified(
                    "a subject that is not known",
                    plan(&[(managed, r#"{"audience":["api://AzureADTokenExchange"],"issuer":"https://token.actions.githubusercontent.com"}"#)]).unknown(managed, &["subject"]),
                ),
            ])
            .allows(&[
                Case::clean("one subject, of an issuer that is not known", of_nobody("claims['sub'] eq 'acme-app'")),
                Case::clean("an environment", github("repo:acme/app:environment:production")),
                Case::clean("a branch", github("repo:acme/app:ref:refs/heads/main")),
                Case::clean("a service account", plan(&[(managed, &format!(r#"{{"audience":["api://AzureADTokenExchange"],"issuer":"{cluster}","subject":"system:serviceaccount:app:worker"}}"#))])),
                Case::clean("an issuer that is not known", plan(&[(managed, r#"{"audience":["api://AzureADTokenExchange"],"subject":"system:serviceaccount:app:worker"}"#)]).unknown(managed, &["issuer"])),
                Case::clean("a workspace", credential("https://app.terraform.io", "organization:acme:project:p:workspace:w:run_phase:apply")),
                Case::clean("a project of GitLab", credential("https://gitlab.com", "project_path:acme/app:ref_type:branch:ref:main")),
                Case::clean("a workflow of one's own", flexible("claims['sub'] matches 'repo:acme/*' and claims['job_workflow_ref'] matches 'acme/infra/.github/workflows/deploy.yml@refs/heads/main'")),
                Case::clean("releases", flexible("claims['sub'] matches 'repo:acme/app:ref:refs/tags/v*'")),
                Case::clean("another cloud", plan(&[(managed, &format!(r#"{{"audience":["api://AzureADTokenExchangeUSGov"],"issuer":"{cluster}","subject":"system:serviceaccount:app:worker"}}"#))])),
            ]);
    }
}
