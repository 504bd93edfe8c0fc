//! The pure core: what the words of the design mean, and the rules that decide.
//!
//! Nothing here does I/O, reads a clock or an environment variable, or knows the SDK, the terminal
//! or an async runtime. Time is always an argument (UTC, [`jiff::Timestamp`]).
#![warn(clippy::wildcard_enum_match_arm)]

pub mod alarm;
pub mod assess;
pub mod blocker;
pub mod change;
pub mod drift;
pub mod drill;
pub mod environment;
pub mod exposure;
pub mod failure;
pub mod forecast;
pub mod guard;
pub mod health;
pub mod inner;
pub mod lever;
pub mod observation;
pub mod observed;
pub mod operation;
pub mod parity;
pub mod placeholder;
pub mod plan;
pub mod planning;
pub mod prediction;
pub mod promotion;
pub mod records_lever;
pub mod recovery;
pub mod region;
pub mod remark;
pub mod repair;
pub mod retained;
pub mod routing;
pub mod signal;
pub mod stack;
pub mod text;
pub mod trouble;
pub mod unfinished;
