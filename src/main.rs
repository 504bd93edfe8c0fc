//! The thin binary: hands the command line and the standard streams to the library and leaves with its exit code.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use switchback::cli::context::Streams;
use switchback::cli::run::run;

fn main() -> ExitCode {
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let mut streams = Streams {
        input: &mut io::stdin().lock(),
        out: &mut io::stdout(),
        err: &mut io::stderr(),
        is_terminal,
    };
    run(std::env::args_os(), &mut streams).into()
}
