//! The one table of keys: bindings, footer and help are all read from it.

pub use crate::app::applies::applies;
use crate::app::key::Key;
use crate::app::model::{Model, Page};

/// What a key means on a page, outside of dialogs and text fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    FailOver,
    FailBack,
    Deploy,
    Delete,
    Resume,
    Repair,
    Cancel,
    Page(Page),
    NextPage,
    PreviousPage,
    Up,
    Down,
    Top,
    Bottom,
    PageUp,
    PageDown,
    Filter,
    CommandLine,
    Refresh,
    Errors,
    Drift,
    Compare,
    Copy,
    Report,
    Record,
    Faults,
    Snapshot,
    Back,
    Help,
    Quit,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    pub keys: &'static [Key],
    pub command: Command,
    /// One or two words for the footer; empty = only in the help.
    pub short: &'static str,
    /// For the help page and the command line's completion.
    pub name: &'static str,
    pub help: &'static str,
    /// Lower comes first in the footer and is dropped last.
    pub rank: u8,
}

const fn row(
    keys: &'static [Key],
    command: Command,
    short: &'static str,
    name: &'static str,
    help: &'static str,
) -> Binding {
    Binding {
        keys,
        command,
        short,
        name,
        help,
        rank: 5,
    }
}

impl Binding {
    const fn rank(mut self, rank: u8) -> Self {
        self.rank = rank;
        self
    }
}

/// Every binding. Letters read, capitals write.
pub const BINDINGS: &[Binding] = &[
    row(
        &[Key::Char('F')],
        Command::FailOver,
        "fail over",
        "failover",
        "move traffic to the standby, or hold it there",
    )
    .rank(0),
    row(
        &[Key::Char('B')],
        Command::FailBack,
        "fail back",
        "failback",
        "let traffic return to the primary",
    )
    .rank(0),
    row(
        &[Key::Char('D')],
        Command::Deploy,
        "deploy",
        "deploy",
        "create or update the bundle's stacks in both regions",
    )
    .rank(1),
    row(
        &[Key::Char('X')],
        Command::Delete,
        "delete",
        "delete",
        "delete the bundle's stacks in both regions",
    )
    .rank(1),
    row(
        &[Key::Char('C')],
        Command::Resume,
        "continue",
        "continue",
        "continue an operation that was cut off, or give it up",
    )
    .rank(0),
    row(
        &[Key::Char('R')],
        Command::Repair,
        "repair",
        "repair",
        "get the selected stack out of a failed or stuck status",
    )
    .rank(1),
    row(
        &[Key::Char('K')],
        Command::Cancel,
        "stop",
        "stop",
        "cancel the deployment that runs: updates are taken back",
    )
    .rank(0),
    row(
        &[Key::Char('1')],
        Command::Page(Page::Board),
        "",
        "board",
        "both regions side by side",
    ),
    row(
        &[Key::Char('2')],
        Command::Page(Page::Stacks),
        "",
        "stacks",
        "stacks, live events, outputs",
    ),
    row(
        &[Key::Char('3')],
        Command::Page(Page::Traffic),
        "",
        "traffic",
        "health checks, levers, records, go/no-go in full",
    ),
    row(
        &[Key::Char('4')],
        Command::Page(Page::Signals),
        "",
        "signals",
        "alarms with reasons, signals with limits",
    ),
    row(
        &[Key::Char('5')],
        Command::Page(Page::Journal),
        "",
        "journal",
        "operations and their outcomes",
    ),
    row(
        &[Key::Tab, Key::Right, Key::Char('l')],
        Command::NextPage,
        "",
        "next",
        "next page",
    ),
    row(
        &[Key::BackTab, Key::Left, Key::Char('h')],
        Command::PreviousPage,
        "",
        "previous",
        "previous page",
    ),
    row(
        &[Key::Down, Key::Char('j')],
        Command::Down,
        "",
        "down",
        "one row down",
    ),
    row(
        &[Key::Up, Key::Char('k')],
        Command::Up,
        "",
        "up",
        "one row up",
    ),
    row(
        &[Key::Home, Key::Char('g')],
        Command::Top,
        "",
        "top",
        "first row",
    ),
    row(
        &[Key::End, Key::Char('G')],
        Command::Bottom,
        "",
        "bottom",
        "last row",
    ),
    row(
        &[Key::PageDown],
        Command::PageDown,
        "",
        "page-down",
        "ten rows down",
    ),
    row(
        &[Key::PageUp],
        Command::PageUp,
        "",
        "page-up",
        "ten rows up",
    ),
    row(
        &[Key::Char('!')],
        Command::Errors,
        "errors",
        "errors",
        "what could not be read, and since when",
    )
    .rank(4),
    row(
        &[Key::Char('v')],
        Command::Drift,
        "drift",
        "drift",
        "have CloudFormation compare the selected stack with its template",
    )
    .rank(3),
    row(
        &[Key::Char('p')],
        Command::Compare,
        "parity",
        "parity",
        "how alike both regions are, and drift, in full",
    )
    .rank(3),
    row(
        &[Key::Char('/')],
        Command::Filter,
        "filter",
        "filter",
        "show only rows (in a review: changes) that contain a text",
    )
    .rank(6),
    row(
        &[Key::Char(':')],
        Command::CommandLine,
        "command",
        "command",
        "run a command by name",
    )
    .rank(6),
    row(
        &[Key::Ctrl('r')],
        Command::Refresh,
        "",
        "refresh",
        "read everything again now",
    ),
    row(
        &[Key::Char('y')],
        Command::Copy,
        "",
        "copy",
        "copy the page's main line to the clipboard (OSC 52)",
    ),
    row(
        &[Key::Char('r')],
        Command::Report,
        "report",
        "report",
        "write the selected operation's report (page 5)",
    )
    .rank(3),
    row(
        &[],
        Command::Record,
        "",
        "record",
        "save the last messages, for whoever looks into this program",
    ),
    row(
        &[Key::Char('I')],
        Command::Faults,
        "inject",
        "faults",
        "rehearsal: let something go wrong, or end it",
    )
    .rank(3),
    row(
        &[Key::Ctrl('s')],
        Command::Snapshot,
        "",
        "snapshot",
        "save what is seen as JSON",
    ),
    row(
        &[Key::Esc],
        Command::Back,
        "",
        "back",
        "clear the filter, close, go back to the board",
    ),
    row(
        &[Key::Char('?')],
        Command::Help,
        "help",
        "help",
        "this page",
    )
    .rank(2),
    row(
        &[Key::Char('q'), Key::Ctrl('c')],
        Command::Quit,
        "quit",
        "quit",
        "leave; asks while an operation runs",
    )
    .rank(2),
];

/// What a key means where no dialog or text field owns it.
pub fn command(key: Key) -> Option<Command> {
    BINDINGS
        .iter()
        .find(|binding| binding.keys.contains(&key))
        .map(|binding| binding.command)
}

/// What a command's name means on the command line.
pub fn by_name(name: &str) -> Option<Command> {
    let name = name.trim();
    let alias = match name {
        "q" | "exit" => "quit",
        "fo" => "failover",
        "fb" => "failback",
        other => other,
    };
    BINDINGS
        .iter()
        .find(|binding| binding.name == alias)
        .map(|binding| binding.command)
}

/// The bindings that apply now, most important first.
pub fn footer(model: &Model) -> Vec<&'static Binding> {
    let mut shown: Vec<&Binding> = BINDINGS
        .iter()
        .filter(|b| !b.short.is_empty() && applies(b.command, model))
        .collect();
    shown.sort_by_key(|binding| binding.rank);
    shown
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_key_means_two_things_and_every_row_has_its_help() {
        let mut seen = Vec::new();
        for binding in BINDINGS {
            for key in binding.keys {
                assert!(!seen.contains(key), "{key:?} is bound twice");
                seen.push(*key);
            }
            assert!(!binding.help.is_empty() && !binding.name.is_empty());
        }
        let names: BTreeSet<&str> = BINDINGS.iter().map(|b| b.name).collect();
        assert_eq!(names.len(), BINDINGS.len(), "a name is used twice");
    }

    #[test]
    fn only_capitals_write() {
        for binding in BINDINGS {
            let writes = matches!(
                binding.command,
                Command::FailOver
                    | Command::FailBack
                    | Command::Deploy
                    | Command::Delete
                    | Command::Repair
                    | Command::Cancel
            );
            let capital = binding
                .keys
                .iter()
                .all(|k| matches!(k, Key::Char(c) if c.is_ascii_uppercase()));
            if writes {
                assert!(capital, "{:?}", binding.command);
            }
        }
    }
}
