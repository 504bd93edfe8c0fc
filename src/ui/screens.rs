//! Whole screens as text and as meanings, at the three sizes that the console is made for.
//!
//! A snapshot has two layers: the text grid, then for each row the runs of what is not plain text, named by their
//! [`Paint`], so that a lost `Bad` shows even where the text stays the same.

use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr as _;

use super::fixtures;
use super::theme::{Paint, Palette, Theme};
use crate::app::dialog::{Dialog, TextField};
use crate::app::model::{Model, Page};
use crate::domain::lever::Command;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn buffer(model: &Model, (width, height): (u16, u16), theme: &Theme) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| super::draw(frame, model, theme))
        .unwrap();
    terminal.backend().buffer().clone()
}

/// Both layers of one screen.
fn shot(model: &Model, size: (u16, u16)) -> String {
    let buffer = buffer(model, size, &Theme::sentinel());
    let mut text = grid(&buffer);
    text.push_str("----\n");
    for y in 0..size.1 {
        let runs = runs(&buffer, y);
        if !runs.is_empty() {
            writeln!(text, "{y:2}: {runs}").unwrap();
        }
    }
    text
}

fn grid(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut row = String::new();
        let mut x = 0;
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            row.push_str(symbol);
            x += u16::try_from(symbol.width().max(1)).unwrap();
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

fn runs(buffer: &Buffer, y: u16) -> String {
    let meaning = |x: u16| Theme::meaning(buffer[(x, y)].fg).unwrap_or(Paint::Text);
    let mut runs = Vec::new();
    let mut start = 0;
    for x in 1..=buffer.area.width {
        if x == buffer.area.width || meaning(x) != meaning(start) {
            if meaning(start) != Paint::Text {
                runs.push(format!("{start}..{x} {:?}", meaning(start)));
            }
            start = x;
        }
    }
    runs.join(", ")
}

fn snapshot(name: &str, model: &Model) {
    for size in SIZES {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_suffix(format!("{}x{}", size.0, size.1));
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, shot(model, size)));
    }
}

#[test]
fn board() {
    snapshot("loading", &fixtures::loading());
    snapshot("steady", &fixtures::steady());
    snapshot("rehearsal", &fixtures::rehearsal());
    snapshot("alarm", &fixtures::with_alarm());
    snapshot("dark", &fixtures::dark());
    snapshot("split", &fixtures::split());
    snapshot("unfit", &fixtures::unfit());
    snapshot("unlike", &fixtures::unlike());
    snapshot("not_held", &fixtures::on_standby(None));
    snapshot("held", &fixtures::on_standby(Some(Command::Engage)));
    snapshot("long_names", &fixtures::long_names());
    snapshot("large", &fixtures::large());
    snapshot("undeployed", &fixtures::undeployed());
    snapshot("blind", &fixtures::blind());
    let mut filtered = fixtures::with_alarm();
    filtered.filter = Some(TextField::with_value("lag"));
    snapshot("filtered", &filtered);
    snapshot("filtered_signals", &on_page(filtered, Page::Signals));
    let mut crowded = fixtures::rehearsal();
    crowded.env.production = true;
    crowded.env.read_only = true;
    crowded.load.throttled = true;
    snapshot("crowded", &crowded);
}

#[test]
fn operations() {
    snapshot("failing_over", &fixtures::failing_over());
    snapshot("promoting", &fixtures::promoting());
    snapshot("timed_out", &fixtures::timed_out());
    snapshot("deploying", &fixtures::deploying());
    let paused = fixtures::paused(fixtures::deploying());
    snapshot("deploying_paused", &paused);
    let paused = fixtures::paused(fixtures::failing_over());
    snapshot("failing_over_paused", &paused);
    snapshot(
        "board_deploying",
        &on_page(fixtures::deploying(), Page::Board),
    );
    snapshot("deploy_failed", &fixtures::deploy_failed());
}

#[test]
fn pages() {
    snapshot("stacks", &on_page(fixtures::steady(), Page::Stacks));
    snapshot("stacks_dark", &on_page(fixtures::dark(), Page::Stacks));
    snapshot("stacks_unlike", &on_page(fixtures::unlike(), Page::Stacks));
    snapshot("traffic", &on_page(fixtures::steady(), Page::Traffic));
    snapshot("traffic_dark", &on_page(fixtures::dark(), Page::Traffic));
    snapshot(
        "traffic_promoting",
        &on_page(fixtures::promoting(), Page::Traffic),
    );
    snapshot("traffic_unfit", &on_page(fixtures::unfit(), Page::Traffic));
    snapshot("signals", &on_page(fixtures::with_alarm(), Page::Signals));
    snapshot("signals_large", &on_page(fixtures::large(), Page::Signals));
    snapshot("journal", &on_page(fixtures::steady(), Page::Journal));
}

#[test]
fn dialogs() {
    snapshot("confirm", &fixtures::confirming(fixtures::dark()));
    snapshot("confirm_typed", &fixtures::confirmed_typed());
    snapshot("confirm_refused", &fixtures::refused());
    snapshot(
        "confirm_rehearsal",
        &fixtures::confirming(fixtures::rehearsal()),
    );
    snapshot("hold", &fixtures::planned(fixtures::on_standby(None)));
    let compare = Dialog::Compare { scroll: 0 };
    snapshot("compare", &fixtures::with(fixtures::unlike(), compare));
    snapshot("delete", &fixtures::deleting(fixtures::steady()));
    snapshot("repair", &fixtures::repairing());
    snapshot("review", &fixtures::reviewing());
    snapshot("review_filtered", &fixtures::review_filtered());
    snapshot("delete_blocked", &fixtures::delete_blocked());
    snapshot("stop", &fixtures::stopping());
    snapshot("form", &fixtures::form());
    snapshot(
        "help",
        &fixtures::with(fixtures::steady(), Dialog::Help { scroll: 0 }),
    );
    snapshot(
        "errors",
        &fixtures::with(fixtures::dark(), Dialog::Errors { scroll: 0 }),
    );
    snapshot("facilitator", &fixtures::facilitator());
    snapshot("cut_off", &fixtures::cut_off());
    snapshot(
        "quit",
        &fixtures::with(fixtures::failing_over(), Dialog::Quit),
    );
}

#[test]
fn a_terminal_that_is_too_small_still_shows_the_two_lines_that_matter() {
    for (name, model) in [
        ("small", fixtures::steady()),
        ("small_dark", fixtures::on_standby(None)),
    ] {
        insta::assert_snapshot!(name, shot(&model, (60, 15)));
    }
}

#[test]
fn typing_is_shown_in_the_last_line() {
    let mut model = fixtures::with_alarm();
    model.filter = Some(TextField::with_value("thrott"));
    model.typing = true;
    insta::assert_snapshot!("filter", shot(&model, (80, 24)));
    model.typing = false;
    model.notice = Some(crate::app::model::Notice {
        text: "reading everything again".into(),
        weight: crate::app::model::Weight::Plain,
    });
    insta::assert_snapshot!("notice", shot(&model, (80, 24)));
}

/// Every situation, for what must hold in all of them.
fn situations() -> Vec<Model> {
    vec![
        fixtures::loading(),
        fixtures::steady(),
        fixtures::rehearsal(),
        fixtures::with_alarm(),
        fixtures::dark(),
        fixtures::split(),
        fixtures::unfit(),
        fixtures::on_standby(None),
        fixtures::on_standby(Some(Command::Engage)),
        fixtures::failing_over(),
        fixtures::promoting(),
        fixtures::long_names(),
        fixtures::timed_out(),
        fixtures::undeployed(),
        fixtures::blind(),
        fixtures::planned(fixtures::on_standby(None)),
        fixtures::deleting(fixtures::long_names()),
        fixtures::deploying(),
        fixtures::deploy_failed(),
        fixtures::confirming(fixtures::long_names()),
        fixtures::confirmed_typed(),
        fixtures::refused(),
        fixtures::form(),
        fixtures::repairing(),
        fixtures::reviewing(),
        fixtures::stopping(),
        fixtures::with(fixtures::steady(), Dialog::Help { scroll: 7 }),
        fixtures::with(fixtures::dark(), Dialog::Errors { scroll: 3 }),
        fixtures::with(fixtures::failing_over(), Dialog::Quit),
    ]
}

fn on_page(mut model: Model, page: Page) -> Model {
    model.page = page;
    model
}

#[test]
fn an_idle_screen_stays_as_it_is_for_a_minute() {
    let theme = Theme::new(Palette::TrueColour, false);
    for page in Page::ALL {
        let mut model = on_page(fixtures::with_alarm(), page);
        model.now = fixtures::time("12:04:30");
        model.conclude();
        let first = buffer(&model, (120, 40), &theme);
        for second in [31, 35, 40, 44] {
            model.now = fixtures::time(&format!("12:04:{second}"));
            model.conclude();
            let later = buffer(&model, (120, 40), &theme);
            let changed: Vec<_> = first.diff(&later);
            assert_eq!(changed, [], "{page:?} at :{second}");
        }
    }
}

#[test]
fn a_dark_region_ticks_with_the_clock_only() {
    let theme = Theme::new(Palette::TrueColour, false);
    let mut model = fixtures::dark();
    let first = buffer(&model, (80, 24), &theme);
    model.now += Duration::from_secs(12);
    model.conclude();
    assert_eq!(first, buffer(&model, (80, 24), &theme));
}

#[test]
fn ascii_screens_have_nothing_else() {
    let theme = Theme::new(Palette::NoColour, true);
    for model in situations() {
        for page in Page::ALL {
            let buffer = buffer(&on_page(model.clone(), page), (120, 40), &theme);
            let strange = buffer.content.iter().find(|cell| !cell.symbol().is_ascii());
            assert_eq!(strange, None);
        }
    }
}

#[test]
fn every_screen_of_a_rehearsal_says_so() {
    let theme = Theme::sentinel();
    for page in Page::ALL {
        for size in SIZES {
            let text = grid(&buffer(&on_page(fixtures::rehearsal(), page), size, &theme));
            assert!(text.matches("REHEARSAL").count() >= 2, "{text}");
            assert!(!text.contains("LIVE") && !text.contains('━'), "{text}");
        }
    }
}

proptest! {
    #[test]
    fn drawing_never_panics_at_any_size(
        size in (1_u16..=250, 1_u16..=80),
        situation in 0_usize..25,
        page in 0_usize..5,
        row in 0_usize..40,
    ) {
        static ALL: std::sync::LazyLock<Vec<Model>> = std::sync::LazyLock::new(situations);
        let mut model = on_page(ALL[situation].clone(), Page::ALL[page]);
        model.rows = [row; 5];
        buffer(&model, size, &Theme::new(Palette::Ansi16, row % 2 == 0));
    }
}
