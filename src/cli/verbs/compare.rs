//! `stacks parity` and `stacks drift`: both regions beside each other, and each stack beside its template.

use std::time::Duration;

use crate::cli::context::{Context, Ended, Failed, Streams};
use crate::cli::output::{DriftShown, ParityShown, standing};
use crate::domain::stack::StackId;
use crate::runtime::headless;

/// What a detection may take before nobody waits for it; `--timeout` says otherwise.
const PATIENCE: Duration = Duration::from_mins(15);

pub fn parity(context: &Context, streams: &mut Streams<'_>) -> Ended {
    let env = context.environment()?;
    context.headless(&env, async |core| {
        headless::look(core, context.look()).await;
        let shown = ParityShown::new(&core.model);
        context.print(streams.out, &shown, &shown.text())?;
        Ok(shown.code())
    })
}

/// Of one stack, or of all. `last` asks for no new detection.
pub fn drift(
    context: &Context,
    streams: &mut Streams<'_>,
    stack: Option<&str>,
    last: bool,
) -> Ended {
    let env = context.environment()?;
    let wanted = stack.map(|id| StackId(id.to_owned()));
    if let Some(id) = wanted.as_ref().filter(|id| env.stack(id).is_none()) {
        let known: Vec<&str> = env.stacks.iter().map(|s| s.id.0.as_str()).collect();
        let known = known.join(", ");
        return Err(Failed::usage(format!("no stack `{id}`; there are {known}")));
    }
    context.headless(&env, async |core| {
        headless::look(core, context.look()).await;
        let ids = match wanted {
            Some(id) => vec![id],
            None => standing(&core.model),
        };
        if !last {
            let patience = context.settings.timeout.unwrap_or(PATIENCE);
            headless::detect_drift(core, &ids, patience).await;
        }
        let shown = DriftShown::new(&core.model, &ids);
        context.print(streams.out, &shown, &shown.text())?;
        Ok(shown.code())
    })
}
