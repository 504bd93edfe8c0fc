//! `deploy`, `delete`, `repair`, `failover`, `failback`: one operation without the console.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::app::model::Model;
use crate::app::msg::Ask;
use crate::cli::args::How;
use crate::cli::consent::Asked;
use crate::cli::context::{Context, Ended, Failed, Streams};
use crate::cli::output::{plan_text, result_text};
use crate::cli::verbs::cut_off::{self, Before};
use crate::cli::verbs::progress::Reporter;
use crate::domain::lever::LeverKind;
use crate::domain::operation::OperationKind;
use crate::domain::plan::{Consent, Plan};
use crate::domain::repair::Wish;
use crate::domain::unfinished::Choice;
use crate::error::ExitCode;
use crate::runtime::catch_up::catch_up;
use crate::runtime::core::Core;
use crate::runtime::headless::{self, Went};

/// An operation as the command line asks for it.
pub struct Wanted<'a> {
    kind: OperationKind,
    lever: Option<LeverKind>,
    repair: Option<Wish>,
    how: &'a How,
    drained: bool,
    drill: Option<bool>,
}

/// How long a command waits for the last requests of the side that traffic left.
const DRAIN: Duration = Duration::from_mins(10);
/// What the readings after a typed name may take where traffic is to be moved: the guards judge on what is there by then.
const URGENT: Duration = Duration::from_secs(3);

impl<'a> Wanted<'a> {
    pub const fn new(kind: OperationKind, lever: Option<LeverKind>, how: &'a How) -> Self {
        Self {
            kind,
            lever,
            repair: None,
            how,
            drained: false,
            drill: None,
        }
    }

    /// Whether the command returns only when the side that traffic left has no more requests.
    #[must_use]
    pub const fn drained(mut self, drained: bool) -> Self {
        self.drained = drained;
        self
    }

    /// What a move is labelled, if the command line says so.
    #[must_use]
    pub const fn drill(mut self, drill: Option<bool>) -> Self {
        self.drill = drill;
        self
    }

    /// A repair with what the command line says of it.
    pub const fn repair(wish: Wish, how: &'a How) -> Self {
        Self {
            kind: OperationKind::Repair,
            lever: None,
            repair: Some(wish),
            how,
            drained: false,
            drill: None,
        }
    }

    fn ask(&self, model: &Model) -> Ask {
        let nanos = model.now.subsec_nanosecond().unsigned_abs();
        let salt = u16::try_from((nanos ^ std::process::id()) & 0xffff).unwrap_or_default();
        Ask {
            kind: self.kind,
            lever: self.lever,
            parameters: BTreeMap::new(),
            repair: self.repair.clone(),
            salt,
        }
    }
}

pub fn run(context: &Context, streams: &mut Streams<'_>, wanted: &Wanted<'_>) -> Ended {
    let env = context.environment()?;
    let asked = if wanted.how.dry_run {
        None
    } else {
        Some(
            wanted
                .how
                .consent(&env.name, streams.is_terminal)
                .map_err(Failed::usage)?,
        )
    };
    context.headless(&env, async |core| {
        headless::look(core, context.look()).await;
        if let Err(why) = headless::consult_journal(core).await {
            tracing::warn!(%why, "the journal can't be asked what was cut off");
        }
        let before = cut_off::decide(&core.model, wanted.kind, wanted.how.cut_off)?;
        match asked {
            None => dry_run(context, streams, core, (wanted, before)).await,
            Some(asked) => operate(context, streams, core, (wanted, before, asked)).await,
        }
    })
}

/// The plan: of the operation that was cut off, or a new one.
async fn plan(core: &mut Core, wanted: &Wanted<'_>, before: &Before) -> Result<Plan, Failed> {
    let made = match before {
        Before::Continue(operation) => headless::plan_again(core, operation, Choice::Continue),
        Before::Nothing | Before::GiveUp(_) => {
            let ask = wanted.ask(&core.model);
            headless::plan(core, ask).await.and_then(|plan| {
                wanted
                    .drill
                    .map_or(Ok(plan), |drill| headless::label(core, drill))
            })
        }
    };
    made.map_err(|why| Failed::new(ExitCode::Failure, why))
}

async fn dry_run(
    context: &Context,
    streams: &mut Streams<'_>,
    core: &mut Core,
    (wanted, before): (&Wanted<'_>, Before),
) -> Ended {
    let plan = plan(core, wanted, &before).await?;
    context.print(
        streams.out,
        &plan,
        &plan_text(&plan, &core.model.env.regions),
    )?;
    Ok(if plan.refusals().next().is_some() {
        ExitCode::Refused
    } else {
        ExitCode::Done
    })
}

async fn operate(
    context: &Context,
    streams: &mut Streams<'_>,
    core: &mut Core,
    (wanted, before, asked): (&Wanted<'_>, Before, Asked),
) -> Ended {
    // what is in the way of a new plan is given up first, by a name of its own
    if let Before::GiveUp(operations) = &before {
        let consent = match &asked {
            Asked::Given(consent) => consent.clone(),
            Asked::AtTerminal(consent) => {
                let plan = cut_off::plan(core, operations)?;
                type_name(streams, core, &plan, consent.clone()).await?
            }
        };
        cut_off::give_up(core, operations, &consent).await?;
    }
    let plan = plan(core, wanted, &before).await?;
    // the plan that was shown is the one that is confirmed
    let consent = match asked {
        Asked::Given(consent) => consent,
        Asked::AtTerminal(consent) => type_name(streams, core, &plan, consent).await?,
    };
    let mut reporter = Reporter::new(wanted.how.progress);
    let went = {
        let err = &mut *streams.err;
        let watch = &mut |model: &Model| reporter.report(model, err);
        let went = headless::confirm(core, plan, consent, watch).await;
        match went {
            Went::Ended(result) if wanted.drained => {
                let result = headless::drain(core, *result, DRAIN, watch).await;
                Went::Ended(Box::new(result))
            }
            went => went,
        }
    };
    end(context, streams, went)
}

fn end(context: &Context, streams: &mut Streams<'_>, went: Went) -> Ended {
    match went {
        Went::Ended(result) => {
            context.print(streams.out, result.as_ref(), &result_text(&result))?;
            if let Some(reason) = result
                .reason
                .as_ref()
                .filter(|_| ExitCode::of(result.outcome) != ExitCode::Done)
            {
                writeln!(
                    streams.err,
                    "switchback: {} {}: {reason}",
                    result.kind.as_str(),
                    result.environment
                )?;
            }
            Ok(ExitCode::of(result.outcome))
        }
        Went::NoPlan(why) => Err(Failed::new(ExitCode::Failure, why)),
        Went::NotConfirmed { plan, why } => {
            let refused = plan.refusals().next().is_some();
            let exit = if refused {
                ExitCode::Refused
            } else {
                ExitCode::NotConfirmed
            };
            Err(Failed::new(exit, why))
        }
    }
}

/// Shows the plan and lets somebody type the environment's name. Nothing is taken in while they read, so that everything is
/// read again before the plan is judged by the name.
async fn type_name(
    streams: &mut Streams<'_>,
    core: &mut Core,
    plan: &Plan,
    mut consent: Consent,
) -> Result<Consent, Failed> {
    write!(streams.err, "{}", plan_text(plan, &core.model.env.regions))?;
    write!(streams.err, "Type {} to go on: ", plan.environment)?;
    streams.err.flush()?;
    let mut line = String::new();
    streams.input.read_line(&mut line)?;
    line.trim().clone_into(&mut consent.typed_name);
    let limit = if plan.kind.moves_traffic() {
        URGENT
    } else {
        headless::LOOK
    };
    catch_up(core, limit).await;
    Ok(consent)
}
