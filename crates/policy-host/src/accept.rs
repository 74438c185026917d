//! Takes findings from a module, or refuses all of them.
//!
//! Nothing is cut short or dropped: a module that breaks a limit has not come to a verdict.

use std::collections::HashSet;

use nhi_plan::{Description, Finding};

use crate::bindings::wit;
use crate::limits::{HostLimits, NAME_BYTES, WORDS};
use crate::{HostError, HostErrorKind, convert};

/// What a run has brought so far.
#[derive(Debug)]
pub(crate) struct Accepted<'m> {
    name: &'m str,
    limits: &'m HostLimits,
    codes: HashSet<&'m str>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) output_bytes: usize,
}

impl<'m> Accepted<'m> {
    pub(crate) fn new(name: &'m str, limits: &'m HostLimits, description: &'m Description) -> Self {
        let codes = description.rules.iter().map(|rule| rule.code.as_str()).collect();
        Self {
            name,
            limits,
            codes,
            findings: Vec::new(),
            output_bytes: 0,
        }
    }

    /// Adds the findings of one call.
    pub(crate) fn extend(&mut self, findings: Vec<wit::Finding>) -> Result<(), HostError> {
        let count = self.findings.len().saturating_add(findings.len());
        Self::within(self.name, self.limits, count, self.output_bytes)?;
        for finding in findings {
            let finding = convert::finding(finding)
                .map_err(|message| HostError::new(self.name, HostErrorKind::Protocol, message))?;
            self.check(&finding)?;
            self.findings.push(finding);
        }
        Ok(())
    }

    fn check(&mut self, finding: &Finding) -> Result<(), HostError> {
        if !self.codes.contains(finding.rule.as_str()) {
            let rule = crate::error::quote(&finding.rule);
            let message = format!("a finding names the rule `{rule}`, which is not among the module's rules");
            return Err(HostError::new(self.name, HostErrorKind::Protocol, message));
        }
        if finding.message.is_empty() {
            let message = format!("a finding of rule `{}` has no message", finding.rule);
            return Err(HostError::new(self.name, HostErrorKind::Protocol, message));
        }
        let patch = finding
            .patch
            .iter()
            .flat_map(|patch| [("patch", &patch.path), ("patch", &patch.replacement)]);
        let attributes = finding
            .attributes
            .iter()
            .flat_map(|(key, value)| [("attribute", key), ("attribute", value)]);
        let texts = [
            ("address", &finding.address),
            ("path", &finding.path),
            ("message", &finding.message),
            ("remediation", &finding.remediation),
        ];
        if finding.attributes.len() > WORDS || finding.evidence.len() > NAME_BYTES {
            return Err(self.too_much(format!("a finding of rule `{}` has too many attributes", finding.rule)));
        }
        for (what, text) in texts.into_iter().chain(patch).chain(attributes) {
            if text.len() > self.limits.text_bytes {
                let (rule, size, limit) = (&finding.rule, text.len(), self.limits.text_bytes);
                return Err(self.too_much(format!(
                    "the {what} of a finding of rule `{rule}` has {size} bytes, {limit} are allowed"
                )));
            }
        }
        self.output_bytes = self.output_bytes.saturating_add(weigh(finding));
        Self::within(self.name, self.limits, 0, self.output_bytes)
    }

    /// Whether the findings of a run, or of what there is of it, are not too many and not too large.
    pub(crate) fn within(name: &str, limits: &HostLimits, count: usize, bytes: usize) -> Result<(), HostError> {
        let message = if count > limits.findings {
            format!("more than {} findings", limits.findings)
        } else if bytes > limits.output_bytes {
            format!("findings of more than {} bytes", limits.output_bytes)
        } else {
            return Ok(());
        };
        Err(HostError::new(name, HostErrorKind::Output, message))
    }

    #[cold]
    fn too_much(&self, message: String) -> HostError {
        HostError::new(self.name, HostErrorKind::Output, message)
    }
}

/// The bytes of a finding's texts.
pub(crate) fn weigh(finding: &Finding) -> usize {
    let texts = [&finding.address, &finding.path, &finding.message, &finding.remediation];
    let patch = finding.patch.iter().flat_map(|patch| [&patch.path, &patch.replacement]);
    let attributes = finding.attributes.iter().flat_map(|(key, value)| [key, value]);
    texts.into_iter().chain(patch).chain(attributes).map(String::len).sum()
}
