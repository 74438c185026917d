//! What is measured: a configuration of many identities, or the same attributes in what the core itself provides.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::super::place::Place;
use super::{Bench, WITNESS};
use crate::tofu::{Core, Kind};

/// Low in risk, so that nothing calls for approvals, but for what differs from one to the next.
const ATTRIBUTES: &str = r#"  name            = "orders-reader-${count.index}"
  kind            = "workload"
  technical_owner = "team:orders"
  policy_owner    = "team:iam"
  environment     = "staging"
  ttl             = "720h"
  revoked_by      = ["ttl", "workload_delete"]

  purpose = {
    summary = "Reads the orders queue, ${var.round} round"
    task    = "Order intake, worker"
  }

  scope = [{
    backend  = "aws"
    resource = "arn:aws:sqs:eu-west-1:111122223333:orders"
    actions  = ["sqs:GetQueueAttributes"]
  }]
"#;
/// As much of it as a resource takes that knows nothing but pairs of texts.
const TRIGGERS: &str = r#"    name            = "orders-reader-${count.index}"
    kind            = "workload"
    technical_owner = "team:orders"
    policy_owner    = "team:iam"
    environment     = "staging"
    ttl             = "720h"
    summary         = "Reads the orders queue, ${var.round} round"
    task            = "Order intake, worker"
"#;
const VARIABLE: &str = "variable \"round\" {\n  default = \"first\"\n}\n";
/// What is measured.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject<'a> {
    /// `terraform_data`: the core's own time.
    BuiltIn,
    /// `time_static` of the `time` provider: what a provider costs that keeps nothing.
    Time(&'a Path),
    /// `nhi_identity`.
    Identities(&'a Place),
}

/// A configuration for a core.
#[derive(Debug)]
pub(super) struct Stack<'a> {
    core: &'a Core,
    subject: Subject<'a>,
    number: usize,
    parallelism: Option<&'a str>,
}

impl fmt::Display for Stack<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} with {}",
            self.number,
            self.subject.name(),
            self.core.kind.program()
        )
    }
}

impl<'a> Stack<'a> {
    pub(super) fn new(core: &'a Core, subject: Subject<'a>, number: usize, parallelism: Option<&'a str>) -> Self {
        Self {
            core,
            subject,
            number,
            parallelism,
        }
    }

    pub(super) fn program(&self) -> &Path {
        &self.core.path
    }

    pub(super) fn arguments(&self, folder: &Path, operation: &[&str]) -> Vec<String> {
        let (command, rest) = operation.split_first().unwrap_or((&"version", &[]));
        let mut arguments = vec![
            format!("-chdir={}", folder.display()),
            (*command).to_owned(),
            "-input=false".to_owned(),
            "-no-color".to_owned(),
        ];
        arguments.extend(self.parallelism.map(|number| format!("-parallelism={number}")));
        arguments.extend(rest.iter().map(|word| (*word).to_owned()));
        arguments
    }

    /// Writes the stack, and prepares the folder for the core; the path is that of the core's own configuration.
    pub(super) fn write(&self, folder: &Path, bench: &Bench<'_>) -> Result<PathBuf> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let backend = format!(
            "terraform {{\n  backend \"http\" {{\n    address = \"{}\"\n  }}\n}}\n",
            bench.state.url(&name)
        );
        fs::write(folder.join("backend.tf"), backend)?;
        let config = folder.join("cli.tfrc");
        let subject = self.subject;
        fs::write(&config, subject.overrides(folder, bench)?)?;
        // Before there is a provider: an overridden one is not to be initialised.
        let output = Command::new(self.program())
            .args(
                self.arguments(folder, &["init"])
                    .iter()
                    .filter(|word| !word.starts_with("-parallelism")),
            )
            .env("TF_CLI_CONFIG_FILE", &config)
            .env("CHECKPOINT_DISABLE", "1")
            .output()?;
        ensure!(
            output.status.success(),
            "init failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let number = self.number;
        let text = match self.subject {
            Subject::BuiltIn => {
                format!(
                    "resource \"terraform_data\" \"this\" {{\n  count = {number}\n  input = {{\n{ATTRIBUTES}  }}\n}}\n"
                )
            }
            Subject::Time(_) => {
                format!(
                    "resource \"time_static\" \"this\" {{\n  count = {number}\n  triggers = {{\n{TRIGGERS}  }}\n}}\n"
                )
            }
            Subject::Identities(place) => {
                let registry = place.registry(folder, &format!("bench_{name}"))?;
                format!(
                    "terraform {{\n  required_providers {{\n    nhi = {{ source = \"nhi/nhi\" }}\n  }}\n}}\n\
                     provider \"nhi\" {{\n  registry = \"{registry}\"\n}}\n\
                     resource \"nhi_identity\" \"this\" {{\n  count = {number}\n{ATTRIBUTES}}}\n"
                )
            }
        };
        fs::write(folder.join("main.tf"), format!("{VARIABLE}{text}"))?;
        Ok(config)
    }
}

impl<'a> Subject<'a> {
    /// What it is and, of `nhi_identity`, where its registry is.
    pub(super) fn name(self) -> String {
        match self {
            Self::BuiltIn => "`terraform_data`".to_owned(),
            Self::Time(_) => "`time_static`".to_owned(),
            Self::Identities(place) => format!("`nhi_identity`, {}", place.name()),
        }
    }

    /// The address of the provider, without its host, and its program; `None` for what is the core's own.
    fn provider(self, bench: &'a Bench<'_>) -> Option<(&'static str, &'a Path)> {
        match self {
            Self::BuiltIn => None,
            Self::Time(program) => Some(("hashicorp/time", program)),
            Self::Identities(_) => Some(("nhi/nhi", bench.provider)),
        }
    }

    /// Where the core finds the provider: below a witness.
    fn overrides(self, folder: &Path, bench: &'a Bench<'_>) -> Result<String> {
        let Some((address, provider)) = self.provider(bench) else {
            return Ok("provider_installation {\n  direct {}\n}\n".to_owned());
        };
        let programs = folder.join("programs");
        fs::create_dir(&programs)?;
        let name = address.rsplit('/').next().unwrap_or(address);
        let program = programs.join(format!("terraform-provider-{name}"));
        let helper = bench.helper.display();
        fs::write(
            &program,
            format!(
                "#!/bin/sh\nexec '{helper}' bench {WITNESS} '{}' \"$@\"\n",
                provider.display()
            ),
        )?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        let overridden: String = [Kind::Tofu, Kind::Terraform]
            .map(|kind| {
                format!(
                    "    \"{}/{address}\" = \"{}\"\n",
                    kind.registry_host(),
                    programs.display()
                )
            })
            .concat();
        Ok(format!(
            "provider_installation {{\n  dev_overrides {{\n{overridden}  }}\n  direct {{}}\n}}\n"
        ))
    }
}
