//! Parity and drift: in short below a stack, in full in a dialog.

use crate::app::model::Model;
use crate::domain::drift::{self, Detection, DriftStatus, Reading};
use crate::domain::environment::StackSpec;
use crate::domain::parity::{Agreement, Compared, Pair, ParityVerdict};
use crate::domain::region::{PerRole, Role};
use crate::domain::stack::{Stack, StackId, StackState};

use super::canvas::Canvas;
use super::line::Line;
use super::state::{Mark, State};
use super::theme::Paint;
use super::{dialog_box, format, text};

/// Columns of a dialog at most.
const WIDEST: usize = 130;

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model, scroll: usize) {
    let columns = canvas.width().saturating_sub(8).min(WIDEST);
    let lines = everything(model, columns);
    let title = Line::of("parity and drift; Esc closes", Paint::Title);
    dialog_box::draw(canvas, &title, (columns, lines.len()), |inside| {
        dialog_box::scrolled(inside, &lines, scroll);
    });
}

fn everything(model: &Model, columns: usize) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    if model.parity.pairs.is_empty() {
        let why = "no template of the bundle makes a stack in both regions";
        lines.push(Line::of(why, Paint::Dim));
    }
    for pair in &model.parity.pairs {
        lines.extend(pair_lines(model, pair, columns));
    }
    if !model.parity.outdated.is_empty() {
        let names = model.parity.outdated.iter().map(|id| id.0.as_str());
        let names = names.collect::<Vec<_>>().join(", ");
        lines.push(
            Line::new()
                .state(State::Warn)
                .text(format!("not the bundle's template: {names}")),
        );
    }
    lines.push(Line::new());
    lines.push(Line::of("drift", Paint::Title));
    for spec in &model.env.stacks {
        lines.extend(drift_lines(model, spec, columns));
    }
    lines.extend(records(model, columns));
    lines
}

const fn mark(verdict: ParityVerdict) -> Mark {
    match verdict {
        ParityVerdict::Same => Mark::Same,
        ParityVerdict::Differs => Mark::Differs,
        ParityVerdict::Unknown => Mark::CannotTell,
    }
}

fn paint(verdict: ParityVerdict) -> Paint {
    match verdict {
        ParityVerdict::Same => Paint::Text,
        ParityVerdict::Differs => State::Warn.words(),
        ParityVerdict::Unknown => State::Unknown.words(),
    }
}

fn pair_lines<'a>(model: &'a Model, pair: &'a Pair, columns: usize) -> Vec<Line<'a>> {
    let verdict = pair.verdict();
    let names = format!("{} and {}", pair.stacks.primary, pair.stacks.standby);
    let words = match (verdict, pair.differences().count()) {
        (ParityVerdict::Same, _) => "alike".to_owned(),
        (ParityVerdict::Differs, count) => format::plural(count, "difference"),
        (ParityVerdict::Unknown, _) if pair.was_alike() => "alike when last read".to_owned(),
        (ParityVerdict::Unknown, _) => "can't be compared".to_owned(),
    };
    let mut head = Line::of(mark(verdict).glyph(), paint(verdict))
        .text(" ")
        .add(names, Paint::Strong)
        .add(format!(" {words}"), paint(verdict));
    if let Some(at) = pair.as_of(&model.seen) {
        head = head.dim(format!(", read {}", format::when(at, model.now)));
    }
    let mut lines = vec![head];
    let unread = pair.unread.iter();
    lines.extend(unread.map(|why| {
        Line::new()
            .text("  ")
            .state(State::Unknown)
            .dim(why.as_str())
    }));
    let order = [
        Agreement::Differs,
        Agreement::Hidden,
        Agreement::ByDesign,
        Agreement::Same,
    ];
    for agreement in order {
        let all = pair.compared.iter();
        let rows = all.filter(|c| c.agreement == agreement);
        lines.extend(rows.map(|c| compared(c, columns)));
    }
    lines
}

fn compared(row: &Compared, columns: usize) -> Line<'_> {
    let (glyph, paint, word) = match row.agreement {
        Agreement::Same => ("=", Paint::Dim, ""),
        Agreement::ByDesign => ("·", Paint::Dim, "by design: "),
        Agreement::Hidden => ("?", State::Unknown.words(), "hidden by AWS"),
        Agreement::Differs => ("≠", State::Warn.words(), ""),
    };
    let at = (columns * 11 / 20).max(20);
    let name = format!("{} {}", row.aspect.words(), row.name);
    let PerRole { primary, standby } = &row.sides;
    let value = match row.agreement {
        Agreement::Same => primary.clone(),
        Agreement::Hidden => String::new(),
        Agreement::ByDesign | Agreement::Differs => {
            let half = columns.saturating_sub(at + text::width(word) + 3) / 2;
            let cut = |side: &str| text::cut_middle(side, half.max(4)).into_owned();
            format!("{} / {}", cut(primary), cut(standby))
        }
    };
    Line::of(format!("  {glyph} "), paint)
        .text(text::cut_middle(&name, at - 5).into_owned())
        .pad_to(at)
        .dim(word)
        .add(value, paint)
}

/// How a stack's drift looks, and what to say of it.
fn state(reading: &Reading<'_>) -> State {
    match reading.status {
        _ if reading.outdated => State::Unknown,
        DriftStatus::InSync => State::Good,
        DriftStatus::Drifted => State::Warn,
        DriftStatus::Unknown | DriftStatus::NotChecked => State::Unknown,
    }
}

/// The words about a stack's drift.
pub(super) fn words(model: &Model, id: &StackId, stack: &Stack) -> Line<'static> {
    if let Some(since) = model.detecting.get(id) {
        let since = format::when(*since, model.now);
        return Line::new()
            .state(State::Progress)
            .text(format!("drift is being detected since {since}"));
    }
    let reading = drift::reading(&model.seen, id, stack);
    let mut line = Line::new().state(state(&reading)).add(
        format!("drift: {}", reading.status.words()),
        state(&reading).words(),
    );
    if let Some(found) = reading.detection {
        line = line.text(format!(", {}", checked(model, id, found)));
    }
    if let Some(at) = reading.at {
        line = line.dim(format!(
            ", {} ({} ago)",
            format::when(at, model.now),
            format::ago(at, model.now)
        ));
    }
    if reading.outdated {
        line = line.dim(", before the last update");
    }
    line
}

/// How many resources were looked at, of how many there are.
fn checked(model: &Model, id: &StackId, found: &Detection) -> String {
    let differing = found.differing().count();
    let mut regions = model.seen.regions.iter();
    let total = regions.find_map(|(_, r)| r.resources.get(id)?.last().map(Vec::len));
    let of = total.map_or_else(String::new, |total| format!(" of {total}"));
    let looked = format!("{}{of} resources checked", found.resources.len());
    if differing == 0 {
        looked
    } else {
        format!("{differing} differ, {looked}")
    }
}

fn drift_lines<'a>(model: &'a Model, spec: &'a StackSpec, columns: usize) -> Vec<Line<'a>> {
    let head = Line::new()
        .text("  ")
        .add(spec.id.0.as_str(), Paint::Strong)
        .text(" ");
    let Some(stack) = model.last_state(spec).and_then(StackState::stack) else {
        return vec![head.dim("not there, or not read")];
    };
    let mut lines = vec![head.join(words(model, &spec.id, stack))];
    lines.extend(differences(model, &spec.id, stack, columns));
    lines
}

/// The resources of a stack that differ, property by property.
pub(super) fn differences<'a>(
    model: &'a Model,
    id: &StackId,
    stack: &'a Stack,
    columns: usize,
) -> Vec<Line<'a>> {
    let mut regions = model.seen.regions.iter();
    let failure = regions.find_map(|(_, r)| r.drift.get(id)?.failure());
    let mut lines = Vec::new();
    if let Some(failure) = failure {
        let why = format!("could not be detected: {}", failure.message);
        lines.extend(wrapped(&why, columns, State::Bad.words()));
    }
    let Some(found) = drift::reading(&model.seen, id, stack).detection else {
        return lines;
    };
    if let Some(trouble) = &found.trouble {
        lines.extend(wrapped(trouble, columns, State::Unknown.words()));
    }
    for resource in found.differing() {
        lines.push(
            Line::new()
                .text("    ")
                .add(resource.logical_id.as_str(), Paint::Strong)
                .dim(format!(" {} ", resource.resource_type))
                .add(resource.status.words(), State::Warn.words()),
        );
        for one in &resource.differences {
            let words = format!("{}: {} → {}", one.path, one.expected, one.actual);
            let room = columns.saturating_sub(6);
            lines.push(
                Line::new()
                    .text("      ")
                    .text(text::cut_end(&words, room).into_owned()),
            );
        }
    }
    lines
}

fn wrapped(words: &str, columns: usize, paint: Paint) -> Vec<Line<'static>> {
    let lines = text::wrap(words, columns.saturating_sub(4)).into_iter();
    lines
        .take(3)
        .map(|line| Line::of(format!("    {line}"), paint))
        .collect()
}

/// The record sets, which CloudFormation does not look at.
fn records(model: &Model, columns: usize) -> Vec<Line<'static>> {
    if model.env.traffic.is_none() {
        return Vec::new();
    }
    let head = Line::new()
        .text("  ")
        .add("record sets", Paint::Strong)
        .text(" ");
    let (head, changed) = match drift::records(&model.env, &model.seen) {
        None => (
            head.state(State::Unknown)
                .dim("not compared: they or their template were not read"),
            Vec::new(),
        ),
        Some(changed) if changed.is_empty() => (
            head.state(State::Good)
                .text("as their stack's template says"),
            changed,
        ),
        Some(changed) => (
            head.state(State::Warn)
                .add("not as their stack's template says", State::Warn.words()),
            changed,
        ),
    };
    let mut lines = vec![head.dim(" (CloudFormation does not check them)")];
    for one in changed {
        lines.extend(wrapped(&one, columns, Paint::Text));
    }
    lines
}

/// How a stack compares with its counterpart, in one line; none for a stack that has none.
pub(super) fn with_counterpart(model: &Model, spec: &StackSpec) -> Option<Line<'static>> {
    let pair = model.parity.pair_of(&spec.id)?;
    let other = match spec.role {
        Role::Primary => &pair.stacks.standby,
        Role::Standby => &pair.stacks.primary,
    };
    let verdict = pair.verdict();
    let words = match verdict {
        ParityVerdict::Same => format!("like stack {other}"),
        ParityVerdict::Differs => {
            let count = format::plural(pair.differences().count(), "difference");
            format!("{count} from stack {other}")
        }
        ParityVerdict::Unknown => {
            let why = pair.unread.first().map_or("", String::as_str);
            format!("not compared with stack {other}: {why}")
        }
    };
    let line = Line::of(mark(verdict).glyph(), paint(verdict)).text(" ");
    let line = line.add(words, paint(verdict));
    let is_outdated = model.parity.outdated.contains(&spec.id);
    Some(if is_outdated {
        line.add(", not the bundle's template", State::Warn.words())
    } else {
        line
    })
}

/// The differences from its counterpart, one a line.
pub(super) fn from_counterpart<'a>(
    model: &'a Model,
    spec: &StackSpec,
    columns: usize,
) -> Vec<Line<'a>> {
    let pair = model.parity.pair_of(&spec.id);
    let all = pair.into_iter().flat_map(Pair::differences);
    all.map(|c| compared(c, columns)).collect()
}
