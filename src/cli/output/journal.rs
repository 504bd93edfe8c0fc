//! The journal for people.

use crate::cli::output::operation::{outcome_word, state_word};
use crate::cli::output::table::columns;
use crate::cli::output::{clock, date, span};
use crate::domain::operation::{AwsRequest, Override};
use crate::domain::text::clean;
use crate::journal::{Entry, Record, Summary};

/// The operations, one a line.
pub fn journal_list_text(operations: &[Summary]) -> String {
    if operations.is_empty() {
        return "no operations are recorded\n".to_owned();
    }
    let rows: Vec<Vec<String>> = operations.iter().map(summary_row).collect();
    columns(&rows, 0)
}

fn summary_row(one: &Summary) -> Vec<String> {
    let outcome = match (one.outcome, one.running) {
        (Some(outcome), _) => outcome_word(outcome),
        (None, true) => "running",
        (None, false) => "UNFINISHED",
    };
    let broken = one.broken.as_ref().map_or_else(String::new, |why| {
        format!("BROKEN {}", clean(&why.to_string()))
    });
    vec![
        date(one.started),
        clean(&one.operation.0),
        clean(&one.environment.0),
        clean(one.world.as_str()),
        one.label.as_str().to_owned(),
        outcome.to_owned(),
        one.rto_seconds
            .map_or_else(String::new, |s| format!("RTO {}", span(s))),
        broken,
    ]
}

/// One operation, entry by entry.
pub fn journal_show_text(records: &[Record]) -> String {
    let Some(first) = records.first() else {
        return "nothing is recorded\n".to_owned();
    };
    let mut out = format!(
        "{}  {}  {}  {}\n",
        clean(&first.operation.0),
        first.kind.as_str(),
        clean(&first.environment.0),
        clean(first.world.as_str())
    );
    out.extend(records.iter().map(record_text));
    out
}

/// One entry on one line.
pub fn record_text(record: &Record) -> String {
    let said = entry_text(&record.entry);
    format!("{}  {}\n", date(record.at), clean(&said))
}

/// What an entry says, in words.
pub(super) fn entry_text(entry: &Entry) -> String {
    match entry {
        Entry::Opened {
            who,
            reason,
            overrides,
            drill,
            ..
        } => {
            let drill = if *drill { ", drill" } else { "" };
            let consent = consent_text(reason.as_ref(), overrides);
            format!("opened by {who}{drill}{consent}")
        }
        Entry::Follows {
            operation, entries, ..
        } => format!("recorded after {operation}, which had {entries} entries"),
        Entry::Situation(opening) => {
            let arn = opening.arn.as_deref().unwrap_or("identity unknown");
            format!("serving {} then, as {arn}", opening.serving.as_str())
        }
        Entry::Step { .. } => step_text(entry),
        Entry::Order { index, order } => format!("told  step {}: {order}", index + 1),
        Entry::Resumed {
            who,
            reason,
            overrides,
        } => {
            let consent = consent_text(reason.as_ref(), overrides);
            format!("taken up again by {who}{consent}")
        }
        Entry::Requests { index, requests } => {
            let what = index.map_or_else(|| "again".to_owned(), |i| format!("step {}", i + 1));
            format!("asked  {what}: {}", requests_text(requests))
        }
        Entry::Note { text } => format!("note  {text}"),
        Entry::Cancelled { reason } => format!("cancelled{}", consent_text(reason.as_ref(), &[])),
        Entry::Accepted {
            index,
            changes,
            reason,
        } => {
            let what: Vec<&str> = changes.iter().map(|c| c.logical_id.as_str()).collect();
            format!(
                "confirmed  step {}: {} replaced or removed{}",
                index + 1,
                what.join(", "),
                consent_text(reason.as_ref(), &[])
            )
        }
        Entry::Milestone { name, at } => format!("reached  {name} at {}", clock(*at)),
        Entry::Undo { what } if is_nothing(what) => {
            "undo  nothing: no record set was changed".to_owned()
        }
        Entry::Undo { what } => format!("undo  {what}"),
        Entry::Closed { .. } => end_text(entry),
    }
}

/// A change of no record sets.
fn is_nothing(what: &serde_json::Value) -> bool {
    let sets = what.get("before").and_then(serde_json::Value::as_array);
    sets.is_some_and(Vec::is_empty)
}

fn consent_text(reason: Option<&String>, overrides: &[Override]) -> String {
    let reason = reason.map_or_else(String::new, |r| format!(", reason: {r}"));
    let guards: Vec<&str> = overrides.iter().map(|o| o.guard.as_str()).collect();
    let overridden = if guards.is_empty() {
        String::new()
    } else {
        format!(", overriding {}", guards.join(" and "))
    };
    format!("{reason}{overridden}")
}

/// Call and id of each.
pub(super) fn requests_text(requests: &[AwsRequest]) -> String {
    let each: Vec<String> = requests
        .iter()
        .map(|r| format!("{} {}", r.call, r.id))
        .collect();
    each.join(", ")
}

fn step_text(entry: &Entry) -> String {
    let Entry::Step {
        index,
        title,
        state,
        note,
        request_id,
    } = entry
    else {
        return String::new();
    };
    let note = note
        .as_deref()
        .map_or_else(String::new, |n| format!(": {n}"));
    let request = request_id
        .as_deref()
        .map_or_else(String::new, |id| format!(" (request {id})"));
    let (number, state) = (index + 1, state_word(*state));
    format!("step {number} {state}  {title}{note}{request}")
}

fn end_text(entry: &Entry) -> String {
    let Entry::Closed {
        outcome,
        reason,
        rto_seconds,
        rpo_seconds,
        serving,
    } = entry
    else {
        return String::new();
    };
    let reason = reason
        .as_deref()
        .map_or_else(String::new, |r| format!(": {r}"));
    let rto = rto_seconds.map_or_else(String::new, |s| format!(", RTO {}", span(s)));
    let rpo = rpo_seconds.map_or_else(String::new, |s| format!(", exposure {}", span(s)));
    let (outcome, serving) = (outcome_word(*outcome), serving.as_str());
    format!("closed  {outcome}{reason}, serving {serving}{rto}{rpo}")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::environment::{EnvironmentName, Mode};
    use crate::domain::observation::Serving;
    use crate::domain::operation::{OperationId, OperationKind, Outcome, StepState};
    use crate::journal::WorldId;

    fn record(seq: u64, entry: Entry) -> Record {
        Record {
            seq,
            at: Timestamp::from_second(1_800_000_000).unwrap(),
            world: WorldId::of(&Mode::Live, Some("123456789012")),
            operation: OperationId("failover-1".into()),
            kind: OperationKind::Failover,
            environment: EnvironmentName("pay-prod".into()),
            entry,
        }
    }

    #[test]
    fn an_operation_reads_like_a_story_and_moves_no_cursor() {
        let records = [
            Entry::Opened {
                plan: serde_json::Value::Null,
                who: "ops\u{1b}[2J".into(),
                mode: Mode::Live,
                reason: Some("INC-1\nline".into()),
                overrides: Vec::new(),
                drill: true,
            },
            Entry::Step {
                index: 0,
                title: "engage metric lever".into(),
                state: StepState::Done,
                note: None,
                request_id: Some("r-1".into()),
            },
            Entry::Closed {
                outcome: Outcome::Succeeded,
                reason: None,
                rto_seconds: Some(168.0),
                rpo_seconds: None,
                serving: Serving::Standby,
            },
        ];
        let records: Vec<Record> = (1..).zip(records).map(|(n, e)| record(n, e)).collect();
        insta::assert_snapshot!(journal_show_text(&records), @r"
        failover-1  failover  pay-prod  account:123456789012
        2027-01-15 08:00:00Z  opened by ops[2J, drill, reason: INC-1 line
        2027-01-15 08:00:00Z  step 1 done  engage metric lever (request r-1)
        2027-01-15 08:00:00Z  closed  succeeded, serving standby, RTO 2m48s
        ");
        assert_eq!(journal_show_text(&[]), "nothing is recorded\n");
    }

    #[test]
    fn an_operation_without_an_end_stands_out() {
        let one = Summary {
            operation: OperationId("failover-1".into()),
            kind: OperationKind::Failover,
            environment: EnvironmentName("pay-prod".into()),
            world: WorldId::of(&Mode::Live, None),
            outcome: None,
            started: Timestamp::from_second(1_800_000_000).unwrap(),
            finished: None,
            who: "ops".into(),
            reason: None,
            rto_seconds: None,
            rpo_seconds: None,
            drill: false,
            label: crate::domain::drill::Label::Change,
            running: false,
            broken: None,
            file: "/x".into(),
        };
        let text = journal_list_text(&[one]);
        assert!(
            text.contains("account:unknown  change  UNFINISHED"),
            "{text}"
        );
        assert_eq!(journal_list_text(&[]), "no operations are recorded\n");
    }
}
