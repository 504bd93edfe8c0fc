//! The verbs below `stacks`, as typed.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Stacks {
    /// The bundles
    List,
    /// One bundle: its stacks, parameters, signals and levers
    Show {
        /// The bundle; the same as --bundle
        #[arg(value_name = "BUNDLE")]
        which: Option<String>,
    },
    /// Hold bundles against the rules for templates
    Check {
        /// The bundle; all of them without it
        #[arg(value_name = "BUNDLE")]
        which: Option<String>,
    },
    /// Write a bundle's templates to files
    Export {
        /// The bundle; the same as --bundle
        #[arg(value_name = "BUNDLE")]
        which: Option<String>,
        /// As YAML instead of JSON
        #[arg(long)]
        yaml: bool,
        /// The folder to write to [default: one named like the bundle]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// How alike the stacks of both regions are: 0 alike, 10 different, 12 it can't be told
    Parity,
    /// Have CloudFormation compare the stacks with their templates: 0 in sync, 10 drifted, 12 it can't be told
    Drift {
        /// The manifest's name of one stack; all of them without it
        #[arg(value_name = "STACK")]
        stack: Option<String>,
        /// Ask for no new detection; show what the last one said
        #[arg(long)]
        last: bool,
    },
    /// Put the Lambda sources of --bundle-dir into its templates
    Inline {
        /// Change nothing; fail where a template differs
        #[arg(long)]
        check: bool,
    },
}
