//! Man page and completions, generated from the command line itself; `assets/` holds copies for packagers.

use clap::builder::PossibleValue;
use clap::{Arg, Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::args::Cli;

/// The shells for which `assets/completions` has a copy.
pub const SHELLS: [(Shell, &str); 3] = [
    (Shell::Bash, "switchback.bash"),
    (Shell::Zsh, "_switchback"),
    (Shell::Fish, "switchback.fish"),
];

/// The completions of a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "switchback", &mut out);
    out
}

/// The manual page. The verbs stand in it with their own flags; those that every command takes are said once.
pub fn man() -> std::io::Result<Vec<u8>> {
    let mut command = Cli::command().term_width(0);
    command.build();
    let page = Man::new(command.clone());
    let mut out = Vec::new();
    page.render_title(&mut out)?;
    page.render_name_section(&mut out)?;
    page.render_synopsis_section(&mut out)?;
    page.render_description_section(&mut out)?;
    verbs(&command).to_writer(&mut out)?;
    page.render_options_section(&mut out)?;
    page.render_extra_section(&mut out)?;
    page.render_version_section(&mut out)?;
    Ok(out)
}

fn verbs(command: &Command) -> Roff {
    let mut page = Roff::new();
    page.control("SH", ["VERBS"]);
    for verb in command.get_subcommands() {
        describe(&mut page, verb);
        for inner in verb.get_subcommands() {
            describe(&mut page, inner);
        }
    }
    page
}

/// A verb with the arguments that are its own.
fn describe(page: &mut Roff, verb: &Command) {
    if verb.has_subcommands() {
        return;
    }
    let own = |argument: &&Arg| !argument.is_global_set() && !is_of_clap(argument);
    let name = verb.get_bin_name().unwrap_or_else(|| verb.get_name());
    let usage: Vec<String> = verb
        .get_arguments()
        .filter(|a| own(a) && (a.is_positional() || a.is_required_set()))
        .map(ToString::to_string)
        .collect();
    page.control("SS", [format!("{name} {}", usage.join(" ")).trim_end()]);
    let about = verb.get_about().map(ToString::to_string);
    page.text([roman(about.unwrap_or_default())]);
    for argument in verb.get_arguments().filter(own) {
        page.control("TP", []);
        page.text([bold(argument.to_string())]);
        page.text([roman(help(argument))]);
    }
}

fn is_of_clap(argument: &Arg) -> bool {
    matches!(argument.get_id().as_str(), "help" | "version")
}

/// What an argument does, with the values it can have.
fn help(argument: &Arg) -> String {
    let text = argument
        .get_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let values = argument.get_possible_values();
    let names: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
    if names.is_empty() || !argument.get_action().takes_values() {
        text
    } else if text.is_empty() {
        format!("One of {}.", names.join(", "))
    } else {
        format!("{text}. One of {}.", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares a copy, or writes it when the tests were built with `BLESS` in the environment.
    fn is_current(path: &str, made: &[u8]) {
        let path = format!("{}/assets/{path}", env!("CARGO_MANIFEST_DIR"));
        if option_env!("BLESS").is_some() {
            std::fs::write(&path, made).unwrap();
        }
        let kept = std::fs::read(&path).unwrap_or_default();
        assert!(
            kept == made,
            "{path} is not what the command line says; run `BLESS=1 cargo test --lib generate`"
        );
    }

    #[test]
    fn the_copies_for_packagers_are_current() {
        is_current("man/switchback.1", &man().unwrap());
        for (shell, file) in SHELLS {
            is_current(&format!("completions/{file}"), &completions(shell));
        }
    }

    #[test]
    fn the_page_names_every_verb_flag_and_exit_code() {
        let page = String::from_utf8(man().unwrap()).unwrap();
        for text in [
            "switchback failover",
            "switchback stacks export [BUNDLE]",
            r"\-\-name\-server",
            r"\-\-override",
            "destination_healthy",
            "23  timed out",
        ] {
            assert!(page.contains(text), "{text}");
        }
        assert!(!page.contains("switchback help"));
    }
}
