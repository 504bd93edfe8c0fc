//! What a verb does about an operation that was cut off before: `--resume`, `--abandon`, or say that there is one.

use std::fmt::Write as _;

use crate::app::model::Model;
use crate::app::unfinished::compare;
use crate::cli::args::CutOff;
use crate::cli::context::Failed;
use crate::domain::operation::{OperationId, OperationKind};
use crate::domain::plan::{Consent, Plan};
use crate::domain::text::clean;
use crate::domain::unfinished::{Choice, Unfinished};
use crate::error::ExitCode;
use crate::runtime::core::Core;
use crate::runtime::headless;

/// What comes before the operation that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    Nothing,
    Continue(OperationId),
    GiveUp(Vec<OperationId>),
}

/// What is to be done, by what the journal has and what the command line says.
pub fn decide(model: &Model, kind: OperationKind, flags: CutOff) -> Result<Before, Failed> {
    let all = &model.unfinished;
    if flags.resume {
        return match all.iter().rfind(|u| u.kind() == kind) {
            Some(one) => Ok(Before::Continue(one.id().clone())),
            None => Err(Failed::usage(nothing_to_resume(kind, all))),
        };
    }
    let in_the_way: Vec<&Unfinished> = all.iter().filter(|u| u.stands_before(kind)).collect();
    if flags.abandon {
        let ids = in_the_way.iter().map(|u| u.id().clone()).collect();
        return Ok(Before::GiveUp(ids));
    }
    match in_the_way.last() {
        Some(one) => Err(Failed::usage(explain(model, one, kind))),
        None => Ok(Before::Nothing),
    }
}

fn nothing_to_resume(kind: OperationKind, all: &[Unfinished]) -> String {
    let verb = kind.as_str();
    match all.last() {
        Some(other) => format!(
            "no {verb} was cut off; {} was: `switchback {} --resume`",
            other.id(),
            other.kind().as_str()
        ),
        None => format!("no {verb} of this environment was cut off"),
    }
}

fn explain(model: &Model, one: &Unfinished, asked: OperationKind) -> String {
    let begun = one.begun.strftime("%Y-%m-%d %H:%M:%SZ");
    let mut text = format!(
        "{} of {} (by {}, {begun}) was cut off and has no end\n",
        one.id(),
        one.plan.environment,
        clean(&one.who)
    );
    for (number, step) in compare(model, one).iter().enumerate() {
        let sentence = clean(&step.sentence(number + 1));
        writeln!(text, "  {sentence}").unwrap_or_default();
    }
    write!(
        text,
        "continue it with `{} --resume`, or give it up and begin anew with `{} --abandon`",
        one.kind().as_str(),
        asked.as_str()
    )
    .unwrap_or_default();
    text
}

/// The plan that is shown where operations are given up: that of the first one.
pub fn plan(core: &mut Core, operations: &[OperationId]) -> Result<Plan, Failed> {
    let first = operations
        .first()
        .ok_or_else(|| Failed::usage("nothing was cut off: leave --abandon out"))?;
    headless::plan_again(core, first, Choice::GiveUp)
        .map_err(|why| Failed::new(ExitCode::Failure, why))
}

/// Gives them up, one after the other.
pub async fn give_up(
    core: &mut Core,
    operations: &[OperationId],
    consent: &Consent,
) -> Result<(), Failed> {
    for operation in operations {
        headless::give_up(core, operation, consent.clone())
            .await
            .map_err(|why| Failed::new(ExitCode::Failure, format!("{operation}: {why}")))?;
    }
    Ok(())
}
