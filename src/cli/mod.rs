//! The command line: what it says, what is printed, and the verbs that need no AWS.

pub mod args;
pub mod consent;
pub mod context;
pub mod generate;
pub mod iam;
pub mod output;
pub mod parse;
pub mod run;
pub mod stacks_args;
pub mod value;
pub mod verbs;
