//! After somebody was waited for: the console takes in what has happened meanwhile, before it goes on.

use std::time::Duration;

use jiff::Timestamp;

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::domain::observed::{Observed, age};
use crate::domain::region::Role;
use crate::runtime::core::Core;
use crate::runtime::headless::step;

/// Time and readings become those of now, so that a plan that was shown is judged on them. A source that does not answer is
/// waited for until `limit`.
pub async fn catch_up(core: &mut Core, limit: Duration) {
    core.tick();
    let since = core.clock().now();
    core.perform(Effect::Refresh);
    core.publish();
    while age(since, core.clock().now()) < limit && !is_read_since(&core.model, since) {
        step(core, &mut |_| {}).await;
    }
    core.tick();
}

/// Whether each source on which guards and plans rest was tried again; one that was never tried has nothing to be asked.
fn is_read_since(model: &Model, since: Timestamp) -> bool {
    let regions = Role::BOTH.into_iter().all(|role| {
        let region = model.seen.regions.get(role);
        region.stacks.values().all(|seen| tried(seen, since)) && tried(&region.endpoint, since)
    });
    let traffic = &model.seen.traffic;
    regions
        && tried(&traffic.marker, since)
        && tried(&traffic.checks, since)
        && tried(&traffic.lever, since)
}

fn tried<T>(seen: &Observed<T>, since: Timestamp) -> bool {
    let failed = seen.failure().map(|failure| failure.last);
    let latest = seen.at().into_iter().chain(failed).max();
    latest.is_none_or(|latest| latest >= since)
}
