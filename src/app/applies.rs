//! Which commands make sense now: those that the footer offers.

use crate::app::keymap::Command;
use crate::app::model::{Model, Page};

/// Whether a command makes sense now.
pub fn applies(command: Command, model: &Model) -> bool {
    match command {
        Command::FailOver => model.offers_failover(),
        Command::FailBack => model.offers_failback(),
        Command::Deploy | Command::Delete => !model.is_busy() && !model.env.read_only,
        Command::Resume => !model.unfinished.is_empty() && !model.is_busy(),
        Command::Repair => model.offers_repair(),
        Command::Cancel => model.cancellable().is_some(),
        Command::Errors => model.has_errors(),
        Command::Drift | Command::Compare => model.page == Page::Stacks,
        Command::Faults => model.facilitator.is_some(),
        Command::Report => model.page == Page::Journal && model.selected_past().is_some(),
        Command::Page(_)
        | Command::NextPage
        | Command::PreviousPage
        | Command::Up
        | Command::Down
        | Command::Top
        | Command::Bottom
        | Command::PageUp
        | Command::PageDown
        | Command::Filter
        | Command::CommandLine
        | Command::Refresh
        | Command::Copy
        | Command::Snapshot
        | Command::Record
        | Command::Back
        | Command::Help
        | Command::Quit => true,
    }
}
