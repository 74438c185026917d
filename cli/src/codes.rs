//! The codes that are not a rule's: every one can be explained, and has a page.
//!
//! Rules explain themselves. The texts here are for plans that cannot be read; what modules, declarations and the
//! registry can report is described where it arises, and only gathered here.

use nhi_governance::Code;
use nhi_plan::error::code as plan;
use nhi_policy_host::HostErrorKind;

use crate::operate::selection::NO_MATCH;

/// A code that is not a rule's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HostCode {
    pub(crate) code: &'static str,
    /// One line: what has happened.
    pub(crate) summary: &'static str,
    /// One sentence that a newcomer understands: why there is no verdict.
    pub(crate) why: &'static str,
    /// What to do.
    pub(crate) help: &'static str,
}

/// The plan file changed while it was read.
pub(crate) const PLAN_CHANGED: &str = "NHI-PLAN-CHANGED";
/// The plan file is encrypted and could not be shown.
pub(crate) const PLAN_ENCRYPTED: &str = "NHI-PLAN-ENCRYPTED";
/// The plan could not be read from disk or standard input.
pub(crate) const PLAN_READ: &str = "NHI-PLAN-READ";
/// `show -json` failed.
pub(crate) const PLAN_SHOW: &str = "NHI-PLAN-SHOW";
/// Two modules, or a module and the built-in analyzer, claim the same name or code.
pub(crate) const MODULE_CONFLICT: &str = "NHI-MODULE-CONFLICT";
/// The lock file does not say what the policy file asks for.
pub(crate) const MODULE_STALE: &str = "NHI-MODULE-STALE";
/// The policy file names a module that no lock file pins.
pub(crate) const MODULE_UNLOCKED: &str = "NHI-MODULE-UNLOCKED";
/// The module could not be read from disk.
pub(crate) const MODULE_READ: &str = "NHI-MODULE-READ";

/// The source directory could not be read.
pub(crate) const SOURCE_READ: &str = "NHI-SOURCE-READ";
/// A waiver is past its end.
pub(crate) const WAIVER_EXPIRED: &str = "NHI-WAIVER-EXPIRED";
/// A waiver names a rule of a mandatory module.
pub(crate) const WAIVER_MANDATORY: &str = "NHI-WAIVER-MANDATORY";

const WHY_HALF: &str = "A plan of which only a part can be read may hide what matters in the rest.";
const WHY_UNREAD: &str = "What was not read was not judged, and no verdict on it can be given.";
const WHY_MODULE: &str = "A module that did not come to its end may have missed what it was written to find.";
const HELP_APPROVALS: &str =
    "follow the help that the message with this code gives; `nhi approvals verify` says what counts and why not";
const HELP_DECLARATION: &str = "change the attribute that the diagnostic points at, as its text says";
const HELP_MODULES: &str = "follow the help that the message with this code gives";
const HELP_POLICY: &str =
    "correct the policy file where the message points; `nhi policy check` lists every mistake with a fix";
const HELP_REGISTRY: &str = "follow the help that the message with this code gives; it knows the file and the identity";
const SHOW_AGAIN: &str = "make the JSON again with `tofu show -json tfplan` or `terraform show -json tfplan`";

/// What this crate and the plan reader report, sorted.
static HOST_CODES: [HostCode; 22] = [
    HostCode {
        code: MODULE_CONFLICT,
        summary: "a module claims a name or a rule code that another one has",
        why: "Codes that begin with `NHI` belong to the built-in analyzer, and every code to one module only: otherwise a \
              finding would not say who made it.",
        help: "give the rule a code with a prefix of your own, or leave out one of the two modules",
    },
    HostCode {
        code: MODULE_READ,
        summary: "the file of a module cannot be read",
        why: WHY_MODULE,
        help: "name the component after `--module`, for example `--module policies/team.wasm`",
    },
    HostCode {
        code: MODULE_STALE,
        summary: "the lock file does not say what the policy file asks for",
        why: "Of two files that differ in what runs, a reader would see one and the program follow the other.",
        help: "run `nhi module lock`, and have the change of both files reviewed together",
    },
    HostCode {
        code: MODULE_UNLOCKED,
        summary: "the policy file names a module that the lock file does not pin",
        why: "A module that is not pinned could be other bytes on every machine, and so another verdict.",
        help: "run `nhi module lock` beside the policy file and commit `nhi.lock.hcl`",
    },
    HostCode {
        code: NO_MATCH,
        summary: "a selector selects no identity",
        why: "Whoever throws the kill switch at nothing believes that something was stopped.",
        help: "compare the words of the selector with what `nhi identities` lists; every one of them has to be true",
    },
    HostCode {
        code: plan::BUDGET,
        summary: "the plan is larger than the limit for bytes, values or records",
        why: "A limit keeps a hostile plan from exhausting the machine that checks it.",
        help: "raise the limit with `--max-bytes`, `--max-nodes` or `--max-records` if the plan is yours and really that large",
    },
    HostCode {
        code: PLAN_CHANGED,
        summary: "the plan file changed while it was read",
        why: "The verdict would be about another plan than the one that is applied.",
        help: "let nothing write to the plan file while it is checked, and check again",
    },
    HostCode {
        code: plan::DEPTH,
        summary: "the plan is nested more deeply than the limit",
        why: "No real plan comes near the limit; a text that does is made to break its reader.",
        help: "look for the value that is nested so deeply; `--max-depth` raises the limit",
    },
    HostCode {
        code: plan::DUP,
        summary: "an object of the plan has the same key twice",
        why: "Readers differ in which of two equal keys they believe, so a plan could show one thing and mean another.",
        help: "do not edit the JSON by hand: make it again with `show -json`, and ask who changed it",
    },
    HostCode {
        code: plan::EMPTY,
        summary: "the input is empty",
        why: "An empty input usually means that the command before the pipe failed.",
        help: "look at the output of the command that should have made the plan; in a pipeline set `pipefail`",
    },
    HostCode {
        code: PLAN_ENCRYPTED,
        summary: "the plan file is encrypted by OpenTofu",
        why: WHY_UNREAD,
        help: "run `tofu show -json tfplan | nhi check -` in the directory whose configuration holds the encryption block",
    },
    HostCode {
        code: plan::ERRORED,
        summary: "planning failed, and the plan says so",
        why: "A plan that ended in an error leaves out what would have come after it.",
        help: "correct the errors that `plan` printed, plan again and check the new plan",
    },
    HostCode {
        code: plan::FORMAT,
        summary: "the input is not a plan in a format that this version understands",
        why: WHY_UNREAD,
        help: "hand over the output of `show -json` for a plan, or the plan file itself",
    },
    HostCode {
        code: PLAN_READ,
        summary: "the plan cannot be read from disk or standard input",
        why: WHY_UNREAD,
        help: "name a plan file or its JSON, or `-` for standard input",
    },
    HostCode {
        code: PLAN_SHOW,
        summary: "`show -json` failed on the plan file",
        why: "A plan file is turned into JSON by the command that made it, with the providers it was made with.",
        help: "run `nhi check` in the directory of `tofu init` or `terraform init`, or name it with `--chdir`",
    },
    HostCode {
        code: plan::SYNTAX,
        summary: "the text is not JSON",
        why: WHY_HALF,
        help: SHOW_AGAIN,
    },
    HostCode {
        code: plan::TRAILING,
        summary: "something follows the plan",
        why: "A second value after the plan would go unread, whatever it says.",
        help: SHOW_AGAIN,
    },
    HostCode {
        code: plan::TRUNCATED,
        summary: "the text ends inside a value",
        why: WHY_HALF,
        help: "make the file again; the disk may have been full or the command interrupted",
    },
    HostCode {
        code: plan::UTF8,
        summary: "the text is not Unicode",
        why: WHY_HALF,
        help: SHOW_AGAIN,
    },
    HostCode {
        code: SOURCE_READ,
        summary: "the source directory cannot be read",
        why: "Whoever names a directory wants its configuration to count, and a check without it would see less.",
        help: "name the directory that was planned after `--source`, or leave the option out",
    },
    HostCode {
        code: WAIVER_EXPIRED,
        summary: "a waiver is past its end",
        why: "A waiver accepts a risk until a day; after it nobody answers for the risk any more.",
        help: "repair what was waived and remove the waiver, or have its owner decide anew and write a later end",
    },
    HostCode {
        code: WAIVER_MANDATORY,
        summary: "a waiver is for a rule of a mandatory module",
        why: "The policy file says that nobody waives what this module finds; who wrote the waiver believes that it counts.",
        help: "repair what the module finds and remove the waiver; a lower level of the module is a change of the policy",
    },
];

/// What only the provider reports, sorted. Nothing here can depend on it; `cargo xtask tidy` holds the two together.
static PROVIDER_CODES: [HostCode; 7] = [
    HostCode {
        code: "NHI-ID",
        summary: "the id is not the id of an identity",
        why: "The id is the one thing that names an identity for good.",
        help: "import with an id that `nhi identities` lists",
    },
    HostCode {
        code: "NHI-MOVED",
        summary: "a state of another resource type cannot be taken over",
        why: "What is governed has to be named: a record of the wrong object would vouch for it.",
        help: "move from a type that the documents list and that the state describes, or declare a new identity",
    },
    HostCode {
        code: "NHI-POLICY-CHANGED",
        summary: "the policy is not the one that the plan was made with",
        why: "A plan shows what the policy makes of an identity; under another policy nobody has agreed to it.",
        help: "make a new plan, and apply that",
    },
    HostCode {
        code: "NHI-QUESTION",
        summary: "what a data source, a list or a function was asked cannot be answered",
        why: "An answer to something else would be taken for the answer.",
        help: "write what the message asks for, or leave the attribute out",
    },
    HostCode {
        code: "NHI-REGISTRY-PATH",
        summary: "the path of the registry is empty",
        why: "The registry is the system of record of every identity, so it has to be one that this version can write durably.",
        help: "write the path of an SQLite file, for example `nhi-registry.db`, or `postgres://user@host/database`",
    },
    HostCode {
        code: "NHI-STATE-FORGED",
        summary: "what a state says of an id is not what is on record",
        why: "A state is only a cache: it was changed by hand, or it belongs to another registry.",
        help: "restore the state, or remove the resource from it with `state rm` and import the identity that is meant",
    },
    HostCode {
        code: "NHI-UNKNOWN",
        summary: "a value that is needed is still unknown at apply",
        why: "Nothing is put on record before everything about it can be judged.",
        help: "make what the value comes from part of the same apply, or give it a value that is known",
    },
];

/// All codes, sorted: those of these lists, of modules, of declarations and of the registry.
pub(crate) fn all() -> Vec<HostCode> {
    let of_kind = |kind: HostErrorKind| HostCode {
        code: kind.code(),
        summary: kind.summary(),
        why: WHY_MODULE,
        help: kind.help(),
    };
    let of_governed = |help: &'static str| {
        move |code: &&'static Code| HostCode {
            code: code.id,
            summary: code.title,
            why: code.why,
            help,
        }
    };
    let mut codes: Vec<HostCode> = HOST_CODES
        .iter()
        .chain(&PROVIDER_CODES)
        .copied()
        .chain(HostErrorKind::ALL.map(of_kind))
        .chain(nhi_approvals::CODES.iter().map(of_governed(HELP_APPROVALS)))
        .chain(nhi_governance::CODES.iter().map(of_governed(HELP_DECLARATION)))
        .chain(nhi_modules::CODES.iter().map(of_governed(HELP_MODULES)))
        .chain(nhi_policy_file::CODES.iter().map(of_governed(HELP_POLICY)))
        .chain(nhi_registry::CODES.iter().map(of_governed(HELP_REGISTRY)))
        .collect();
    codes.sort_by_key(|code| code.code);
    codes
}

/// The texts of one code.
pub(crate) fn find(code: &str) -> Option<HostCode> {
    all().into_iter().find(|known| known.code == code)
}

/// What to do about a code of this list.
pub(crate) fn help(code: &str) -> String {
    find(code).map(|code| code.help).unwrap_or_default().to_owned()
}

/// The name of a code, in the manner of a rule's: `plan-dup`.
pub(crate) fn name(code: &str) -> String {
    code.strip_prefix("NHI-").unwrap_or(code).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_unique_and_complete() {
        let codes: Vec<&str> = HOST_CODES.iter().map(|code| code.code).collect();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
        for code in plan::ALL {
            assert!(codes.contains(&code), "`{code}` has no text");
        }
        let all = all();
        assert!(all.is_sorted_by(|a, b| a.code < b.code), "a code is used twice");
        for code in all {
            assert!(code.code.starts_with("NHI-"), "{}", code.code);
            assert!(
                !code.summary.is_empty() && !code.why.is_empty() && !code.help.is_empty(),
                "{}",
                code.code
            );
        }
    }
}
