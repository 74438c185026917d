//! One run over one plan: facts first, block rules as blocks pass, plan rules at the end.

use nhi_plan::{Change, Context, Description, Interest, Mode, Sharding};
use nhi_policy_sdk::{Findings, PolicyModule};

use crate::facts::governance;
use crate::facts::graph::Graph;
use crate::facts::hash::Map;
use crate::facts::secrets::schema::write_only_types;
use crate::facts::{Block, Facts};
use crate::report;
use crate::rule::{Check, Rule};
use crate::rules::rules;
use crate::settings::{SCHEMA, Settings};

/// Blocks whose expressions matter: what they hash, or what is unknown in them.
const WITH_CONFIGURATION: [&str; 16] = [
    "aws_autoscaling_group",
    "aws_iam_policy_document",
    "aws_instance",
    "aws_launch_configuration",
    "aws_launch_template",
    "aws_spot_fleet_request",
    "aws_spot_instance_request",
    "azuread_app_role_assignment",
    "azuread_application*",
    "azurerm_*_virtual_machine*",
    "azurerm_virtual_machine*",
    "github_*_secret",
    "google_compute_instance*",
    "hcloud_server",
    "openstack_compute_instance_v2",
    "vsphere_virtual_machine",
];

/// Blocks of which it matters what they gave before: others repeat it.
const WITH_BEFORE: [&str; 4] = [
    "aws_iam_*_policy",
    "aws_iam_*_policy_attachment",
    "aws_iam_*_policy_attachments_exclusive",
    "aws_iam_policy_attachment",
];

/// The built-in analyzer at work on one plan.
#[derive(Debug)]
pub struct Analyzer {
    now: String,
    facts: Facts,
    told: report::Budget,
    dispatch: Dispatch,
}

/// Which rules look at which block: a large plan has many blocks, and most rules want few of them.
#[derive(Debug)]
struct Dispatch {
    everywhere: Vec<&'static Rule>,
    by_type: Map<&'static str, Vec<&'static Rule>>,
}

impl Dispatch {
    fn new() -> Self {
        let mut dispatch = Self {
            everywhere: Vec::new(),
            by_type: Map::default(),
        };
        for rule in rules() {
            match rule.check {
                Check::Block(_) => dispatch.everywhere.push(rule),
                Check::Resource(types, _) => {
                    for name in types {
                        dispatch.by_type.entry(name).or_default().push(rule);
                    }
                }
                Check::Plan(_) => {}
            }
        }
        dispatch
    }

    fn of(&self, block: &Block<'_>) -> impl Iterator<Item = &'static Rule> {
        let typed = (block.change.mode == Mode::Managed)
            .then(|| self.by_type.get(block.change.resource_type.as_ref()))
            .flatten();
        self.everywhere.iter().chain(typed.into_iter().flatten()).copied()
    }
}

impl PolicyModule for Analyzer {
    fn describe() -> Description {
        let own = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        Description {
            rules: rules().iter().map(|rule| rule.info()).collect(),
            interests: vec![
                // A credential may stand in any block.
                Interest {
                    modes: own(&["managed", "data", "provider", "variable", "output"]),
                    resource_types: own(&["*"]),
                    ..Interest::default()
                },
                Interest {
                    modes: own(&["managed", "data"]),
                    resource_types: own(&WITH_CONFIGURATION),
                    needs: own(&["configuration"]),
                    ..Interest::default()
                },
                Interest {
                    modes: own(&["managed"]),
                    resource_types: own(&WITH_BEFORE),
                    needs: own(&["before"]),
                    ..Interest::default()
                },
                // What goes away or is loosened says in its values what that means.
                Interest {
                    modes: own(&["managed"]),
                    resource_types: governance::with_before().map(str::to_owned).collect(),
                    needs: own(&["before"]),
                    ..Interest::default()
                },
                // What they write and do not store stands in the configuration only.
                Interest {
                    modes: own(&["managed"]),
                    resource_types: own(&write_only_types()),
                    needs: own(&["configuration"]),
                    ..Interest::default()
                },
                // Defaults of variables, and what outputs are made of.
                Interest {
                    modes: own(&["variable", "output"]),
                    resource_types: own(&["*"]),
                    needs: own(&["configuration"]),
                    ..Interest::default()
                },
            ],
            sharding: Sharding::WholePlan,
            settings_schema: SCHEMA.to_owned(),
            ..Description::new("nhi-analyzer", env!("CARGO_PKG_VERSION"))
        }
    }

    fn validate_settings(settings: &str) -> Result<(), Vec<String>> {
        Settings::parse(settings).map(|_| ())
    }

    fn open(settings: &str, context: &Context) -> Result<Self, String> {
        let settings = Settings::parse(settings).map_err(|errors| errors.join("; "))?;
        let mut facts = Facts::default();
        facts.graph = settings.graph.then(Graph::default);
        Ok(Self {
            now: context.now.clone(),
            facts,
            told: report::Budget::default(),
            dispatch: Dispatch::new(),
        })
    }

    fn check(&mut self, change: &Change<'_>, findings: &mut Findings) -> Result<(), String> {
        // What the apply takes away is no risk any more.
        let block = Block::new(change, &self.now);
        if !change.remains() {
            self.facts.collect_gone(&block);
            return Ok(());
        }
        self.facts.collect(&block);
        for rule in self.dispatch.of(&block) {
            if let Check::Block(check) | Check::Resource(_, check) = rule.check {
                let mut own = Findings::default();
                check(&block, &mut own);
                self.told.pass(rule, own, findings);
            }
        }
        block.check()
    }

    fn finish(&mut self, findings: &mut Findings) -> Result<(), String> {
        self.facts.settle();
        for rule in rules() {
            if let Check::Plan(check) = rule.check {
                let mut own = Findings::default();
                check(&self.facts, &mut own);
                self.told.pass(rule, own, findings);
            }
        }
        self.told.close(findings);
        Ok(())
    }
}
