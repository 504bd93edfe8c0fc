//! The strip between the regions: where traffic goes, what was asked for and what is seen, may I move it.

use crate::app::model::Model;
use crate::domain::guard::GuardResult;
use crate::domain::observation::Serving;
use crate::domain::operation::{OperationKind, Outcome};
use crate::domain::plan::Situation;
use crate::domain::region::Role;
use crate::domain::remark::RemarkId;

use super::canvas::Canvas;
use super::guards::{self, Answer};
use super::line::{Line, flow};
use super::state::{State, outcome_words};
use super::theme::Paint;
use super::{format, layout, name_servers, serving, text};

/// How many lines the strip needs below its rule, on a page of this size.
pub(super) fn height(model: &Model, page: (usize, usize)) -> usize {
    if is_rich(model, page) {
        let (left, right) = columns(model, page.0);
        left.len().max(right.len())
    } else {
        lines(model, page.0).len()
    }
}

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model, page: (usize, usize)) {
    canvas.rule(0, &Line::of("traffic", Paint::Title), &Line::new());
    let draw = |canvas: &mut Canvas<'_>, lines: &[Line<'_>]| {
        for (y, line) in lines.iter().enumerate() {
            canvas.line(y, line);
        }
    };
    let (width, height) = (canvas.width(), canvas.height());
    let half = width / 2;
    if is_rich(model, page) {
        let (left, right) = columns(model, width);
        draw(&mut canvas.part((0, 1), half - 2, height), &left);
        draw(&mut canvas.part((half, 1), width - half, height), &right);
    } else {
        draw(&mut canvas.rows(1, height), &lines(model, width));
    }
}

/// Whether the page has room for every guard and every name server.
fn is_rich(model: &Model, (width, height): (usize, usize)) -> bool {
    let frame = layout::RICH.1.saturating_sub(4);
    model.env.traffic.is_some() && width >= layout::RICH.0 && height >= frame
}

/// Left: where traffic goes, and what each name server says. Right: the go/no-go board in full.
fn columns(model: &Model, width: usize) -> (Vec<Line<'_>>, Vec<Line<'_>>) {
    let half = width / 2;
    let mut left = lines(model, half - 2);
    left.push(Line::new());
    let servers = name_servers::lines(model).into_iter();
    left.extend(servers.map(|line| Line::new().text(" ").join(line)));
    let guards = guards::of(model, serving::next_move(model));
    let right = guards
        .iter()
        .flat_map(|guard| guards::rows(model, guard, width - half));
    (left, right.collect())
}

fn lines(model: &Model, width: usize) -> Vec<Line<'_>> {
    if model.env.traffic.is_none() {
        return vec![Line::of(" this bundle steers no traffic", Paint::Dim)];
    }
    let room = width.saturating_sub(2);
    let kind = serving::next_move(model);
    let found = guards::of(model, kind);
    let answer = guards::answer(found);
    let where_to = vec![
        serving::destination(model),
        serving::held(model).unwrap_or_default(),
        serving::commanded_confirmed(model),
    ];
    let own_line = answer != Answer::Go || width >= layout::WIDE;
    let warning = if own_line {
        Line::new()
    } else {
        first_warning(found)
    };
    let may_i = vec![verdict(model, kind, answer), warning, exposure(model)];
    let mut lines = flow(where_to, room, "   ");
    lines.extend(flow(may_i, room, "   "));
    append(&mut lines, practice(model), room);
    if own_line {
        lines.extend(guards::first_objection(found).map(guards::objection));
    }
    lines.extend(hint(model, answer));
    lines.extend(first_remark(model, room));
    lines.extend(busy(model));
    lines
        .into_iter()
        .map(|line| Line::new().text(" ").join(line))
        .collect()
}

/// Adds to the last line what is good to know, in the longest form that there is room for.
fn append<'a>(lines: &mut [Line<'a>], forms: [Line<'a>; 2], room: usize) {
    let Some(last) = lines.last_mut() else {
        return;
    };
    let left = room.saturating_sub(last.width() + 3);
    if let Some(form) = forms.into_iter().find(|form| form.width() <= left) {
        *last = std::mem::take(last).text("   ").join(form);
    }
}

/// For example ` GO  fail over: 9 allow, 1 warn`.
fn verdict<'a>(model: &Model, kind: OperationKind, answer: Answer) -> Line<'a> {
    let line = answer
        .badge()
        .text(" ")
        .text(serving::verb(model, kind).to_lowercase());
    let line = match model.facts.situation {
        Situation::Emergency => line.add(", emergency", Paint::Bad),
        Situation::Planned => line,
    };
    let guards = guards::of(model, kind);
    if guards.is_empty() {
        line
    } else {
        line.dim(": ").join(guards::counts(guards))
    }
}

/// The first warning in few words, where it has no line of its own.
fn first_warning(found: &[GuardResult]) -> Line<'_> {
    guards::first_objection(found).map_or_else(Line::new, |guard| {
        let state = guards::state(guard);
        let words = format!("{} {}", guards::label(guard.id), guard.value);
        Line::new().state(state).add(words, state.words())
    })
}

/// Seconds of data that would be lost now, held against the objective.
pub(super) fn exposure(model: &Model) -> Line<'static> {
    let rpo = model.env.objectives.rpo;
    match &model.facts.exposure {
        None => Line::of("exposure ", Paint::Dim).add("unknown", Paint::Unknown),
        Some(found) => {
            let paint = if found.seconds > rpo as f64 {
                Paint::Bad
            } else {
                Paint::Text
            };
            Line::of("exposure ", Paint::Dim)
                .add(format::exposure(found, model.facts.situation), paint)
                .dim(format!(" of {rpo} s"))
        }
    }
}

/// Date and result of the last drill (or, without one, of what else has shown that it works), in full and in short.
fn practice(model: &Model) -> [Line<'static>; 2] {
    let Some(one) = model.practised_now().shown() else {
        let words = || Line::of("never drilled", Paint::Dim);
        return [words(), words()];
    };
    let objective = model.env.objectives.rto;
    let met = one.met(objective);
    let state = if met { State::Good } else { State::Bad };
    let took = match (one.outcome, one.rto_seconds) {
        (Outcome::Succeeded, Some(took)) => format::duration(took),
        (outcome, _) => outcome_words(outcome).to_owned(),
    };
    let of = format!(" of {}", format::round(objective as f64));
    let full = Line::of(
        format!(
            "last {} {} ",
            one.label.as_str(),
            one.at.strftime("%Y-%m-%d")
        ),
        Paint::Dim,
    );
    let short = Line::of(
        format!("{} {} ", one.label.as_str(), one.at.strftime("%m-%d")),
        Paint::Dim,
    );
    let result = |line: Line<'static>| line.state(state).add(took.clone(), state.words());
    [result(full).dim(of), result(short)]
}

/// What the situation asks of the operator.
fn hint(model: &Model, answer: Answer) -> Option<Line<'static>> {
    let facts = &model.facts;
    let region = |role: Role| model.env.regions.get(role);
    let (primary, standby) = (region(Role::Primary), region(Role::Standby));
    let free = !model.default_lever().needs_route53();
    match (facts.serving, facts.held, facts.situation) {
        (Serving::Standby, false, _) if facts.commanded.is_none() => {
            Some(Line::of("F", Paint::Key).text(" holds it there, whatever may hold it now"))
        }
        (Serving::Standby, false, _) => Some(Line::of("F", Paint::Key).text(format!(
            " holds it there; until then it returns to {primary} by itself"
        ))),
        (Serving::Primary, _, Situation::Emergency) if answer == Answer::Go => {
            let needs = if free {
                "; needs nothing from ".to_owned() + primary.as_str()
            } else {
                String::new()
            };
            Some(Line::of("F", Paint::Key).text(format!(" moves it to {standby}{needs}")))
        }
        _ => None,
    }
}

/// What is not as it seems, where the hint does not say it already. The Traffic page has all of it, with advice.
fn first_remark(model: &Model, room: usize) -> Option<Line<'static>> {
    let mut remarks = model.facts.remarks.iter();
    let found = remarks.find(|remark| remark.id != RemarkId::NotHeld)?;
    let words = format!("{}: page 3", found.what);
    let words = text::cut_end(&words, room.saturating_sub(2));
    Some(
        Line::new()
            .state(State::Warn)
            .add(words.into_owned(), Paint::Warn),
    )
}

/// An operation that moves no traffic runs on its own page.
fn busy(model: &Model) -> Option<Line<'static>> {
    let run = model.run.as_deref().filter(|run| run.is_running())?;
    let done = run.steps.iter().filter(|s| s.finished.is_some()).count();
    let title = run.plan().kind.title();
    let words = format!(
        "{title} is running, {done} of {} steps: page 2",
        run.steps.len()
    );
    Some(Line::new().state(State::Progress).text(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::fixtures;

    fn words(model: &Model) -> String {
        let text = |line: &Line<'_>| {
            line.pieces
                .iter()
                .map(|p| p.text.to_string())
                .collect::<String>()
        };
        lines(model, 80)
            .iter()
            .map(text)
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn a_primary_that_serves_can_be_left() {
        let model = fixtures::steady();
        assert_eq!(guards::answer(&model.go.failover), Answer::Go);
        let words = words(&model);
        assert!(words.contains("api.pay.test → us-east-1"), "{words}");
        assert!(
            words.contains("commanded primary, confirmed primary (4/4 NS)"),
            "{words}"
        );
    }

    #[test]
    fn traffic_that_nothing_holds_is_called_so() {
        let words = words(&fixtures::on_standby(None));
        assert!(
            words.contains("NOT HELD") && words.contains("F holds it there"),
            "{words}"
        );
    }

    #[test]
    fn the_first_warning_is_named_where_it_has_no_line_of_its_own() {
        let mut model = fixtures::steady();
        model.past.clear();
        model.conclude();
        let words = words(&model);
        assert!(words.contains("▲ last drill never"), "{words}");
    }
}
