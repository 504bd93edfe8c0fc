//! What each name server says when it is asked for the marker.

use crate::app::model::Model;
use crate::domain::assess::limit;
use crate::domain::observation::ServerAnswer;

use super::line::Line;
use super::reading::{Trust, trust};
use super::state::State;
use super::text;
use super::theme::Paint;

/// One line per name server, and one about the resolver where that was asked instead.
pub(super) fn lines(model: &Model) -> Vec<Line<'_>> {
    let marker = &model.seen.traffic.marker;
    let Some(answers) = marker.last() else {
        return Vec::new();
    };
    let age = match trust(marker, model.now, limit::MARKER) {
        Trust::Old(age) => Some(age),
        Trust::Fresh | Trust::Untried | Trust::Never(_) => None,
    };
    let servers = answers.servers.iter();
    let mut lines: Vec<Line<'_>> = servers.map(|s| server(model, s, age.as_deref())).collect();
    if answers.via_resolver {
        let words = "via a resolver: may be as old as the record's TTL";
        lines.push(Line::of(words, Paint::Warn));
    }
    lines
}

fn server<'a>(model: &Model, server: &'a ServerAnswer, age: Option<&str>) -> Line<'a> {
    let (state, words) = match &server.answer {
        Ok(region) if model.env.regions.role_of(region).is_some() => (State::Good, region.clone()),
        Ok(other) => (State::Warn, format!("`{other}`")),
        Err(why) => (State::Bad, why.clone()),
    };
    let state = if age.is_some() { State::Unknown } else { state };
    let line = Line::new()
        .state(state)
        .dim(text::cut_middle(&server.server, 24))
        .text(" ")
        .add(words, state.words());
    let line = match age {
        Some(age) => line.add(format!(", {age} ago"), Paint::Unknown),
        None => line,
    };
    if server.authoritative || server.answer.is_err() {
        line
    } else {
        line.add(" not authoritative", Paint::Warn)
    }
}
