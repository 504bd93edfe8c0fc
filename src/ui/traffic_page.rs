//! How traffic is steered: name servers, go/no-go in full, levers, health checks, records.

use jiff::Timestamp;

use crate::app::model::{Model, Page};
use crate::domain::assess::limit;
use crate::domain::guard::means::reach;
use crate::domain::lever::{Command, LeverKind, LeverSpec};
use crate::domain::operation::OperationKind;
use crate::domain::promotion::Stage;
use crate::domain::recovery::Exposure;
use crate::domain::routing::RecordSet;

use super::canvas::Canvas;
use super::checks_tree;
use super::layout::{RICH, WIDE};
use super::line::{Line, flow};
use super::sheet::{Sheet, proportional};
use super::state::State;
use super::theme::Paint;
use super::{board_rows, guards, name_servers, reading, serving, text, traffic_strip};

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model) {
    if model.env.traffic.is_none() {
        canvas.rule(0, &Line::of("traffic", Paint::Title), &Line::new());
        canvas.line(1, &Line::of(" this bundle steers no traffic", Paint::Dim));
        return;
    }
    let (width, height) = (canvas.width(), canvas.height());
    let selected = model.rows.get(Page::Traffic as usize).copied().unwrap_or(0);
    let rows = model.go.failover.len() + model.go.failback.len();
    let draw = |canvas: &mut Canvas<'_>, sheet: &Sheet<'_>| {
        let hidden = sheet.len().saturating_sub(canvas.height());
        sheet.draw(canvas, proportional(selected, rows, hidden));
    };
    if width < RICH.0 {
        let mut sheet = now(model, width);
        sheet.append(verdicts(model, width));
        sheet.append(steering(model, width));
        draw(canvas, &sheet);
        return;
    }
    let half = width / 2;
    let mut left = now(model, half - 1);
    left.append(steering(model, half - 1));
    draw(&mut canvas.part((0, 0), half - 1, height), &left);
    draw(
        &mut canvas.part((half, 0), width - half, height),
        &verdicts(model, width - half),
    );
}

/// Where traffic goes, and what each name server says.
fn now(model: &Model, width: usize) -> Sheet<'_> {
    let mut sheet = Sheet::default();
    sheet.rule("traffic");
    let parts = vec![
        serving::destination(model),
        serving::held(model).unwrap_or_default(),
        serving::commanded_confirmed(model),
        predicted(model),
        exposure(model),
    ];
    sheet.lines(flow(parts, width.saturating_sub(2), "   "));
    let servers = name_servers::lines(model);
    sheet.lines(flow(servers, width.saturating_sub(2), "   "));
    for remark in &model.facts.remarks {
        sheet.lines(explained(&remark.what, true, width));
        sheet.lines(explained(&remark.advice, false, width));
    }
    sheet
}

/// Data at risk, and where the figure comes from.
fn exposure(model: &Model) -> Line<'static> {
    let found = model.facts.exposure.as_ref();
    let origin = found
        .filter(|found| found.is_worth_explaining())
        .map(Exposure::origin);
    let origin = origin.map_or_else(String::new, |origin| format!(", by {origin}"));
    traffic_strip::exposure(model).dim(origin)
}

/// A sentence with its glyph; what can be done about it is indented without one.
fn explained(words: &str, is_head: bool, width: usize) -> Vec<Line<'static>> {
    let wrapped = text::wrap(words, width.saturating_sub(6)).into_iter();
    let line = |(index, words): (usize, String)| match (is_head, index) {
        (true, 0) => Line::new().state(State::Warn).text(words),
        (true, _) => Line::new().text("  ").text(words),
        (false, _) => Line::new().text("    ").text(words),
    };
    wrapped.enumerate().map(line).collect()
}

/// What Route 53 would answer now, by its own rules.
fn predicted(model: &Model) -> Line<'static> {
    let possible = &model.facts.predicted;
    let names = possible
        .iter()
        .map(|role| model.env.regions.get(*role).as_str());
    let names = names.collect::<Vec<_>>().join(" or ");
    let paint = if possible.len() == 1 {
        Paint::Text
    } else {
        Paint::Unknown
    };
    let names = if names.is_empty() {
        "nothing".to_owned()
    } else {
        names
    };
    Line::of("predicted ", Paint::Dim).add(names, paint)
}

/// Both go/no-go boards, the one that matters now first.
fn verdicts(model: &Model, width: usize) -> Sheet<'_> {
    let first = serving::next_move(model);
    let second = match first {
        OperationKind::Failback => OperationKind::Failover,
        OperationKind::Failover
        | OperationKind::Deploy
        | OperationKind::Delete
        | OperationKind::Repair => OperationKind::Failback,
    };
    let mut sheet = Sheet::default();
    for kind in [first, second] {
        let found = guards::of(model, kind);
        let by = format!(", {} lever", model.default_lever());
        let title = guards::answer(found)
            .badge()
            .add(
                format!(" {}", serving::verb(model, kind).to_lowercase()),
                Paint::Title,
            )
            .dim(by);
        sheet.rule_with(title, guards::counts(found));
        for guard in found {
            sheet.lines(guards::rows(model, guard, width.saturating_sub(2)));
        }
    }
    sheet
}

/// Levers, checks, records.
fn steering(model: &Model, width: usize) -> Sheet<'_> {
    let mut sheet = Sheet::default();
    sheet.rule("levers");
    sheet.line(automatic());
    let levers = model.env.traffic.iter().flat_map(|t| &t.levers);
    sheet.lines(levers.map(|lever| lever_line(model, lever)));
    promotion(&mut sheet, model, width);
    checks_tree::add(&mut sheet, model, width);
    let records = &model.seen.traffic.records;
    sheet.rule("records");
    match records.last() {
        Some(all) if !all.is_empty() => sheet.lines(all.iter().map(|r| record_line(r, width))),
        Some(_) => sheet.line(Line::of("none of the service's names", Paint::Warn)),
        None => {
            let why = records
                .failure()
                .map_or("not read yet", |f| f.message.as_str());
            sheet.line(Line::new().state(State::Unknown).add(why, Paint::Unknown));
        }
    }
    sheet
}

/// What the standby must become before it writes, what that may lose, and what its state machine last said.
fn promotion(sheet: &mut Sheet<'_>, model: &Model, width: usize) {
    let Some(spec) = model
        .env
        .traffic
        .as_ref()
        .and_then(|t| t.promotion.as_ref())
    else {
        return;
    };
    sheet.rule("promotion");
    let seen = &model.seen.traffic.promotion;
    let last = seen.last();
    let command = last
        .and_then(|seen| seen.approval)
        .map_or(Command::Engage, |approval| approval.command);
    let line = match (last, seen.failure()) {
        (_, Some(failure)) => Line::new()
            .state(State::Unknown)
            .add(failure.message.clone(), Paint::Unknown),
        (None, None) => Line::new()
            .state(State::Unknown)
            .add("not read yet", Paint::Unknown),
        (Some(seen), None) => {
            let stage = seen.stage(spec, command, Timestamp::MIN);
            let words = match (stage, command) {
                (Stage::Silent, _) => "never approved in the last 12 hours".to_owned(),
                (_, Command::Engage) => format!("promotion {}", spec.words(command, stage)),
                (_, Command::Release) => format!("return {}", spec.words(command, stage)),
            };
            Line::new().text(words)
        }
    };
    sheet.line(line);
    sheet.lines(explained(&spec.loss, true, width));
}

fn automatic() -> Line<'static> {
    Line::new()
        .state(State::Good)
        .text("automatic")
        .pad_to(12)
        .dim("always on: the endpoint check fails by itself, and traffic returns by itself")
}

/// Engaged or not, within reach or not, what it is.
fn lever_line<'a>(model: &'a Model, lever: &'a LeverSpec) -> Line<'a> {
    let kind = lever.kind();
    let engaged = model.facts.engaged.contains(&kind);
    let unread = model.facts.unread.contains(&kind);
    let (state, words) = match (reach(&model.seen, model.now, kind), engaged) {
        (_, true) if unread => (State::Unknown, "engaged when last read".to_owned()),
        (_, true) => (State::Warn, "ENGAGED".to_owned()),
        (Ok(()), false) if unread => (State::Unknown, "not read lately".to_owned()),
        (Ok(()), false) => (State::Good, "ready".to_owned()),
        (Err(why), false) => (State::Bad, format!("out of reach: {why}")),
    };
    let line = Line::new()
        .state(state)
        .text(kind.as_str())
        .pad_to(12)
        .add(words, state.words())
        .text("  ");
    line.join(lever_detail(model, lever, kind))
}

fn lever_detail<'a>(model: &'a Model, lever: &'a LeverSpec, kind: LeverKind) -> Line<'a> {
    let route53 = if kind.needs_route53() {
        "needs the Route 53 API"
    } else {
        ""
    };
    match lever {
        LeverSpec::Metric {
            role, namespace, ..
        } => {
            let region = model.env.regions.get(*role);
            let seen = &model.seen.traffic.lever;
            let told = reading::cell(seen, model.now, limit::LEVER, |l| {
                board_rows::metric_lever(model, l)
            });
            let number = seen
                .last()
                .and_then(|l| l.command)
                .map_or_else(String::new, |c| {
                    let echoed = seen
                        .last()
                        .and_then(|l| l.echo)
                        .is_some_and(|e| e.number == c.number);
                    if echoed {
                        format!(", standby has confirmed command {}", c.number)
                    } else {
                        ", standby has not confirmed the command yet".to_owned()
                    }
                });
            told.line()
                .dim(number)
                .dim(format!("  {namespace} in {region}"))
        }
        LeverSpec::Endpoint {
            role, parameter, ..
        } => {
            let region = model.env.regions.get(*role);
            Line::of(format!("{parameter} of the stack in {region}"), Paint::Dim)
        }
        LeverSpec::Force { check } => Line::of(
            format!("threshold of the check {check}; {route53}"),
            Paint::Dim,
        ),
        LeverSpec::Records => {
            Line::of(format!("the record sets themselves; {route53}"), Paint::Dim)
        }
    }
}

fn record_line(record: &RecordSet, width: usize) -> Line<'_> {
    let policy = record.policy.words();
    let target = record.alias.as_ref().map_or_else(
        || record.values.join(", "),
        |alias| format!("alias {}", alias.name),
    );
    let ttl = record
        .ttl
        .map_or_else(String::new, |ttl| format!(" {ttl} s"));
    let check = record
        .check
        .as_ref()
        .map_or_else(String::new, |id| format!("  check {id}"));
    let name_room = if width >= WIDE { 34 } else { 24 };
    let name = record.name.trim_end_matches('.');
    let target_room = width.saturating_sub(name_room + 30 + if width >= WIDE { 22 } else { 0 });
    let line = Line::of(text::cut_start(name, name_room), Paint::Text)
        .pad_to(name_room + 1)
        .dim(format!("{:<5} ", record.kind))
        .text(format!("{policy:<18} "))
        .text(text::cut_middle(&target, target_room).into_owned())
        .dim(ttl);
    if width >= WIDE { line.dim(check) } else { line }
}
