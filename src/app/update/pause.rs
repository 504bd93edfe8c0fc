//! An operation whose credentials have ended: it waits for a new login, and goes on by itself.

use std::collections::BTreeSet;

use crate::app::effect::{Effect, Entry};
use crate::app::model::{Model, Weight};
use crate::app::run::{Pause, Run};
use crate::domain::observed::age;

/// A step waits for other credentials, or has them.
pub(super) fn news(model: &mut Model, what: String, why: Option<String>) -> Vec<Effect> {
    let now = model.now;
    let Some(run) = model.run.as_deref_mut().filter(|run| run.is_running()) else {
        return Vec::new();
    };
    let said = match why {
        Some(why) => begins(run, now, what, why),
        None => ends(run, now, &what),
    };
    let Some((text, weight)) = said else {
        return Vec::new();
    };
    let operation = run.plan().id.clone();
    model.note("you", text.clone(), weight);
    vec![Effect::Journal {
        operation,
        entry: Entry::Note { text },
        at: now,
    }]
}

fn begins(
    run: &mut Run,
    now: jiff::Timestamp,
    what: String,
    why: String,
) -> Option<(String, Weight)> {
    if let Some(pause) = &mut run.pause {
        pause.waiting.insert(what);
        return None;
    }
    let text = format!("paused at {what}: {why}; it goes on by itself after a new login");
    run.pause = Some(Pause {
        since: now,
        why,
        waiting: BTreeSet::from([what]),
    });
    Some((text, Weight::Bad))
}

/// The pause is over when nothing waits any more.
fn ends(run: &mut Run, now: jiff::Timestamp, what: &str) -> Option<(String, Weight)> {
    let pause = run.pause.as_mut()?;
    pause.waiting.remove(what);
    if !pause.waiting.is_empty() {
        return None;
    }
    let lasted = age(pause.since, now);
    run.paused = run.paused.saturating_add(lasted);
    run.pause = None;
    let text = format!(
        "goes on: the credentials are accepted again, after {} s",
        lasted.as_secs()
    );
    Some((text, Weight::Good))
}
