//! The command line: every verb and flag (DESIGN §11). Scripts rely on it, and its help is a tested snapshot.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use crate::cli::stacks_args::Stacks;
use crate::cli::value;
use crate::config::Format;
use crate::config::value::{Endpoint, name_server, seconds, speed};
use crate::domain::guard::GuardId;
use crate::domain::lever::LeverKind;
use crate::domain::operation::OperationKind;
use crate::domain::region::RegionId;
use crate::domain::repair::{Repair, Wish};
use crate::domain::stack::StackId;

const AFTER_HELP: &str = "\
Flags beat SWITCHBACK_* variables (such as SWITCHBACK_ENVIRONMENT) beat the file
$XDG_CONFIG_HOME/switchback/config.toml beat defaults; `switchback config print`
shows what counts.

Exit codes:
   0  done, healthy, or go
   1  failure
   2  usage, or not confirmable from here
  10  degraded
  11  traffic on the standby
  12  cannot tell, or not deployed
  20  refused by a guard or by read-only mode
  21  not confirmed
  22  operation failed
  23  timed out";

/// Terminal operations console for systems that run in two AWS regions.
///
/// Without a verb it opens the console. `--rehearse` puts any command on an embedded fake AWS: no account, no cost.
#[derive(Clone, Debug, PartialEq, Parser)]
#[command(name = "switchback", version, after_help = AFTER_HELP, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// Flags that every command takes.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Common flags")]
pub struct Global {
    /// The environment: a name of the configuration, or <bundle>-<suffix>
    #[arg(short, long, global = true, value_name = "NAME")]
    pub environment: Option<String>,
    /// The bundle that describes the system
    #[arg(long, global = true, value_name = "NAME")]
    pub bundle: Option<String>,
    /// A folder with bundles of your own
    #[arg(long, global = true, value_name = "DIR")]
    pub bundle_dir: Option<PathBuf>,
    /// The suffix that tells this instance of the bundle from others
    #[arg(long, global = true)]
    pub suffix: Option<String>,
    /// The region that serves by design, if not the bundle's
    #[arg(long, global = true, value_name = "REGION", value_parser = RegionId::parse)]
    pub primary: Option<RegionId>,
    /// The region that stands by, if not the bundle's
    #[arg(long, global = true, value_name = "REGION", value_parser = RegionId::parse)]
    pub standby: Option<RegionId>,
    /// The AWS profile
    #[arg(long, global = true)]
    pub profile: Option<String>,
    /// Talk to this address instead of AWS
    #[arg(long, global = true, value_name = "URL", value_parser = Endpoint::parse)]
    pub endpoint_url: Option<Endpoint>,
    /// Ask this name server instead of the zone's own (repeatable)
    #[arg(long, global = true, value_name = "IP[:PORT]", value_parser = name_server)]
    pub name_server: Vec<SocketAddr>,
    /// Change nothing, whatever is asked
    #[arg(long, global = true)]
    pub read_only: bool,
    /// The configuration file
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where journals and last known values are kept
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// How long the command may take
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// What is written to stdout; prometheus is for `status`
    #[arg(long, global = true, value_enum)]
    pub format: Option<Format>,
    /// Run against the embedded fake AWS, on a scenario [default: steady]
    #[arg(
        long,
        global = true,
        value_name = "SCENARIO",
        help_heading = "Rehearsal"
    )]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "steady")]
    pub rehearse: Option<String>,
    /// World seconds per second, in the console and in `serve` [default: 1]
    #[arg(long, global = true, value_name = "N", value_parser = speed, help_heading = "Rehearsal")]
    pub speed: Option<f64>,
    /// The seed of the world [default: 1]
    #[arg(long, global = true, value_name = "N", help_heading = "Rehearsal")]
    pub seed: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum Verb {
    /// Look once at everything: who serves, what is wrong, may traffic be moved
    Status(Status),
    /// The go/no-go board
    Preflight {
        /// Which way traffic would move
        #[arg(value_enum, default_value = "failover")]
        direction: Direction,
    },
    /// Create or update the stacks of an environment
    Deploy(StackOperation),
    /// Delete the stacks of an environment
    Delete(StackOperation),
    /// Get a stack out of a failed or stuck status
    Repair(RepairOperation),
    /// Move traffic to the standby, or hold it there
    Failover(TrafficOperation),
    /// Move traffic back to the primary
    Failback(TrafficOperation),
    /// Bundles and their templates
    #[command(subcommand)]
    Stacks(Stacks),
    /// The outputs of an environment's stacks
    Outputs {
        /// Write cfn-outputs/flat-outputs.json
        #[arg(long)]
        flat: bool,
    },
    /// What was done, by whom and how it ended
    #[command(subcommand)]
    Journal(JournalVerb),
    /// The report of an operation, from its journal: Markdown, or JSON with --format json
    Report {
        /// Its id; the newest without it
        #[arg(value_name = "OPERATION")]
        operation: Option<String>,
        /// Write OPERATION.md and OPERATION.json into this folder
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// A least-privilege policy for the environment
    Iam {
        #[arg(value_enum, default_value = "operator")]
        whose: Whose,
    },
    /// Rehearsals
    #[command(subcommand)]
    Scenarios(Scenarios),
    /// Serve the rehearsal's world to other tools
    Serve(Serve),
    /// The screen at the end of a recording (:record, or a panic); nothing is asked of AWS
    Replay {
        file: PathBuf,
        /// Stop after so many messages
        #[arg(long, value_name = "N")]
        until: Option<usize>,
    },
    /// Versions, folders and who you are to AWS
    Info,
    /// The configuration
    #[command(subcommand)]
    Config(ConfigVerb),
    /// Shell completions on stdout
    Completions {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// The manual page on stdout
    Man,
}

#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Status {
    /// Look again and again until interrupted
    #[arg(long)]
    pub watch: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Direction {
    Failover,
    Failback,
}

impl Direction {
    pub const fn kind(self) -> OperationKind {
        match self {
            Self::Failover => OperationKind::Failover,
            Self::Failback => OperationKind::Failback,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct StackOperation {
    /// The bundle; the same as --bundle
    #[arg(value_name = "BUNDLE")]
    pub which: Option<String>,
    #[command(flatten)]
    pub how: How,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct RepairOperation {
    /// The manifest's name of the stack, if not the one that is stuck
    #[arg(value_name = "STACK")]
    pub stack: Option<String>,
    /// The way out, if not the mildest; --dry-run shows what there is
    #[arg(long, value_name = "WAY", value_parser = value::repair())]
    pub by: Option<Repair>,
    /// Leave this failed resource out: a rollback does not touch it, a deletion leaves it in AWS (its logical id, or a type; repeatable)
    #[arg(long, value_name = "RESOURCE")]
    pub skip: Vec<String>,
    #[command(flatten)]
    pub how: How,
}

impl RepairOperation {
    pub fn wish(&self) -> Wish {
        Wish {
            stack: self.stack.clone().map(StackId),
            repair: self.by,
            skip: self.skip.clone(),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct TrafficOperation {
    /// How to move it, if not by the bundle's first lever
    #[arg(long, value_parser = value::lever())]
    pub lever: Option<LeverKind>,
    /// Return only when the side that traffic left has no more requests (10 min at most)
    #[arg(long)]
    pub drained: bool,
    /// Label it a drill; on production only within a window of `drill_windows`. A failback that ends a drill is one
    /// unless --drill=false says otherwise
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub drill: Option<bool>,
    #[command(flatten)]
    pub how: How,
}

/// How an operation is confirmed and reported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct How {
    /// Confirm without typing the environment's name; needed where there is no terminal
    #[arg(long)]
    pub yes: bool,
    /// Why; goes into the journal
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Print the plan and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// A parameter of the bundle (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = value::parameter)]
    pub parameter: Vec<(String, String)>,
    /// A JSON object with parameters
    #[arg(long, value_name = "FILE")]
    pub parameters: Option<PathBuf>,
    /// Go on although this guard refuses; needs --reason (repeatable)
    #[arg(long = "override", value_name = "GUARD", requires = "reason", value_parser = value::guard())]
    pub overridden: Vec<GuardId>,
    #[command(flatten)]
    pub cut_off: CutOff,
    /// What is written to stderr meanwhile
    #[arg(long, value_enum, default_value_t)]
    pub progress: Progress,
}

/// What is done about an operation that was cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct CutOff {
    /// Continue the operation of this kind that was cut off
    #[arg(long, conflicts_with = "abandon")]
    pub resume: bool,
    /// Give up what was cut off, and begin anew
    #[arg(long, conflicts_with = "dry_run")]
    pub abandon: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    #[default]
    Human,
    /// One JSON object a line
    Json,
}

#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum JournalVerb {
    /// The operations, newest first
    List,
    /// One operation, entry by entry
    Show {
        /// Its id; the newest without it
        #[arg(value_name = "OPERATION")]
        operation: Option<String>,
    },
    /// Whether the journal is what was written
    Verify {
        /// Its id; every operation without it
        #[arg(value_name = "OPERATION")]
        operation: Option<String>,
    },
}

/// Whose policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Whose {
    /// Enough to watch
    ReadOnly,
    /// Moves traffic and changes stacks
    Operator,
}

#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Scenarios {
    /// The scenarios
    List,
    /// One scenario: its story and the end to be reached
    Show {
        #[arg(value_name = "SCENARIO")]
        name: String,
    },
    /// Play a scenario without a console to its declared end; 0 when it is reached
    Run {
        #[arg(value_name = "SCENARIO")]
        name: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct Serve {
    /// Where to speak AWS; on this machine only
    #[arg(long, value_name = "127.0.0.1:PORT", value_parser = value::loopback)]
    pub listen: SocketAddr,
    /// Where to speak DNS; on this machine only
    #[arg(long, value_name = "127.0.0.1:PORT", value_parser = value::loopback)]
    pub dns: Option<SocketAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigVerb {
    /// What counts, and where each value comes from
    Print,
    /// Whether file and variables are right
    Check,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_help_says_what_the_design_says() {
        let mut command = Cli::command().term_width(100);
        command.build();
        let mut text = command.render_long_help().to_string();
        for verb in [
            "status",
            "preflight",
            "deploy",
            "repair",
            "failover",
            "serve",
        ] {
            let sub = command.find_subcommand_mut(verb).unwrap();
            let own = sub.render_help().to_string();
            let own = own.split("\nCommon flags").next().unwrap();
            text = format!("{text}\n=== {verb} ===\n{own}\n");
        }
        insta::assert_snapshot!(text);
        Cli::command().debug_assert();
    }
}
