//! Every colour and every glyph of the console; no other file names a colour.
//!
//! Screens paint with a [`Paint`], which says what something means. The theme turns it into a terminal style for
//! the palette at hand, and in ASCII mode turns each glyph into its ASCII stand-in. A meaning never rests on
//! colour alone: [`State`](super::state::State) has its glyph, badges have their words.

use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthChar as _;

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// `NO_COLOR` or a terminal without colours: bold and reverse only.
    NoColour,
    /// The 16 colours that the operator's own terminal theme decides.
    Ansi16,
    Ansi256,
    TrueColour,
}

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Paint {
    Text,
    /// Secondary: labels, times, what is well and needs no eye.
    Dim,
    Strong,
    /// The words in a rule.
    Title,
    /// The line of a rule, by world.
    RuleLive,
    RuleRehearsal,
    RuleEndpoint,
    Good,
    Warn,
    Bad,
    Unknown,
    Progress,
    BadgeLive,
    BadgeRehearsal,
    BadgeEndpoint,
    Production,
    ReadOnly,
    Serving,
    Go,
    NoGo,
    CannotTell,
    Selected,
    Key,
    Input,
    Cursor,
    Button,
    ButtonFocused,
    Spark,
}

impl Paint {
    pub(super) const ALL: [Self; 28] = [
        Self::Text,
        Self::Dim,
        Self::Strong,
        Self::Title,
        Self::RuleLive,
        Self::RuleRehearsal,
        Self::RuleEndpoint,
        Self::Good,
        Self::Warn,
        Self::Bad,
        Self::Unknown,
        Self::Progress,
        Self::BadgeLive,
        Self::BadgeRehearsal,
        Self::BadgeEndpoint,
        Self::Production,
        Self::ReadOnly,
        Self::Serving,
        Self::Go,
        Self::NoGo,
        Self::CannotTell,
        Self::Selected,
        Self::Key,
        Self::Input,
        Self::Cursor,
        Self::Button,
        Self::ButtonFocused,
        Self::Spark,
    ];
}

/// One style per [`Paint`], and whether glyphs are limited to ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    styles: [Style; Paint::ALL.len()],
    ascii: bool,
}

impl Theme {
    /// The theme for a terminal: its palette, and whether only ASCII may be shown.
    pub fn new(palette: Palette, ascii: bool) -> Self {
        let style = match palette {
            Palette::NoColour => no_colour,
            Palette::Ansi16 => ansi16,
            Palette::Ansi256 => ansi256,
            Palette::TrueColour => true_colour,
        };
        Self {
            styles: Paint::ALL.map(style),
            ascii,
        }
    }

    /// The theme for what the terminal says of itself: `NO_COLOR`, `COLORTERM`, `TERM`, and whether the locale is UTF-8.
    #[expect(
        clippy::fn_params_excessive_bools,
        reason = "four facts about one terminal, read in one place"
    )]
    pub fn of_terminal(
        no_colour: bool,
        colorterm: Option<&str>,
        term: Option<&str>,
        utf8: bool,
    ) -> Self {
        let palette = match (no_colour, colorterm, term) {
            (true, _, _) | (false, _, None | Some("dumb" | "vt100" | "vt220")) => Palette::NoColour,
            (false, Some("truecolor" | "24bit"), Some(_)) => Palette::TrueColour,
            (false, _, Some(term)) if term.contains("256") => Palette::Ansi256,
            (false, _, Some(_)) => Palette::Ansi16,
        };
        Self::new(palette, !utf8)
    }

    /// A style that no other meaning has, so that a test can read the meaning back from a buffer.
    #[cfg(test)]
    pub(super) fn sentinel() -> Self {
        let style = |paint: Paint| match paint {
            Paint::Text => Style::new(),
            other => Style::new().fg(Color::Indexed(other as u8)),
        };
        Self {
            styles: Paint::ALL.map(style),
            ascii: false,
        }
    }

    /// The meaning of a style of the sentinel theme.
    #[cfg(test)]
    pub(super) fn meaning(colour: Color) -> Option<Paint> {
        match colour {
            Color::Indexed(index) => Paint::ALL.get(usize::from(index)).copied(),
            _ => None,
        }
    }

    pub(super) fn style(&self, paint: Paint) -> Style {
        self.styles.get(paint as usize).copied().unwrap_or_default()
    }

    pub(super) const fn is_ascii(&self) -> bool {
        self.ascii
    }
}

const fn no_colour(paint: Paint) -> Style {
    use Modifier as M;
    match paint {
        Paint::Text
        | Paint::Dim
        | Paint::RuleLive
        | Paint::RuleRehearsal
        | Paint::RuleEndpoint
        | Paint::Good
        | Paint::Unknown
        | Paint::Progress
        | Paint::Button
        | Paint::Spark => Style::new(),
        Paint::Strong
        | Paint::Title
        | Paint::Warn
        | Paint::Bad
        | Paint::BadgeLive
        | Paint::Serving
        | Paint::CannotTell
        | Paint::Key
        | Paint::Input => Style::new().add_modifier(M::BOLD),
        Paint::BadgeRehearsal
        | Paint::BadgeEndpoint
        | Paint::Production
        | Paint::ReadOnly
        | Paint::Go
        | Paint::NoGo
        | Paint::Selected
        | Paint::Cursor
        | Paint::ButtonFocused => Style::new().add_modifier(M::BOLD.union(M::REVERSED)),
    }
}

/// The colours that a palette gives to the styles that all colour palettes build alike.
struct Inks {
    dim: Color,
    good: Color,
    warn: Color,
    bad: Color,
    unknown: Color,
    progress: Color,
    rehearsal: Color,
    endpoint: Color,
    /// Text on a coloured ground.
    on_dark: Color,
    on_light: Color,
    select: Color,
}

const fn ansi16(paint: Paint) -> Style {
    coloured(
        paint,
        &Inks {
            dim: Color::Reset,
            good: Color::Green,
            warn: Color::Yellow,
            bad: Color::Red,
            unknown: Color::Magenta,
            progress: Color::Cyan,
            rehearsal: Color::Magenta,
            endpoint: Color::Cyan,
            on_dark: Color::White,
            on_light: Color::Black,
            select: Color::Reset,
        },
    )
}

const fn ansi256(paint: Paint) -> Style {
    coloured(
        paint,
        &Inks {
            dim: Color::Indexed(245),
            good: Color::Indexed(71),
            warn: Color::Indexed(178),
            bad: Color::Indexed(203),
            unknown: Color::Indexed(140),
            progress: Color::Indexed(74),
            rehearsal: Color::Indexed(134),
            endpoint: Color::Indexed(37),
            on_dark: Color::Indexed(231),
            on_light: Color::Indexed(16),
            select: Color::Indexed(238),
        },
    )
}

const fn true_colour(paint: Paint) -> Style {
    coloured(
        paint,
        &Inks {
            dim: Color::Rgb(139, 148, 158),
            good: Color::Rgb(87, 171, 90),
            warn: Color::Rgb(218, 170, 63),
            bad: Color::Rgb(244, 112, 103),
            unknown: Color::Rgb(176, 131, 240),
            progress: Color::Rgb(83, 155, 245),
            rehearsal: Color::Rgb(150, 80, 200),
            endpoint: Color::Rgb(38, 148, 160),
            on_dark: Color::Rgb(255, 255, 255),
            on_light: Color::Rgb(0, 0, 0),
            select: Color::Rgb(55, 62, 71),
        },
    )
}

const fn coloured(paint: Paint, inks: &Inks) -> Style {
    let plain = Style::new();
    let bold = plain.add_modifier(Modifier::BOLD);
    match paint {
        Paint::Text | Paint::Button => plain,
        Paint::Strong | Paint::Title | Paint::BadgeLive | Paint::Key | Paint::Input => bold,
        // a chart of what is well is context, not news
        Paint::Dim | Paint::RuleLive | Paint::Spark => dim(inks),
        Paint::RuleRehearsal => plain.fg(inks.rehearsal),
        Paint::RuleEndpoint => plain.fg(inks.endpoint),
        Paint::Good => plain.fg(inks.good),
        Paint::Warn => plain.fg(inks.warn),
        Paint::Bad => bold.fg(inks.bad),
        Paint::Unknown => plain.fg(inks.unknown),
        Paint::Progress => plain.fg(inks.progress),
        Paint::BadgeRehearsal => bold.fg(inks.on_dark).bg(inks.rehearsal),
        Paint::BadgeEndpoint => bold.fg(inks.on_light).bg(inks.endpoint),
        Paint::Production | Paint::NoGo => bold.fg(inks.on_dark).bg(inks.bad),
        Paint::ReadOnly | Paint::CannotTell => bold.fg(inks.on_light).bg(inks.warn),
        Paint::Serving => bold.fg(inks.good),
        Paint::Go => bold.fg(inks.on_light).bg(inks.good),
        Paint::Selected => match inks.select {
            Color::Reset => plain.add_modifier(Modifier::REVERSED),
            ground => bold.bg(ground),
        },
        Paint::Cursor | Paint::ButtonFocused => bold.add_modifier(Modifier::REVERSED),
    }
}

/// Sixteen colours have no grey that every terminal theme keeps readable: there the terminal dims by itself.
const fn dim(inks: &Inks) -> Style {
    match inks.dim {
        Color::Reset => Style::new().add_modifier(Modifier::DIM),
        grey => Style::new().fg(grey),
    }
}

/// The glyphs that mean something; what they look like in ASCII is decided by [`ascii`].
pub(super) mod glyph {
    pub(crate) const GOOD: &str = "●";
    pub(crate) const WARN: &str = "▲";
    pub(crate) const BAD: &str = "✖";
    pub(crate) const UNKNOWN: &str = "○";
    pub(crate) const PROGRESS: &str = "◌";
    /// Nothing was read for this moment.
    pub(crate) const GAP: &str = "·";
    pub(crate) const ELLIPSIS: &str = "…";
    pub(crate) const BAR_FULL: &str = "█";
    pub(crate) const BAR_EMPTY: &str = "░";
    /// From a thin line to a full cell.
    pub(crate) const LEVELS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
}

/// The ASCII stand-in of a character, of the same width.
pub(super) fn ascii(c: char) -> &'static str {
    match c {
        '●' => "*",
        '▲' | '≠' => "!",
        '✖' => "X",
        '○' => "o",
        '◌' => "~",
        '·' | '…' | '░' => ".",
        '→' | '▶' | '≥' => ">",
        '←' | '◀' | '≤' => "<",
        '↑' => "^",
        '↓' => "v",
        '×' => "x",
        '–' | '─' | '┄' | '▃' | '▄' => "-",
        '━' | '▅' | '▆' => "=",
        '═' | '▇' | '█' => "#",
        '▁' | '▂' => "_",
        '│' | '┆' | '║' => "|",
        '┌' | '┐' | '└' | '┘' | '╔' | '╗' | '╚' | '╝' => "+",
        other if other.width() == Some(2) => "??",
        other if other.width() == Some(0) => "",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_paints_is_in_order() {
        for (index, paint) in Paint::ALL.iter().enumerate() {
            assert_eq!(*paint as usize, index);
        }
    }

    #[test]
    fn the_palette_without_colours_has_none() {
        let theme = Theme::new(Palette::NoColour, false);
        for paint in Paint::ALL {
            let style = theme.style(paint);
            assert_eq!((style.fg, style.bg), (None, None), "{paint:?}");
        }
    }

    #[test]
    fn worlds_and_verdicts_differ_in_every_palette_with_colours() {
        for palette in [Palette::Ansi16, Palette::Ansi256, Palette::TrueColour] {
            let theme = Theme::new(palette, false);
            let differ = |paints: &[Paint]| {
                let styles: std::collections::HashSet<Style> =
                    paints.iter().map(|p| theme.style(*p)).collect();
                assert_eq!(styles.len(), paints.len(), "{paints:?} {palette:?}");
            };
            differ(&[
                Paint::BadgeLive,
                Paint::BadgeRehearsal,
                Paint::BadgeEndpoint,
            ]);
            differ(&[Paint::RuleLive, Paint::RuleRehearsal, Paint::RuleEndpoint]);
            differ(&[
                Paint::Good,
                Paint::Warn,
                Paint::Bad,
                Paint::Unknown,
                Paint::Progress,
            ]);
            differ(&[Paint::Go, Paint::NoGo, Paint::CannotTell]);
        }
    }

    #[test]
    fn stand_ins_are_ascii_and_as_wide() {
        use unicode_width::UnicodeWidthStr as _;
        for c in "●▲✖○◌≠·…░→▶◀↑━┄═│┆║┌╔▁▃▅█東é".chars()
        {
            assert!(ascii(c).is_ascii());
            assert_eq!(ascii(c).width(), c.width().unwrap(), "{c}");
        }
        let states = [
            glyph::GOOD,
            glyph::WARN,
            glyph::BAD,
            glyph::UNKNOWN,
            glyph::PROGRESS,
        ];
        let plain: std::collections::BTreeSet<_> = states
            .iter()
            .map(|g| ascii(g.chars().next().unwrap()))
            .collect();
        assert_eq!(plain.len(), states.len());
        // nor is what is unknown taken for the mark of what can't be compared
        assert!(!plain.contains("?"));
    }
}
