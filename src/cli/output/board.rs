//! The go/no-go board of `preflight`.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::output::clock;
use crate::cli::output::status_text::verdict_word;
use crate::cli::output::table::columns;
use crate::domain::environment::Environment;
use crate::domain::guard::{GuardResult, GuardVerdict, overall};
use crate::domain::operation::OperationKind;
use crate::domain::plan::Situation;
use crate::domain::text::clean;
use crate::error::ExitCode;

/// The answer of `preflight`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preflight {
    pub environment: String,
    /// `live`, `rehearsal` or `endpoint`.
    pub mode: &'static str,
    pub as_of: Timestamp,
    pub operation: OperationKind,
    pub situation: Situation,
    pub verdict: GuardVerdict,
    pub guards: Vec<GuardResult>,
}

impl Preflight {
    pub fn new(
        env: &Environment,
        operation: OperationKind,
        situation: Situation,
        guards: &[GuardResult],
        now: Timestamp,
    ) -> Self {
        Self {
            environment: env.name.0.clone(),
            mode: env.mode.as_str(),
            as_of: now,
            operation,
            situation,
            verdict: overall(guards),
            guards: guards.iter().map(cleaned).collect(),
        }
    }

    /// Go, refused, or cannot tell: no guard could be asked, or what refuses does so only because it is unknown.
    pub fn code(&self) -> ExitCode {
        let mut refusing = self
            .guards
            .iter()
            .filter(|g| g.verdict == GuardVerdict::Refuse);
        match self.verdict {
            _ if self.guards.is_empty() => ExitCode::CannotTell,
            GuardVerdict::Allow | GuardVerdict::Warn => ExitCode::Done,
            GuardVerdict::Refuse if refusing.all(|g| g.unknown) => ExitCode::CannotTell,
            GuardVerdict::Refuse => ExitCode::Refused,
        }
    }

    pub fn text(&self) -> String {
        let answer = match self.code() {
            ExitCode::Done => "GO",
            ExitCode::CannotTell => "CANNOT TELL",
            _ => "NO GO",
        };
        let mut out = format!(
            "{}  {}  {}  {}\n",
            self.environment,
            self.mode,
            self.operation.title(),
            clock(self.as_of)
        );
        writeln!(
            out,
            "{answer}  {}  ({})",
            tally(self.guards.iter().map(|g| g.verdict)),
            self.situation.as_str()
        )
        .unwrap_or_default();
        out.push_str(&guards_text(&self.guards));
        out
    }
}

fn cleaned(guard: &GuardResult) -> GuardResult {
    GuardResult {
        value: clean(&guard.value),
        limit: clean(&guard.limit),
        reason: clean(&guard.reason),
        remedy: clean(&guard.remedy),
        ..guard.clone()
    }
}

/// One line per guard, the remedy below where there is one.
pub fn guards_text(guards: &[GuardResult]) -> String {
    let rows: Vec<Vec<String>> = guards
        .iter()
        .map(|g| {
            let limit = if g.limit.is_empty() {
                String::new()
            } else {
                format!("of {}", clean(&g.limit))
            };
            let unknown = if g.unknown { " (unknown)" } else { "" };
            let remedy = if g.remedy.is_empty() || g.verdict == GuardVerdict::Allow {
                String::new()
            } else {
                format!("; {}", clean(&g.remedy))
            };
            let aged = g
                .stale_of
                .map_or_else(String::new, |at| format!(" (read at {})", clock(at)));
            vec![
                format!("{}{unknown}", verdict_word(g.verdict)),
                g.id.to_string(),
                clean(&g.value),
                limit,
                format!("{}{aged}{remedy}", clean(&g.reason)),
            ]
        })
        .collect();
    columns(&rows, 2)
}

/// How many guards say what.
pub(super) fn tally(verdicts: impl Iterator<Item = GuardVerdict>) -> String {
    let verdicts: Vec<GuardVerdict> = verdicts.collect();
    let count = |wanted| verdicts.iter().filter(|v| **v == wanted).count();
    format!(
        "{} allow, {} warn, {} refuse",
        count(GuardVerdict::Allow),
        count(GuardVerdict::Warn),
        count(GuardVerdict::Refuse)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::fixture::{at, environment};
    use crate::domain::guard::{GuardId, result};

    fn preflight(guards: &[GuardResult]) -> Preflight {
        let env = environment();
        Preflight::new(
            &env,
            OperationKind::Failover,
            Situation::Planned,
            guards,
            at(0),
        )
    }

    fn guard(id: GuardId, verdict: GuardVerdict, unknown: bool) -> GuardResult {
        GuardResult {
            unknown,
            ..result(id, verdict, "6 s\u{1b}[2J", "within the objective")
        }
        .limit("300 s")
        .remedy("wait")
    }

    #[test]
    fn the_code_tells_refused_from_cannot_tell() {
        use GuardVerdict::{Allow, Refuse, Warn};
        let (known, unknown) = (
            guard(GuardId::Exposure, Refuse, false),
            guard(GuardId::DestinationHealthy, Refuse, true),
        );
        let fine = [
            guard(GuardId::Lever, Allow, false),
            guard(GuardId::Parity, Warn, true),
        ];
        assert_eq!(preflight(&fine).code(), ExitCode::Done);
        assert_eq!(preflight(&[]).code(), ExitCode::CannotTell);
        assert_eq!(
            preflight(std::slice::from_ref(&unknown)).code(),
            ExitCode::CannotTell
        );
        assert_eq!(preflight(&[unknown, known]).code(), ExitCode::Refused);
    }

    #[test]
    fn the_board_shows_value_limit_reason_and_remedy() {
        let board = preflight(&[
            guard(GuardId::Exposure, GuardVerdict::Refuse, false),
            guard(GuardId::Lever, GuardVerdict::Allow, false),
            guard(GuardId::Parity, GuardVerdict::Warn, true),
        ]);
        insta::assert_snapshot!(board.text(), @r"
        pay-demo  rehearsal  Fail over  08:00:00Z
        NO GO  1 allow, 1 warn, 1 refuse  (planned)
          REFUSE          exposure  6 s[2J  of 300 s  within the objective; wait
          allow           lever     6 s[2J  of 300 s  within the objective
          WARN (unknown)  parity    6 s[2J  of 300 s  within the objective; wait
        ");
    }
}
