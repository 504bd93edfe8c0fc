//! `status`, `preflight` and `outputs`: one observation, printed.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::app::model::Model;
use crate::cli::context::{Context, Ended, Failed, Streams};
use crate::cli::output::{self, Preflight, Status};
use crate::config::Format;
use crate::domain::observation::Serving;
use crate::domain::operation::OperationKind;
use crate::domain::text::clean;
use crate::error::ExitCode;
use crate::runtime::headless;

/// Between two lines of `status --watch`.
const AGAIN: Duration = Duration::from_secs(15);

pub fn status(context: &Context, streams: &mut Streams<'_>, watch: bool) -> Ended {
    let env = context.environment()?;
    context.headless(&env, async |core| {
        headless::look(core, context.look()).await;
        loop {
            let status = status_of(&core.model);
            show(context, streams, &status, watch)?;
            if context.settings.format == Format::Human {
                explain(streams, &core.model)?;
            }
            if !watch {
                return Ok(status.condition().code);
            }
            headless::wait(core, AGAIN, &mut |_| {}).await;
        }
    })
}

/// Why something could not be read, each reason once, on stderr: missing credentials, a refused connection, …
fn explain(streams: &mut Streams<'_>, model: &Model) -> Result<(), Failed> {
    let mut said: Vec<&str> = Vec::new();
    for (what, failure) in model.errors() {
        if !said.contains(&failure.message.as_str()) {
            said.push(&failure.message);
            writeln!(
                streams.err,
                "switchback: {what}: {}",
                clean(&failure.message)
            )?;
        }
    }
    Ok(())
}

/// The guards shown are those of the move that would come next.
fn status_of(model: &Model) -> Status {
    let guards = if model.facts.serving == Serving::Standby {
        &model.go.failback
    } else {
        &model.go.failover
    };
    Status::new(&model.env, &model.seen, &model.facts, guards, model.now)
}

fn show(
    context: &Context,
    streams: &mut Streams<'_>,
    status: &Status,
    watch: bool,
) -> Result<(), Failed> {
    let text = match context.settings.format {
        Format::Human => status.text(),
        Format::Prometheus => status.prometheus(),
        Format::Json if watch => output::json_line(status)?,
        Format::Json => output::json(status)?,
    };
    streams.out.write_all(text.as_bytes())?;
    streams.out.flush()?;
    Ok(())
}

pub fn preflight(context: &Context, streams: &mut Streams<'_>, kind: OperationKind) -> Ended {
    let env = context.environment()?;
    context.headless(&env, async |core| {
        headless::look(core, context.look()).await;
        let model = &core.model;
        let guards = if kind == OperationKind::Failback {
            &model.go.failback
        } else {
            &model.go.failover
        };
        let board = Preflight::new(&model.env, kind, model.facts.situation, guards, model.now);
        context.print(streams.out, &board, &board.text())?;
        Ok(board.code())
    })
}

/// Outputs of every stack, as `<stack>.<output>`; `--flat` writes them to `cfn-outputs/flat-outputs.json`.
pub fn outputs(context: &Context, streams: &mut Streams<'_>, flat: bool) -> Ended {
    let env = context.environment()?;
    let found = context.headless(&env, async |core| {
        headless::look(core, context.look()).await;
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        for spec in &core.model.env.stacks {
            let Some(stack) = core.model.seen.stack(&spec.id) else {
                continue;
            };
            all.extend(
                stack
                    .outputs
                    .iter()
                    .map(|(name, value)| (format!("{}.{name}", spec.id), value.clone())),
            );
        }
        Ok(all)
    })?;
    if found.is_empty() {
        return Err(Failed::new(
            ExitCode::CannotTell,
            format!(
                "no stack of {} could be read, or none is deployed",
                env.name
            ),
        ));
    }
    if flat {
        write_flat(Path::new("cfn-outputs"), &found)?;
    }
    let lines: Vec<String> = found
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    let text = lines.join("\n") + "\n";
    context.print(streams.out, &found, &text)?;
    Ok(ExitCode::Done)
}

/// Names without dots: `standby.ApiDomain` becomes `standbyApiDomain`.
fn write_flat(folder: &Path, outputs: &BTreeMap<String, String>) -> Result<(), Failed> {
    let flat: BTreeMap<String, &String> = outputs
        .iter()
        .map(|(name, value)| (name.replace('.', ""), value))
        .collect();
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("flat-outputs.json"), output::json(&flat)?)?;
    Ok(())
}
