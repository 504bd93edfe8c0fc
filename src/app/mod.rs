//! The state of the console and the rules that change it: pure, synchronous, without I/O or a clock.
//!
//! [`update::update`] takes a [`msg::Msg`] and returns the [`effect::Effect`]s that `runtime` performs.
#![warn(clippy::wildcard_enum_match_arm)]

mod applies;
pub mod dialog;
pub mod effect;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod key;
pub mod keymap;
pub mod model;
pub mod msg;
mod practice;
pub mod run;
pub mod select;
pub mod unfinished;
pub mod update;
