//! What is wrong with modules, as the commands tell it that ask what modules are.

use serde::Serialize;

use super::screen::{BOLD, PLAIN, RED, Screen};
use crate::report::Problem;

/// A module that is not as it should be, as documents have it.
#[derive(Debug, Serialize)]
pub(crate) struct Wrong {
    code: &'static str,
    module: String,
    message: String,
    help: String,
}

impl From<&Problem> for Wrong {
    fn from(problem: &Problem) -> Self {
        Self {
            code: problem.code,
            module: problem.subject.clone(),
            message: problem.message.clone(),
            help: problem.help.clone(),
        }
    }
}

/// Which modules are not as they should be, why, and what to do.
pub(crate) fn problems(screen: &mut Screen, problems: &[Wrong]) {
    for wrong in problems {
        screen.line(&[(RED, wrong.code), (PLAIN, "  "), (BOLD, &wrong.module)]);
        screen.field(2, "what", PLAIN, &wrong.message);
        screen.field(2, "fix ", PLAIN, &wrong.help);
    }
}
