//! The facilitator's menu, with keys: trouble comes, is seen on the Board, and goes.

use std::time::Duration;

use switchback::app::key::Key;
use switchback::app::msg::Msg;
use switchback::domain::trouble::Facilitation;
use switchback::runtime::headless;

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

#[test]
fn a_region_goes_dark_by_a_key_and_comes_back() {
    let state = tempfile::tempdir().unwrap();
    rehearse("steady", state.path(), async |mut rehearsed| {
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

        press(&mut rehearsed, &[Key::End, Key::Enter, Key::Esc]);
        wait(&mut rehearsed, 120).await;
        let model = rehearsed.model();
        assert!(model.facts.dark_since.is_none());
        assert_eq!(model.facilitator.as_deref(), Some([].as_slice()));
    });
}
