//! Switchback: a terminal operations console for systems that run in two AWS regions.

pub mod app;
pub mod aws;
pub mod bundle;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dns;
pub mod domain;
pub mod error;
pub mod journal;
pub mod probe;
pub mod rehearsal;
pub mod runtime;
pub mod ui;
