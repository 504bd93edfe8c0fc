//! The verbs, one file for each group.

pub mod about;
pub mod compare;
pub mod console;
pub mod cut_off;
pub mod iam;
pub mod journal;
pub mod look;
pub mod operate;
pub mod progress;
pub mod replay;
pub mod report;
pub mod scenarios;
pub mod serve;
pub mod stacks;
