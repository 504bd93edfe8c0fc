//! Signals with their limits and history; alarms with their reasons, those that fire first.

use crate::app::model::{Model, Page};
use crate::domain::alarm::{Alarm, AlarmState};
use crate::domain::region::Role;
use crate::domain::signal::{Series, SignalKind, SignalSpec};

use super::canvas::Canvas;
use super::layout::{self, WIDE};
use super::line::Line;
use super::state::State;
use super::theme::Paint;
use super::{format, lookup, reason, signal_rows, sparkline, text};

/// Rows of the selected row's detail, its rule included.
const DETAIL: usize = 4;

/// What is listed, in order: the signals, then the alarms.
struct List<'a> {
    signals: Vec<&'a SignalSpec>,
    alarms: Alarms<'a>,
    selected: usize,
}

impl<'a> List<'a> {
    fn of(model: &'a Model) -> Self {
        let filter = model.filter.as_ref().map_or("", |f| f.value());
        let fits =
            |s: &&SignalSpec| text::contains(&s.label, filter) || text::contains(&s.id.0, filter);
        let signals: Vec<&SignalSpec> = model.env.signals.iter().filter(fits).collect();
        let alarms = Alarms::of(model, filter);
        let last = (signals.len() + alarms.total()).saturating_sub(1);
        let selected = model
            .rows
            .get(Page::Signals as usize)
            .copied()
            .unwrap_or(0)
            .min(last);
        Self {
            signals,
            alarms,
            selected,
        }
    }

    /// The selected alarm's place among the alarms.
    const fn selected_alarm(&self) -> Option<usize> {
        self.selected.checked_sub(self.signals.len())
    }
}

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model) {
    let list = List::of(model);
    let body = canvas.height().saturating_sub(DETAIL);
    let rows = list.signals.len().min(body / 2);
    signals(&mut canvas.rows(0, rows + 1), model, &list);
    let height = body.saturating_sub(rows + 1);
    alarms(&mut canvas.rows(rows + 1, height), model, &list);
    detail(&mut canvas.rows(body, DETAIL), model, &list);
}

fn signals(canvas: &mut Canvas<'_>, model: &Model, list: &List<'_>) {
    let room = canvas.height().saturating_sub(1);
    let first = layout::first_row(list.selected, list.signals.len(), room);
    let below = more_below(list.signals.len(), first + room);
    canvas.rule(
        0,
        &Line::of("signals", Paint::Title),
        &Line::of(below, Paint::Dim),
    );
    let shown = list.signals.iter().enumerate().skip(first).take(room);
    for (y, (index, spec)) in shown.enumerate() {
        signal(&mut canvas.rows(y + 1, 1), model, spec);
        if index == list.selected {
            canvas.select(y + 1);
        }
    }
}

/// How many rows are not shown, for the rule above them.
fn more_below(count: usize, shown: usize) -> String {
    match count.saturating_sub(shown) {
        0 => String::new(),
        below => format!("{below} more below (j)"),
    }
}

fn signal(canvas: &mut Canvas<'_>, model: &Model, spec: &SignalSpec) {
    let wide = canvas.width() >= WIDE;
    let (label_room, limit_room) = if wide { (32, 24) } else { (16, 13) };
    let cell = signal_rows::value(model, spec);
    let head = Line::new()
        .text(" ")
        .state(cell.state)
        .dim(lookup::region_column(model, spec.role))
        .text(text::cut_end(&spec.label, label_room));
    let value_at = 14 + label_room + 4;
    let limit_at = value_at + 17;
    let limits = limits(spec, wide);
    let line = head
        .pad_to(value_at)
        .join(cell.line())
        .pad_to(limit_at)
        .dim(text::cut_end(&limits, limit_room).into_owned());
    canvas.line(0, &line);
    let Some(series) = series(model, spec).filter(|_| spec.kind != SignalKind::Heartbeat) else {
        return;
    };
    let x = limit_at + limit_room + 1;
    let room = canvas.width().saturating_sub(x + 1);
    let spark = signal_rows::spark(model, spec, sparkline::top(spec, series));
    if let Some(spark) = spark.filter(|_| room >= 6) {
        spark.draw(&mut canvas.part((x, 0), room, 1));
    }
}

fn limits(spec: &SignalSpec, wide: bool) -> String {
    let shown = |limit: Option<f64>| limit.map(|limit| format::limit(spec, limit));
    match (shown(spec.warn), shown(spec.breach)) {
        (Some(warn), Some(breach)) if wide => format!("warn {warn}, breach {breach}"),
        (Some(warn), Some(breach)) => format!("{warn}, {breach}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => String::new(),
    }
}

fn series<'a>(model: &'a Model, spec: &SignalSpec) -> Option<&'a Series> {
    let seen = &model.seen.regions.get(spec.role).signals;
    seen.last()?.get(&spec.id)
}

/// The alarms of both sides by urgency, without sorting them.
struct Alarms<'a> {
    known: [(Role, &'a [Alarm]); 2],
    filter: &'a str,
    /// By urgency, those that match the filter.
    counts: [usize; 3],
    /// By urgency, whatever the filter.
    all: [usize; 3],
}

/// Firing, then those that can't tell, then the rest.
const fn urgency(state: &AlarmState) -> usize {
    match state {
        AlarmState::Alarm => 0,
        AlarmState::InsufficientData | AlarmState::Unknown(_) => 1,
        AlarmState::Ok => 2,
    }
}

impl<'a> Alarms<'a> {
    fn of(model: &'a Model, filter: &'a str) -> Self {
        let known = Role::BOTH.map(|role| {
            let alarms = model.seen.regions.get(role).alarms.last();
            (role, alarms.map_or(&[][..], Vec::as_slice))
        });
        let (mut counts, mut all) = ([0; 3], [0; 3]);
        for alarm in known.iter().flat_map(|(_, alarms)| *alarms) {
            let class = urgency(&alarm.state);
            if let Some(count) = all.get_mut(class) {
                *count += 1;
            }
            if let Some(count) = counts.get_mut(class)
                && text::contains(&alarm.name, filter)
            {
                *count += 1;
            }
        }
        Self {
            known,
            filter,
            counts,
            all,
        }
    }

    fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    fn iter(&self) -> impl Iterator<Item = (Role, &'a Alarm)> {
        let (known, filter) = (self.known, self.filter);
        (0..self.counts.len()).flat_map(move |class| {
            known.into_iter().flat_map(move |(role, alarms)| {
                let of_class =
                    move |a: &&Alarm| urgency(&a.state) == class && text::contains(&a.name, filter);
                alarms
                    .iter()
                    .filter(of_class)
                    .map(move |alarm| (role, alarm))
            })
        })
    }
}

fn alarms(canvas: &mut Canvas<'_>, model: &Model, list: &List<'_>) {
    let [firing, unknown, ok] = list.alarms.all;
    let counts = Line::of(
        format!("{firing} ALARM"),
        if firing > 0 { Paint::Warn } else { Paint::Dim },
    )
    .dim(format!(", {unknown} no data, {ok} ok"));
    let room = canvas.height().saturating_sub(1);
    let selected = list.selected_alarm();
    let total = list.alarms.total();
    let first = layout::first_row(selected.unwrap_or(0), total, room);
    let below = more_below(total, first + room);
    let parts = [matching(list), Line::of(below, Paint::Dim)];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    let right = parts.fold(counts, |line, part| line.dim("; ").join(part));
    canvas.rule(0, &Line::of("alarms", Paint::Title), &right);
    let shown = list.alarms.iter().enumerate().skip(first).take(room);
    for (y, (index, (role, alarm))) in shown.enumerate() {
        canvas.line(y + 1, &alarm_line(model, role, alarm, canvas.width()));
        if selected == Some(index) {
            canvas.select(y + 1);
        }
    }
}

/// How many alarms the filter leaves, if there is one.
fn matching(list: &List<'_>) -> Line<'static> {
    let filter = text::cut_end(list.alarms.filter, 16);
    match (filter.is_empty(), list.alarms.total()) {
        (true, _) => Line::new(),
        (false, 0) => Line::of(format!("none matches /{filter}"), Paint::Warn),
        (false, count) => Line::of(format!("{count} match /{filter}"), Paint::Warn),
    }
}

fn alarm_line<'a>(model: &Model, role: Role, alarm: &'a Alarm, width: usize) -> Line<'a> {
    let state = State::from(&alarm.state);
    let region = lookup::region_column(model, role);
    let since = alarm
        .since
        .map_or_else(|| "     ".to_owned(), |at| format::when(at, model.now));
    let name_room = (width * 2 / 5).min(60);
    Line::new()
        .text(" ")
        .state(state)
        .dim(format!("{region}{since:<6}"))
        .add(text::cut_middle(&alarm.name, name_room), state.words())
        .pad_to(text::width(&region) + name_room + 10)
        .dim(
            alarm
                .reason
                .as_deref()
                .map(reason::short)
                .unwrap_or_default(),
        )
}

/// The whole reason of an alarm, or where a signal's numbers come from.
fn detail(canvas: &mut Canvas<'_>, model: &Model, list: &List<'_>) {
    let width = canvas.width().saturating_sub(2);
    let (title, text) = match list.selected_alarm() {
        None => list
            .signals
            .get(list.selected)
            .map_or_else(Default::default, |s| about(model, s)),
        Some(index) => {
            list.alarms
                .iter()
                .nth(index)
                .map_or_else(Default::default, |(role, alarm)| {
                    let since = alarm.since.map_or_else(String::new, |at| {
                        format!(" since {}", format::date_time(at))
                    });
                    let region = model.env.regions.get(role);
                    let title = format!(
                        "{} in {region}: {}{since}",
                        alarm.name,
                        alarm.state.as_str()
                    );
                    (title, alarm.reason.clone().unwrap_or_default())
                })
        }
    };
    canvas.rule(0, &Line::of(title, Paint::Title), &Line::new());
    for (y, line) in text::wrap(&text, width)
        .into_iter()
        .take(DETAIL - 1)
        .enumerate()
    {
        canvas.line(y + 1, &Line::of(" ", Paint::Text).text(line));
    }
}

fn about(model: &Model, spec: &SignalSpec) -> (String, String) {
    let region = model.env.regions.get(spec.role);
    let newest = series(model, spec).and_then(Series::newest).map_or_else(
        || "no datapoint".to_owned(),
        |point| format!("newest datapoint {}", format::exact(point.at)),
    );
    let text = format!(
        "{} {} of {} every {} s, read in {region}; {newest}",
        spec.statistic, spec.metric, spec.namespace, spec.period_seconds
    );
    (format!("{} ({})", spec.label, spec.id), text)
}
