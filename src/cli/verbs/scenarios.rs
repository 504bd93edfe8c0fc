//! `scenarios`: rehearsals listed, shown, and played without a console to their declared end.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::app::msg::Ask;
use crate::cli::args::{Progress, Scenarios};
use crate::cli::context::{Context, Ended, Failed, Streams, scenario};
use crate::cli::output::{json, result_text};
use crate::cli::verbs::progress::Reporter;
use crate::config::Format;
use crate::domain::observed::age;
use crate::domain::operation::Outcome;
use crate::domain::plan::{Consent, Plan};
use crate::error::ExitCode;
use crate::rehearsal::scenario::{self, Scenario, ScriptStep};
use crate::runtime::core::Core;
use crate::runtime::declared::missing;
use crate::runtime::headless::{self, Went};

pub fn run(context: &Context, streams: &mut Streams<'_>, verb: &Scenarios) -> Ended {
    match verb {
        Scenarios::List => {
            let all = all()?;
            let lines: Vec<String> = all
                .iter()
                .map(|s| format!("{:<24}{}", s.name, s.title))
                .collect();
            let text = lines.join("\n") + "\n";
            context.print(streams.out, &all, &text)?;
            Ok(ExitCode::Done)
        }
        Scenarios::Show { name } => {
            let scenario = scenario(name)?;
            let text = format!(
                "{}: {}\n\n{}\n",
                scenario.name,
                scenario.title,
                scenario.story.trim()
            );
            context.print(streams.out, &scenario, &text)?;
            Ok(ExitCode::Done)
        }
        Scenarios::Run { name } => play(context, streams, name),
    }
}

fn all() -> Result<Vec<Scenario>, Failed> {
    scenario::names()
        .iter()
        .map(|name| scenario(name))
        .collect()
}

fn play(context: &Context, streams: &mut Streams<'_>, name: &str) -> Ended {
    let scenario = scenario(name)?;
    let env = context.environment()?;
    context.headless(&env, async |core| {
        headless::look(core, context.look()).await;
        let began = core.clock().now();
        for step in &scenario.script {
            let gone = age(began, core.clock().now());
            let wait = Duration::from_secs(step.at).saturating_sub(gone);
            headless::wait(core, wait, &mut |_| {}).await;
            play_step(context, streams, core, (step, &scenario)).await?;
        }
        loop {
            let missing = missing(&scenario.expect, &core.model);
            if missing.is_empty() {
                writeln!(streams.err, "{name}: the declared end was reached")?;
                return Ok(ExitCode::Done);
            }
            if age(began, core.clock().now()) >= Duration::from_secs(scenario.expect.within) {
                let why = format!(
                    "{name}: the declared end was not reached in {} s: {}",
                    scenario.expect.within,
                    missing.join("; ")
                );
                return Err(Failed::new(ExitCode::OperationFailed, why));
            }
            headless::wait(core, Duration::from_secs(1), &mut |_| {}).await;
        }
    })
}

async fn play_step(
    context: &Context,
    streams: &mut Streams<'_>,
    core: &mut Core,
    (step, scenario): (&ScriptStep, &Scenario),
) -> Result<(), Failed> {
    let salt = u16::try_from(step.at & 0xffff).unwrap_or_default();
    let ask = Ask {
        kind: step.run,
        lever: step.lever,
        parameters: BTreeMap::new(),
        repair: step.wish(),
        salt,
    };
    let consent = Consent {
        typed_name: core.model.env.name.0.clone(),
        reason: Some(format!("rehearsal of {}", scenario.title)),
        overridden: step.overrides.clone(),
    };
    let mut reporter = Reporter::new(Progress::Human);
    let went = {
        let err = &mut *streams.err;
        headless::operate(core, ask, consent, &mut |model| reporter.report(model, err)).await
    };
    let (outcome, why) = match went {
        Went::Ended(result) => {
            let text = match context.settings.format {
                Format::Json => json(result.as_ref())?,
                Format::Human | Format::Prometheus => result_text(&result),
            };
            streams.out.write_all(text.as_bytes())?;
            (result.outcome, result.reason.unwrap_or_default())
        }
        Went::NoPlan(why) => (Outcome::Failed, why),
        Went::NotConfirmed { plan, why } => (not_confirmed(step, &plan)?, why),
    };
    if outcome == step.outcome {
        return Ok(());
    }
    let why = format!(
        "{} at {} s ended {outcome:?}, not {:?}: {why}",
        step.run.as_str(),
        step.at,
        step.outcome
    );
    Err(Failed::new(ExitCode::OperationFailed, why))
}

/// Refused or just not confirmed; and by the guard that the scenario names.
fn not_confirmed(step: &ScriptStep, plan: &Plan) -> Result<Outcome, Failed> {
    let by: Vec<&str> = plan.refusals().map(|g| g.id.as_str()).collect();
    match &step.refused_by {
        Some(wanted) if !by.contains(&wanted.as_str()) => Err(Failed::new(
            ExitCode::OperationFailed,
            format!(
                "{} should have been refused by {wanted}, but was by {}",
                step.run.as_str(),
                by.join(", ")
            ),
        )),
        _ if by.is_empty() => Ok(Outcome::NotConfirmed),
        _ => Ok(Outcome::Refused),
    }
}
