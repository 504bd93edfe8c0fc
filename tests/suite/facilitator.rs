//! The facilitator's menu, with keys: trouble comes, is seen on the Board, and goes. What went through the console is
//! recorded, and played again it ends in the same model.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;

use serde_json::{Number, Value};
use switchback::app::key::Key;
use switchback::app::model::Model;
use switchback::app::msg::Msg;
use switchback::domain::plan::Consent;
use switchback::domain::trouble::Facilitation;
use switchback::runtime::{headless, recorder};
use switchback::ui::plain;

use crate::support::in_process::{Rehearsed, rehearse};

fn press(rehearsed: &mut Rehearsed, keys: &[Key]) {
    for key in keys {
        rehearsed.core.take(Msg::Key(*key));
    }
}

async fn wait(rehearsed: &mut Rehearsed, seconds: u64) {
    headless::wait(
        &mut rehearsed.core,
        Duration::from_secs(seconds),
        &mut |_| {},
    )
    .await;
}

fn type_command(rehearsed: &mut Rehearsed, name: &str) {
    let typed = name.chars().map(Key::Char);
    let keys: Vec<Key> = [Key::Char(':')]
        .into_iter()
        .chain(typed)
        .chain([Key::Enter])
        .collect();
    press(rehearsed, &keys);
}

/// The model at the end of the only recording.
fn replay(state: &Path) -> Model {
    let recordings = std::fs::read_dir(state.join("recordings")).unwrap();
    let files: Vec<_> = recordings.map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    let file = BufReader::new(File::open(&files[0]).unwrap());
    recorder::replay(file, None).unwrap().0
}

fn is_close(left: &Number, right: &Number) -> bool {
    let (left, right) = (left.as_f64().unwrap(), right.as_f64().unwrap());
    (left - right).abs() <= right.abs() * 1e-12
}

/// Where two values differ first: whole models are too much to read.
fn difference(left: &Value, right: &Value) -> Option<String> {
    let inside = match (left, right) {
        (Value::Object(left), Value::Object(right)) if left.len() == right.len() => {
            let mut keys = left.iter();
            keys.find_map(|(key, value)| Some((key.clone(), difference(value, right.get(key)?)?)))
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let mut pairs = left.iter().zip(right).enumerate();
            pairs.find_map(|(at, (left, right))| Some((at.to_string(), difference(left, right)?)))
        }
        // JSON is read back to the last digit but one
        (Value::Number(left), Value::Number(right)) if is_close(left, right) => None,
        _ if left == right => None,
        _ => return Some(format!(": {left} is not {right}")),
    };
    inside.map(|(key, inside)| format!("/{key}{inside}"))
}

#[test]
fn a_region_goes_dark_by_a_key_and_comes_back() {
    let state = tempfile::tempdir().unwrap();
    rehearse("steady", state.path(), async |mut rehearsed| {
        rehearsed.core.remember_messages();
        rehearsed.core.facilitate(Facilitation::List);
        wait(&mut rehearsed, 1).await;
        assert!(rehearsed.model().facts.dark_since.is_none());
        // the first offer: the primary is dark
        press(&mut rehearsed, &[Key::Char('I'), Key::Enter]);
        wait(&mut rehearsed, 60).await;
        let model = rehearsed.model();
        assert!(model.facts.dark_since.is_some());
        assert_eq!(model.facilitator.as_ref().unwrap().len(), 1);
        let said = |text: &str| model.trail.iter().any(|line| line.text.contains(text));
        assert!(said("the primary is dark") && said("stopped answering"));
        assert!(rehearsed.world.with(|w| w.faults().len()) == 1);

        // an operation is under way when the recording ends
        press(&mut rehearsed, &[Key::Esc, Key::Char('F')]);
        let consent = Consent {
            typed_name: rehearsed.model().env.name.0.clone(),
            ..Consent::default()
        };
        rehearsed.core.take(Msg::Consent(consent));
        wait(&mut rehearsed, 20).await;
        type_command(&mut rehearsed, "record");
        let recorded = rehearsed.model().clone();
        assert!(recorded.is_busy());
        wait(&mut rehearsed, 5).await;
        let played = replay(state.path());
        assert_eq!(plain(&played).unwrap(), plain(&recorded).unwrap());
        let values = [&played, &recorded].map(|model| serde_json::to_value(model).unwrap());
        assert_eq!(difference(&values[0], &values[1]), None);

        press(&mut rehearsed, &[Key::Char('I')]);
        press(&mut rehearsed, &[Key::End, Key::Enter, Key::Esc]);
        wait(&mut rehearsed, 120).await;
        let model = rehearsed.model();
        assert!(model.facts.dark_since.is_none());
        assert_eq!(model.facilitator.as_deref(), Some([].as_slice()));
    });
}
