//! Flags data of Azure that anyone on the internet may read.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Block;
use crate::facts::cloud::Text;
use crate::facts::setting::{self, Is};
use crate::rule::{Check, Group, Rule};

/// Anyone may read.
pub(super) static RULE: Rule = Rule {
    code: "NHI057",
    name: "azure-public-access",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "anyone on the internet may read a storage container or pull from a registry, without a credential",
    why: "what needs no credential is read by whoever finds it, and nobody can be asked afterwards",
    controls: &[
        "NHI8:2025",
        "CWE-284",
        "CWE-732",
        "AC-3",
        "PR.AA-05",
        "CIS-Azure-4.17",
        "PCI-DSS-7.2.1",
        "CC6.1",
        "A.5.15",
    ],
    check: Check::Resource(&["azurerm_container_registry", "azurerm_storage_container"], check),
    docs: r#"
## What it does

Flags storage containers whose access type is `container` or `blob`, and container registries that let anyone pull.
An access type, and a switch for anonymous pull, that is known only after apply is listed as unverified.

## Why is this bad?

Exports, backups and images in a public place carry the credentials that somebody left in them.

## Example

```terraform
resource "azurerm_storage_container" "exports" {
  name                  = "exports"
  storage_account_id    = azurerm_storage_account.data.id
  container_access_type = "blob"
}
```

## Use instead

```terraform
resource "azurerm_storage_container" "exports" {
  name                  = "exports"
  storage_account_id    = azurerm_storage_account.data.id
  container_access_type = "private"
}
```

## Known limits

- An account that forbids public access overrides its containers; that is not joined.
- Checked against the shape of plans of the AzureRM provider, not against a live one.

## References

- [Prevent anonymous read access to containers and blobs](https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent)
- [Anonymous pull from a registry](https://learn.microsoft.com/azure/container-registry/anonymous-pull-access)
"#,
};

fn check(block: &Block<'_>, out: &mut Findings) {
    let address = &block.change.address;
    let remediation = "give the principals that read it a role, and switch anonymous access off";
    if block.is_managed("azurerm_container_registry") {
        let path = "anonymous_pull_enabled";
        let finding = RULE.finding(address, path).remediation(remediation);
        match setting::flag(block, path, true) {
            Is::Yes => out.push(finding.message("anyone on the internet may pull from a container registry")),
            Is::Maybe => {
                let message =
                    "whether anyone on the internet may pull from a container registry is known only after apply";
                out.push(finding.message(message).unverified());
            }
            Is::No => {}
        }
        return;
    }
    let path = "container_access_type";
    let Some(access) = Text::read(block, path) else { return };
    let public = |option: &String| matches!(option.to_ascii_lowercase().as_str(), "blob" | "container");
    let finding = RULE.finding(address, path).remediation(remediation);
    if access.options.iter().all(public) && !access.options.is_empty() {
        let message = "anyone on the internet may read a storage container";
        out.push(finding.message(message));
    } else if access.known().is_none() && (!access.blocks.is_empty() || !access.options.is_empty()) {
        let message = "whether anyone on the internet may read a storage container is known only after apply";
        out.push(finding.message(message).unverified());
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::symbol::symbol;

    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        let container = "azurerm_storage_container.c";
        let access = |access: &str| format!(r#"{{"name":"c","container_access_type":"{access}"}}"#);
        cases(&super::RULE)
            .flags(&[
                Case::medium("blobs", plan(&[(container, &access("blob"))])).at("container_access_type"),
                Case::medium("lists", plan(&[(container, &access("container"))])),
                Case::medium(
                    "a registry",
                    plan(&[("azurerm_container_registry.r", r#"{"anonymous_pull_enabled":true}"#)]),
                ),
                Case::unverified(
                    "known after apply",
                    plan(&[(container, &access(&symbol("data.external.x.result")))]),
                ),
                Case::unverified(
                    "a registry, known after apply",
                    plan(&[("azurerm_container_registry.r", "{}")])
                        .unknown("azurerm_container_registry.r", &["anonymous_pull_enabled"])
                        .references(
                            "azurerm_container_registry.r",
                            "anonymous_pull_enabled",
                            &["data.external.x"],
                        ),
                )
                .at("anonymous_pull_enabled"),
            ])
            .allows(&[
                Case::clean("private", plan(&[(container, &access("private"))])),
                Case::clean("unset", plan(&[(container, r#"{"name":"c"}"#)])),
                Case::clean(
                    "a closed registry",
                    plan(&[("azurerm_container_registry.r", r#"{"anonymous_pull_enabled":false}"#)]),
                ),
                Case::clean(
                    "a registry where nobody wrote it",
                    plan(&[("azurerm_container_registry.r", "{}")])
                        .unknown("azurerm_container_registry.r", &["anonymous_pull_enabled"]),
                ),
                Case::clean("destroyed", plan(&[(container, &access("blob"))]).destroyed(container)),
            ]);
    }
}
