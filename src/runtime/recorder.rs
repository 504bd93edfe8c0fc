//! The last messages that the console took in, with the model they fell on: for whoever looks into a panic, or into a
//! screen that should not have been. Written on a panic and by `:record`; `switchback replay` and the tests play it.
//!
//! A recording is made of stretches, each a model and what it then took in, so that one whose beginning was dropped
//! can still be played. What is typed into a form with sensitive fields is not recorded: the stretch ends there, and
//! the next one begins behind the form. Values of sensitive parameters are masked when it is written.

use std::collections::VecDeque;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, BufRead, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::app::dialog::Dialog;
use crate::app::model::Model;
use crate::app::msg::Msg;
use crate::app::update::update;
use crate::domain::observation::{Seen, Sighting};
use crate::domain::region::Role;
use crate::journal::{Secrets, mask};

/// So many messages have a stretch at most; up to two stretches are kept.
const MOST: usize = 2048;
/// About so many bytes have the messages of a stretch at most.
const HEAVIEST: usize = 1 << 20;

/// How often a panic tries to get hold of the messages.
const PATIENCE: usize = 1000;

/// What was taken in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Heard {
    Msg(Box<Msg>),
    /// The alarms of a region were read again, and are as they were: by far the heaviest message, and the usual one.
    AlarmsAgain(Role, Timestamp),
}

impl Heard {
    fn of(model: &Model, msg: &Msg) -> Self {
        if let Msg::Sighted(sighting) = msg
            && let Seen::Alarms(role, Ok(alarms)) = &sighting.seen
            && model.seen.regions.get(*role).alarms.last() == Some(alarms)
        {
            return Self::AlarmsAgain(*role, sighting.at);
        }
        Self::Msg(Box::new(msg.clone()))
    }

    /// About how many bytes it takes.
    fn weight(&self) -> usize {
        const LITTLE: usize = 400;
        let Self::Msg(msg) = self else { return LITTLE };
        let Msg::Sighted(sighting) = &**msg else {
            return 2 * LITTLE;
        };
        match &sighting.seen {
            Seen::Alarms(_, Ok(alarms)) => LITTLE + alarms.len() * LITTLE,
            Seen::Signals(_, Ok(all)) => all
                .values()
                .fold(LITTLE, |sum, series| sum + LITTLE / 2 + series.0.len() * 24),
            Seen::Resources(_, _, Ok(all)) => LITTLE + all.len() * LITTLE,
            Seen::Drift(_, _, Ok(found)) => LITTLE + found.resources.len() * LITTLE,
            Seen::Records(Ok(all)) => LITTLE + all.len() * LITTLE,
            Seen::Identity(_)
            | Seen::Stack(..)
            | Seen::Activity(..)
            | Seen::Resources(..)
            | Seen::Template(..)
            | Seen::Drift(..)
            | Seen::Alarms(..)
            | Seen::Signals(..)
            | Seen::Endpoint(..)
            | Seen::Checks(_)
            | Seen::Checkers(..)
            | Seen::Records(_)
            | Seen::Marker(_)
            | Seen::Lever(_)
            | Seen::Promotion(_)
            | Seen::Clock(_) => 8 * LITTLE,
        }
    }

    /// The message again.
    fn msg(self, model: &Model) -> Msg {
        match self {
            Self::Msg(msg) => *msg,
            Self::AlarmsAgain(role, at) => {
                let alarms = model.seen.regions.get(role).alarms.last();
                let seen = Seen::Alarms(role, Ok(alarms.cloned().unwrap_or_default()));
                Msg::Sighted(Box::new(Sighting { at, seen }))
            }
        }
    }
}

/// A model and what it took in.
#[derive(Clone, Debug)]
struct Stretch {
    from: Arc<Model>,
    heard: Vec<Arc<Heard>>,
    weight: usize,
}

/// The last stretches, the one that grows at the end.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    stretches: VecDeque<Stretch>,
    /// The stretch at the end has ended: something was not recorded.
    paused: bool,
}

/// A recorder as loop, effects and panic hook share it.
pub type Shared = Arc<Mutex<Recorder>>;

impl Recorder {
    /// Remembers a message that the model is about to take in.
    pub fn record(&mut self, model: &Model, msg: &Msg) {
        if is_secret(model) {
            self.paused = true;
            return;
        }
        let is_full = |stretch: &Stretch| stretch.heard.len() >= MOST || stretch.weight >= HEAVIEST;
        if self.paused || self.stretches.back().is_none_or(is_full) {
            self.begin(model);
        }
        let heard = Heard::of(model, msg);
        if let Some(stretch) = self.stretches.back_mut() {
            stretch.weight += heard.weight();
            stretch.heard.push(Arc::new(heard));
        }
    }

    fn begin(&mut self, model: &Model) {
        self.paused = false;
        while self.stretches.len() > 1 {
            self.stretches.pop_front();
        }
        self.stretches.push_back(Stretch {
            from: Arc::new(model.clone()),
            heard: Vec::new(),
            weight: 0,
        });
    }

    /// How many messages are remembered.
    pub fn len(&self) -> usize {
        self.stretches.iter().map(|s| s.heard.len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes the recording to a new file in a folder; `name` has no ending.
    pub fn write(&self, folder: &Path, name: &str) -> io::Result<PathBuf> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let path = folder.join(format!("{name}.jsonl"));
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;
        let mut out = BufWriter::new(file);
        self.write_to(&mut out)?;
        out.flush()?;
        Ok(path)
    }

    /// One JSON line for the version, then for each model and each message.
    fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        let version = Line::Version(env!("CARGO_PKG_VERSION").to_owned());
        write_line(out, &version, &Secrets::default())?;
        for stretch in &self.stretches {
            let secrets = Secrets::of(&stretch.from.env);
            write_line(out, &LineOut::Model(&stretch.from), &secrets)?;
            for heard in &stretch.heard {
                write_line(out, &LineOut::Heard(heard), &secrets)?;
            }
        }
        Ok(())
    }
}

/// Whether what is typed now may be a secret.
fn is_secret(model: &Model) -> bool {
    matches!(&model.dialog, Some(Dialog::Form(form)) if form.fields.iter().any(|f| f.sensitive))
}

fn write_line(out: &mut dyn Write, line: &impl Serialize, secrets: &Secrets) -> io::Result<()> {
    let mut value = serde_json::to_value(line)?;
    mask(&mut value, secrets);
    serde_json::to_writer(&mut *out, &value)?;
    out.write_all(b"\n")
}

/// A line as it is read.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Version(String),
    Model(Box<Model>),
    Heard(Heard),
}

/// The same as it is written, without a copy of what it holds.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum LineOut<'a> {
    Model(&'a Model),
    Heard(&'a Heard),
}

/// Why a recording can't be played.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("the recording can't be read: {0}")]
    Io(#[from] io::Error),
    #[error("line {line} of the recording is of another version, or broken: {source}")]
    Line {
        line: usize,
        source: serde_json::Error,
    },
    #[error("the recording holds no model to begin with")]
    Empty,
}

/// Plays a recording and returns the model at its end, or after `until` messages, with how many there were. Nothing
/// is carried out: what the console would have done is dropped.
pub fn replay(from: impl BufRead, until: Option<usize>) -> Result<(Model, usize), ReplayError> {
    let mut model = None;
    let mut played = 0;
    for (index, line) in from.lines().enumerate() {
        if until.is_some_and(|until| played >= until) {
            break;
        }
        let read = serde_json::from_str(&line?).map_err(|source| ReplayError::Line {
            line: index + 1,
            source,
        })?;
        match (read, &mut model) {
            (Line::Version(_), _) => {}
            (Line::Model(next), _) => model = Some(*next),
            (Line::Heard(_), None) => return Err(ReplayError::Empty),
            (Line::Heard(heard), Some(model)) => {
                let msg = heard.msg(model);
                drop(update(model, msg));
                played += 1;
            }
        }
    }
    model.map(|model| (model, played)).ok_or(ReplayError::Empty)
}

/// What a panic writes, and where.
static ON_PANIC: Mutex<Option<(Shared, PathBuf)>> = Mutex::new(None);

/// From now on a panic writes this recorder's messages into the folder.
pub(super) fn watch(recorder: &Shared, folder: PathBuf) {
    *ON_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(recorder), folder));
}

/// Writes the recording of the console that panics; none if there is none, or if it panics while it records.
pub(super) fn on_panic() -> Option<PathBuf> {
    let watched = ON_PANIC.try_lock().ok()?;
    let (recorder, folder) = watched.as_ref()?;
    // the loop holds it for a moment only, unless it is the loop that panics: then nobody gives it back
    let tries = (0..PATIENCE).find_map(|_| {
        let held = recorder.try_lock().ok();
        if held.is_none() {
            std::thread::yield_now();
        }
        held
    });
    let recorder = tries?;
    let last = recorder.stretches.back()?;
    let name = format!("panic-{}", last.from.now.strftime("%Y%m%d-%H%M%S"));
    match recorder.write(folder, &name) {
        Ok(path) => Some(path),
        Err(error) => {
            tracing::error!(%error, "the recording can't be written");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::dialog::{Form, FormField, TextField};
    use crate::app::fixtures::{noon, steady};
    use crate::app::key::Key;
    use crate::domain::plan::Consent;

    /// Takes messages in as the loop does.
    fn play(model: &mut Model, recorder: &mut Recorder, all: impl IntoIterator<Item = Msg>) {
        for msg in all {
            recorder.record(model, &msg);
            drop(update(model, msg));
        }
    }

    fn replayed(recorder: &Recorder, until: Option<usize>) -> (Model, usize) {
        let mut bytes = Vec::new();
        recorder.write_to(&mut bytes).unwrap();
        replay(bytes.as_slice(), until).unwrap()
    }

    #[test]
    fn what_was_recorded_is_played_to_an_equal_model() {
        let (mut model, mut recorder) = (steady(), Recorder::default());
        let keys = [
            Key::Char('F'),
            Key::Tab,
            Key::Char('x'),
            Key::Esc,
            Key::Char('4'),
        ];
        play(&mut model, &mut recorder, keys.map(Msg::Key));
        let alarms = model.seen.regions.primary.alarms.last().unwrap().clone();
        let again = Sighting {
            at: model.now,
            seen: Seen::Alarms(Role::Primary, Ok(alarms)),
        };
        play(&mut model, &mut recorder, [Msg::Sighted(Box::new(again))]);
        let kept = recorder.stretches.back().unwrap().heard.last().unwrap();
        assert!(matches!(**kept, Heard::AlarmsAgain(..)));
        assert_eq!(replayed(&recorder, None), (model, 6));
        let (early, played) = replayed(&recorder, Some(1));
        assert!(matches!(early.dialog, Some(Dialog::Confirm(_))) && played == 1);
    }

    #[test]
    fn a_recording_that_lost_its_beginning_still_makes_sense() {
        let (mut model, mut recorder) = (steady(), Recorder::default());
        for second in 0..5000_u32 {
            let tick = Msg::Tick(noon() + std::time::Duration::from_secs(u64::from(second)));
            let key = Key::Char(if second % 2 == 0 { '2' } else { '3' });
            play(&mut model, &mut recorder, [tick, Msg::Key(key)]);
        }
        assert_eq!(recorder.stretches.len(), 2);
        assert!(
            (MOST..=2 * MOST).contains(&recorder.len()),
            "{}",
            recorder.len()
        );
        assert_eq!(replayed(&recorder, None).0, model);
    }

    #[test]
    fn a_running_operation_comes_through_the_same_door_again() {
        let (mut model, mut recorder) = (steady(), Recorder::default());
        let consent = Consent {
            typed_name: model.env.name.0.clone(),
            ..Consent::default()
        };
        drop(update(&mut model, Msg::Key(Key::Char('F'))));
        drop(update(&mut model, Msg::Consent(consent)));
        let tick = Msg::Tick(model.now + std::time::Duration::from_secs(1));
        play(&mut model, &mut recorder, [tick]);
        let (played, _) = replayed(&recorder, None);
        let run = |model: &Model| model.run.as_ref().map(|run| run.confirmed.clone());
        assert!(run(&model).is_some());
        assert_eq!(run(&played), run(&model));
    }

    #[test]
    fn secrets_are_neither_recorded_as_they_are_typed_nor_written() {
        let (mut model, mut recorder) = (steady(), Recorder::default());
        let secret = |mut spec: crate::domain::environment::ParameterSpec| {
            spec.name = "password".into();
            spec.sensitive = true;
            spec.required = false;
            spec.pattern = None;
            spec
        };
        model.env.parameters = model
            .env
            .parameters
            .first()
            .cloned()
            .map(secret)
            .into_iter()
            .collect();
        play(&mut model, &mut recorder, [Msg::Tick(noon())]);
        model.dialog = Some(Dialog::Form(Form {
            title: "Deploy".into(),
            fields: vec![FormField {
                name: "password".into(),
                label: "Password".into(),
                text: TextField::default(),
                required: false,
                sensitive: true,
                error: None,
            }],
            focus: 0,
        }));
        let typed = "hunter2".chars().map(|c| Msg::Key(Key::Char(c)));
        play(
            &mut model,
            &mut recorder,
            typed.chain([Msg::Key(Key::Enter)]),
        );
        assert_eq!(recorder.len(), 1);
        assert_eq!(model.env.given.get("password"), Some("hunter2"));
        play(&mut model, &mut recorder, [Msg::Key(Key::Char('4'))]);
        let folder = tempfile::tempdir().unwrap();
        let path = recorder
            .write(&folder.path().join("recordings"), "x")
            .unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert!(!text.contains("hunter2") && text.contains("***"));
        let (played, _) = replay(text.as_bytes(), None).unwrap();
        assert_eq!(played.page, model.page);
    }

    #[test]
    fn a_panic_writes_what_led_there() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Shared::default();
        watch(&recorder, folder.path().to_owned());
        assert_eq!(on_panic(), None, "nothing was recorded yet");
        let mut model = steady();
        play(
            &mut model,
            &mut recorder.lock().unwrap(),
            [Msg::Key(Key::Char('3'))],
        );
        let path = on_panic().unwrap();
        assert!(path.starts_with(folder.path()), "{path:?}");
        let file = std::fs::File::open(path).unwrap();
        let (played, _) = replay(io::BufReader::new(file), None).unwrap();
        assert_eq!(played.page, model.page);
        // a panic while something is being recorded must not wait for itself
        let held = recorder.lock().unwrap();
        assert_eq!(on_panic(), None);
        drop(held);
    }

    #[test]
    fn what_is_no_recording_is_told() {
        let why = |text: &str| replay(text.as_bytes(), None).unwrap_err().to_string();
        assert!(why("").contains("no model"));
        assert!(why("{\"version\":\"0\"}\n{}").contains("line 2"));
        assert!(
            why("{\"heard\":{\"AlarmsAgain\":[\"primary\",\"2026-01-01T00:00:00Z\"]}}")
                .contains("no model")
        );
    }
}
