//! What a headless operation says on stderr while it runs.

use std::io::Write;

use serde::Serialize;

use crate::app::model::{Model, TrailLine};
use crate::app::run::{LiveEvent, Pause, Run};
use crate::cli::args::Progress;
use crate::cli::output::{json_line, progress_text};
use crate::domain::operation::{StepResult, StepState};
use crate::domain::text::clean;

/// Says each step's change and each stack event once.
pub struct Reporter {
    style: Progress,
    steps: Vec<StepState>,
    last_event: Option<String>,
    trail: Option<TrailLine>,
    paused: bool,
}

/// Lines with their times: what arrives together is said in its order.
type News = Vec<(jiff::Timestamp, String)>;

/// One line of `--progress json`.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Step(&'a StepResult),
    Event(&'a LiveEvent),
    Note(&'a TrailLine),
    /// It waits for a new login; for people a note says so.
    Paused(&'a Pause),
    Resumed {
        at: jiff::Timestamp,
    },
}

impl Reporter {
    pub const fn new(style: Progress) -> Self {
        Self {
            style,
            steps: Vec::new(),
            last_event: None,
            trail: None,
            paused: false,
        }
    }

    /// Looks at the model and says what is new. A closed stderr stops nothing.
    pub fn report(&mut self, model: &Model, to: &mut dyn Write) {
        let mut news = Vec::new();
        if let Some(run) = model.run.as_deref() {
            self.steps(model, run, &mut news);
            self.events(model, run, &mut news);
            self.pause(model, run, &mut news);
        }
        self.notes(model, &mut news);
        news.sort_by_key(|(at, _)| *at);
        let text: String = news.into_iter().map(|(_, line)| line).collect();
        if !text.is_empty()
            && let Err(error) = to.write_all(text.as_bytes()).and_then(|()| to.flush())
        {
            tracing::debug!(%error, "stderr is closed");
        }
    }

    fn steps(&mut self, model: &Model, run: &Run, news: &mut News) {
        let result = run.result(&model.env, model.facts.serving, model.now);
        self.steps.resize(result.steps.len(), StepState::Waiting);
        for (known, step) in self.steps.iter_mut().zip(&result.steps) {
            if *known != step.state {
                *known = step.state;
                let said = match self.style {
                    Progress::Human => with_line_end(progress_text(step)),
                    Progress::Json => line(&Line::Step(step)),
                };
                let at = step.finished.or(step.started).unwrap_or(model.now);
                news.push((at, said));
            }
        }
    }

    fn events(&mut self, model: &Model, run: &Run, news: &mut News) {
        let seen = self.last_event.as_deref();
        let from = run
            .events
            .iter()
            .rposition(|live| Some(live.event.id.as_str()) == seen)
            .map_or(0, |i| i + 1);
        for live in run.events.iter().skip(from) {
            let said = match self.style {
                Progress::Human => event_text(model, live),
                Progress::Json => line(&Line::Event(live)),
            };
            news.push((live.event.at, said));
        }
        self.last_event = run.events.last().map(|live| live.event.id.clone());
    }

    fn pause(&mut self, model: &Model, run: &Run, news: &mut News) {
        let said = match &run.pause {
            Some(pause) if !self.paused => line(&Line::Paused(pause)),
            None if self.paused => line(&Line::Resumed { at: model.now }),
            Some(_) | None => return,
        };
        self.paused = run.pause.is_some();
        if self.style == Progress::Json {
            news.push((model.now, said));
        }
    }

    fn notes(&mut self, model: &Model, news: &mut News) {
        let from = model
            .trail
            .iter()
            .rposition(|l| Some(l) == self.trail.as_ref())
            .map_or(0, |i| i + 1);
        for note in model.trail.iter().skip(from) {
            let said = match self.style {
                Progress::Human => note_text(note),
                Progress::Json => line(&Line::Note(note)),
            };
            news.push((note.at, said));
        }
        self.trail = model.trail.back().cloned();
    }
}

fn note_text(note: &TrailLine) -> String {
    let time = note.at.strftime("%H:%M:%SZ");
    format!(
        "{time}  {:<10}  {}\n",
        clean(&note.source),
        clean(&note.text)
    )
}

fn event_text(model: &Model, live: &LiveEvent) -> String {
    let event = &live.event;
    let took = live
        .took_seconds
        .map(|s| format!("  {s} s"))
        .unwrap_or_default();
    let reason = event
        .reason
        .as_deref()
        .filter(|_| event.status.is_failed())
        .map(|r| format!("  {r}"))
        .unwrap_or_default();
    format!(
        "{}  {:<10}  {} {} {}{took}{reason}\n",
        event.at.strftime("%H:%M:%SZ"),
        model.env.regions.get(live.role),
        event.logical_id,
        event.resource_type,
        event.status.0,
    )
}

fn line(value: &Line<'_>) -> String {
    json_line(value).unwrap_or_default()
}

fn with_line_end(mut text: String) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
