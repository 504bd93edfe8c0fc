//! The house: who may name whom, and how a file looks. Read from the sources, so that no import slips by.

use std::path::{Path, PathBuf};

/// A file may have no more lines before its tests.
const MAX_LINES: usize = 400;

/// A source file: its path below the package, with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

/// What a group of files may not name.
struct Ban {
    why: &'static str,
    applies: fn(&str) -> bool,
    /// Whether tests at the bottom of a file are held to it as well.
    tests_too: bool,
    names: &'static [&'static str],
}

const SDK: &[&str] = &[
    "aws_config",
    "aws_credential_types",
    "aws_sdk_",
    "aws_smithy_",
    "aws_types",
];

const BANS: &[Ban] = &[
    Ban {
        why: "domain and app are pure",
        applies: |path| path.starts_with("src/domain/") || path.starts_with("src/app/"),
        tests_too: true,
        names: &[
            "tokio",
            "aws_",
            "ratatui",
            "crossterm",
            "std::fs",
            "std::env",
            "hickory",
        ],
    },
    Ban {
        why: "ui draws, nothing else",
        applies: |path| path.starts_with("src/ui/"),
        tests_too: true,
        names: &["tokio", "aws_", "crate::runtime", "crate::aws"],
    },
    Ban {
        why: "only src/aws names the SDK",
        applies: |path| !path.starts_with("src/aws/") && path != "src/clock.rs",
        tests_too: false,
        names: SDK,
    },
    Ban {
        why: "the clock may name aws_smithy_async only",
        applies: |path| path == "src/clock.rs",
        tests_too: false,
        names: &[
            "aws_config",
            "aws_credential_types",
            "aws_sdk_",
            "aws_smithy_runtime",
            "aws_smithy_types",
            "aws_smithy_http",
            "aws_types",
        ],
    },
    Ban {
        why: "finish it, or say in the issue that it is not finished",
        applies: |_| true,
        tests_too: true,
        names: &["dbg!"],
    },
];

fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(root).unwrap();
                found.push(Source {
                    path: below.to_string_lossy().replace('\\', "/"),
                    text: std::fs::read_to_string(&path).unwrap(),
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The lines before the tests at the bottom of a file; all of them where the file is a test itself.
fn production(text: &str) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> = text.lines().collect();
    let is_tests = |index: usize| {
        let next = lines.get(index + 1).map_or("", |line| line.trim());
        lines[index] == "#[cfg(test)]" && next.starts_with("mod ") && next.ends_with('{')
    };
    let end = (0..lines.len())
        .find(|index| is_tests(*index))
        .unwrap_or(lines.len());
    text.lines().take(end)
}

/// A line without its comment.
fn code(line: &str) -> &str {
    let trimmed = line.trim_start();
    if trimmed.starts_with("//") {
        return "";
    }
    line.split(" // ").next().unwrap_or(line)
}

/// Whether a line names a thing: the name stands at the beginning of a word.
fn names(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// Everything that is wrong with a file, as `path:line: reason`.
fn problems(source: &Source, is_test: bool) -> Vec<String> {
    let mut found = Vec::new();
    let path = &source.path;
    if !source.text.starts_with("//! ") {
        found.push(format!(
            "{path}:1: begins without `//!` saying what it is for"
        ));
    }
    let production_lines = production(&source.text).count();
    if production_lines > MAX_LINES && !is_test {
        found.push(format!(
            "{path}: has {production_lines} lines before its tests, {MAX_LINES} at most"
        ));
    }
    let unfinished = ["TO", "DO"].concat();
    for (index, line) in source.text.lines().enumerate() {
        if names(line, &unfinished) {
            found.push(format!("{path}:{}: {unfinished}", index + 1));
        }
        let in_production = index < production_lines && !is_test;
        for ban in BANS.iter().filter(|ban| (ban.applies)(path)) {
            if !in_production && !ban.tests_too {
                continue;
            }
            for name in ban.names.iter().filter(|name| names(code(line), name)) {
                found.push(format!("{path}:{}: names {name}: {}", index + 1, ban.why));
            }
        }
    }
    found
}

/// The files that are compiled for tests only, as `#[cfg(test)] mod name;` in their parents says: tables of
/// cases and fixtures may be long.
fn test_files(all: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in all {
        let folder = ["mod.rs", "lib.rs", "main.rs"]
            .iter()
            .find_map(|name| source.path.strip_suffix(&format!("/{name}")))
            .unwrap_or_else(|| source.path.trim_end_matches(".rs"));
        let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
        for pair in lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]") {
            let module = pair[1]
                .split_once("mod ")
                .and_then(|(_, name)| name.strip_suffix(';'));
            if let Some(name) = module {
                found.push(format!("{folder}/{name}.rs"));
                found.push(format!("{folder}/{name}/mod.rs"));
            }
        }
    }
    found
}

/// Files of the suite that `main.rs` does not name.
fn forgotten<'a>(main: &str, paths: impl Iterator<Item = &'a str>) -> Vec<String> {
    let named = |module: &str| {
        main.lines()
            .any(|line| line.trim() == format!("mod {module};"))
    };
    paths
        .filter_map(|path| path.strip_prefix("tests/suite/"))
        .map(|path| {
            path.split('/')
                .next()
                .unwrap_or(path)
                .trim_end_matches(".rs")
        })
        .filter(|module| *module != "main" && !named(module))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_house_is_in_order() {
    let all = sources("src");
    let tests = test_files(&all);
    let found: Vec<String> = all
        .iter()
        .flat_map(|source| problems(source, tests.contains(&source.path)))
        .collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_file_of_the_suite_is_forgotten() {
    let all = sources("tests/suite");
    let main = all
        .iter()
        .find(|s| s.path == "tests/suite/main.rs")
        .unwrap();
    let missing = forgotten(&main.text, all.iter().map(|s| s.path.as_str()));
    assert!(missing.is_empty(), "main.rs forgets {missing:?}");
    for source in &all {
        assert!(
            source.text.starts_with("//! "),
            "{} begins without `//!`",
            source.path
        );
    }
}

fn judged(path: &str, text: &str) -> String {
    let source = Source {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    problems(&source, false).join("\n")
}

#[test]
fn a_forbidden_name_is_caught_where_it_stands() {
    for (path, line, name) in [
        ("src/domain/x.rs", "use tokio::time;", "tokio"),
        ("src/app/x.rs", "use aws_types::region::Region;", "aws_"),
        ("src/domain/x.rs", "    std::fs::read(p)", "std::fs"),
        (
            "src/app/update/x.rs",
            "let home = std::env::var_os(\"HOME\");",
            "std::env",
        ),
        ("src/domain/x.rs", "use ratatui::style::Color;", "ratatui"),
        ("src/app/x.rs", "use crossterm::event::Event;", "crossterm"),
        ("src/app/x.rs", "use hickory_proto::rr::Name;", "hickory"),
        (
            "src/ui/x.rs",
            "use crate::runtime::terminal;",
            "crate::runtime",
        ),
        ("src/ui/x.rs", "use crate::aws::client;", "crate::aws"),
        ("src/ui/x.rs", "tokio::spawn(x)", "tokio"),
        (
            "src/runtime/x.rs",
            "use aws_sdk_cloudwatch::Client;",
            "aws_sdk_",
        ),
        ("src/cli/x.rs", "aws_config::load().await", "aws_config"),
        (
            "src/clock.rs",
            "use aws_smithy_types::DateTime;",
            "aws_smithy_types",
        ),
        ("src/journal.rs", "dbg!(x);", "dbg!"),
    ] {
        let found = judged(path, &format!("//! X.\n\n{line}\n"));
        assert!(
            found.starts_with(&format!("{path}:3: names {name}: ")),
            "{path} {line}: {found}"
        );
    }
}

#[test]
fn what_is_allowed_is_not_caught() {
    for (path, text) in [
        ("src/aws/x.rs", "use aws_sdk_sts::Client;"),
        ("src/clock.rs", "use aws_smithy_async::time::TimeSource;"),
        ("src/domain/x.rs", "// unlike tokio, this has no clock"),
        ("src/domain/x.rs", "/// See `std::env`."),
        ("src/domain/x.rs", "let laws_apply = my_tokio;"),
        ("src/ui/x.rs", "use ratatui::Frame;"),
        (
            "src/rehearsal/x.rs",
            "#[cfg(test)]\nmod tests {\n    use aws_sdk_sts::Client;\n}",
        ),
    ] {
        assert_eq!(
            judged(path, &format!("//! X.\n\n{text}\n")),
            "",
            "{path} {text}"
        );
    }
    // A test module in a file of its own does not end the production lines of this one.
    let text = "//! X.\n#[cfg(test)]\nmod tests;\nuse aws_sdk_sts::Client;\n";
    assert!(judged("src/cli/x.rs", text).contains("src/cli/x.rs:4: names aws_sdk_"));
}

#[test]
fn a_file_without_its_purpose_is_caught() {
    assert!(judged("src/x.rs", "use std::fmt;\n").contains("begins without `//!`"));
}

#[test]
fn a_file_that_is_too_long_is_caught() {
    let long = format!("//! X.\n{}", "fn f() {}\n".repeat(MAX_LINES));
    assert!(judged("src/x.rs", &long).contains("has 401 lines before its tests"));
    let tested = format!(
        "//! X.\n#[cfg(test)]\nmod tests {{\n{}}}\n",
        "fn f() {}\n".repeat(MAX_LINES)
    );
    assert_eq!(judged("src/x.rs", &tested), "");
}

#[test]
fn a_file_for_tests_is_known_by_its_parent() {
    let source = |path: &str, text: &str| Source {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let all = [
        source(
            "src/a/mod.rs",
            "#[cfg(test)]\npub(crate) mod samples;\nmod b;\n",
        ),
        source(
            "src/a/b.rs",
            "#[cfg(test)]\nmod tests {\n}\n#[cfg(test)]\nmod cases;\n",
        ),
    ];
    let files = test_files(&all);
    assert!(files.contains(&"src/a/samples.rs".to_owned()));
    assert!(files.contains(&"src/a/b/cases.rs".to_owned()));
    assert!(
        !files
            .iter()
            .any(|path| path.contains("/b.rs") || path.contains("tests"))
    );
}

#[test]
fn unfinished_work_is_caught_in_comments_too() {
    let text = format!("//! X.\n// {}: later\n", ["TO", "DO"].concat());
    assert!(judged("src/x.rs", &text).starts_with("src/x.rs:2: "));
}

#[test]
fn a_forgotten_file_of_the_suite_is_caught() {
    let main = "//! X.\nmod layers;\nmod support;\n";
    let paths = [
        "tests/suite/main.rs",
        "tests/suite/layers.rs",
        "tests/suite/support/mod.rs",
        "tests/suite/lost.rs",
    ];
    assert_eq!(forgotten(main, paths.into_iter()), ["lost"]);
}
