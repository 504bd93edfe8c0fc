//! The report of an operation as Markdown.

use std::fmt::Write as _;

use crate::cli::output::journal::{entry_text, requests_text};
use crate::cli::output::operation::{outcome_word, state_word};
use crate::cli::output::{clock, date, span};
use crate::domain::guard::GuardVerdict;
use crate::domain::text::clean;
use crate::journal::{Figure, Report};

/// The whole report. Text from outside is cleaned, and can't end a table's cell.
pub fn report_text(report: &Report) -> String {
    let mut out = format!(
        "# {} of {} ({})\n\n",
        report.kind.title(),
        cell(&report.environment.0),
        report.label.as_str()
    );
    table(&mut out, ["what", ""], &summary(report));
    section(&mut out, "Still open", &bullets(&report.open, "nothing"));
    out.push_str("\n## Clock\n\n");
    table(&mut out, ["part", "took"], &parts(report));
    out.push_str("\n## Steps\n\n");
    table(
        &mut out,
        [
            "step",
            "where",
            "state",
            "from",
            "to",
            "note",
            "AWS requests",
        ],
        &steps(report),
    );
    out.push_str("\n## Guards\n\n");
    table(
        &mut out,
        [
            "guard",
            "verdict",
            "found",
            "limit",
            "read",
            "why",
            "remedy",
            "overridden",
        ],
        &guards(report),
    );
    section(
        &mut out,
        "Notes of the plan",
        &bullets(&report.notes, "none"),
    );
    out.push_str("\n## Timeline\n\n");
    table(&mut out, ["time (UTC)", "what"], &timeline(report));
    out
}

fn section(out: &mut String, title: &str, text: &str) {
    write!(out, "\n## {title}\n\n{text}").unwrap_or_default();
}

fn bullets(items: &[String], nothing: &str) -> String {
    if items.is_empty() {
        return format!("{nothing}\n");
    }
    items.iter().fold(String::new(), |mut text, item| {
        writeln!(text, "- {}", clean(item)).unwrap_or_default();
        text
    })
}

fn table<const N: usize>(out: &mut String, head: [&str; N], rows: &[[String; N]]) {
    writeln!(out, "| {} |", head.join(" | ")).unwrap_or_default();
    writeln!(out, "|{}", "---|".repeat(N)).unwrap_or_default();
    for row in rows {
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        writeln!(out, "| {} |", cells.join(" | ")).unwrap_or_default();
    }
}

fn cell(text: &str) -> String {
    clean(text).replace('|', "\\|").replace('\n', " ")
}

fn summary(report: &Report) -> Vec<[String; 2]> {
    let unknown = || "unknown".to_owned();
    let serving = |s: Option<crate::domain::observation::Serving>| {
        s.map_or_else(unknown, |s| s.as_str().to_owned())
    };
    let reason = report.outcome_reason.as_deref();
    let ended = reason.map_or_else(String::new, |r| format!(": {r}"));
    let outcome = report.outcome.map_or("UNFINISHED", outcome_word);
    let pairs = [
        ("operation", report.operation.to_string()),
        ("outcome", format!("{outcome}{ended}")),
        ("situation", report.situation.as_str().to_owned()),
        (
            "production",
            if report.production { "yes" } else { "no" }.to_owned(),
        ),
        ("started", date(report.started)),
        ("finished", report.finished.map_or_else(unknown, date)),
        ("who", report.who.clone()),
        ("identity", report.identity.clone().unwrap_or_else(unknown)),
        (
            "reason",
            report
                .reason
                .clone()
                .unwrap_or_else(|| "none given".to_owned()),
        ),
        ("served before", serving(report.serving_before)),
        ("serving after", serving(report.serving_after)),
        ("RTO", figure(&report.rto)),
        ("exposure (RPO)", figure(&report.rpo)),
        ("world", report.world.to_string()),
    ];
    pairs
        .into_iter()
        .map(|(name, value)| [name.to_owned(), value])
        .collect()
}

fn figure(figure: &Figure) -> String {
    let bound = if figure.is_upper_bound {
        "at most "
    } else {
        ""
    };
    let value = figure
        .seconds
        .map_or_else(|| "unknown".to_owned(), |s| format!("{bound}{}", span(s)));
    let objective = figure
        .objective_seconds
        .map_or_else(String::new, |s| format!(" of {}", span(s as f64)));
    let met = match figure.met {
        Some(true) => ", met",
        Some(false) => ", MISSED",
        None => "",
    };
    let source = figure.source.as_ref();
    let source = source.map_or_else(String::new, |source| format!(", by {source}"));
    format!("{value}{objective}{met}{source}")
}

fn parts(report: &Report) -> Vec<[String; 2]> {
    let clock = &report.clock;
    [
        ("detect", clock.detect),
        ("decide", clock.decide),
        ("pull", clock.pull),
        ("propagate", clock.propagate),
        ("recover", clock.recover),
        ("drain", clock.drain),
    ]
    .into_iter()
    .map(|(name, took)| {
        let took = took.map_or_else(|| "–".to_owned(), span);
        [name.to_owned(), took]
    })
    .collect()
}

fn steps(report: &Report) -> Vec<[String; 7]> {
    let time = |at: Option<jiff::Timestamp>| at.map_or_else(String::new, clock);
    let row = |done: &crate::journal::Done| {
        let step = &done.step;
        [
            step.title.clone(),
            step.region.clone().unwrap_or_default(),
            state_word(step.state).to_owned(),
            time(step.started),
            time(step.finished),
            step.note.clone().unwrap_or_default(),
            requests_text(&done.requests),
        ]
    };
    report.steps.iter().map(row).collect()
}

fn guards(report: &Report) -> Vec<[String; 8]> {
    let row = |judged: &crate::journal::Judged| {
        let guard = &judged.guard;
        let verdict = match guard.verdict {
            GuardVerdict::Allow => "allow",
            GuardVerdict::Warn => "warn",
            GuardVerdict::Refuse => "REFUSE",
        };
        let remedy = match guard.verdict {
            GuardVerdict::Allow => String::new(),
            GuardVerdict::Warn | GuardVerdict::Refuse => guard.remedy.clone(),
        };
        [
            guard.id.to_string(),
            verdict.to_owned(),
            guard.value.clone(),
            guard.limit.clone(),
            guard.as_of.map_or_else(String::new, clock),
            guard.reason.clone(),
            remedy,
            judged.overridden.clone().unwrap_or_default(),
        ]
    };
    report.guards.iter().map(row).collect()
}

fn timeline(report: &Report) -> Vec<[String; 2]> {
    report
        .timeline
        .iter()
        .map(|moment| [date(moment.at), entry_text(&moment.entry)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::{EnvironmentName, Mode, Objectives};
    use crate::domain::observation::Serving;
    use crate::domain::operation::{AwsRequest, OperationId, OperationKind, Outcome, StepState};
    use crate::domain::recovery::Exposure;
    use crate::domain::region::{RegionId, RegionPair};
    use crate::domain::unfinished::Opening;
    use crate::journal::{self, Entry, Record, WorldId};

    fn at(second: i64) -> jiff::Timestamp {
        jiff::Timestamp::from_second(1_767_614_400 + second).unwrap()
    }

    fn opening() -> Opening {
        let region = |name: &str| RegionId::parse(name).unwrap();
        Opening {
            secrets: Vec::new(),
            account: Some("123456789012".into()),
            arn: Some("arn:aws:sts::123456789012:assumed-role/ops/me".into()),
            regions: RegionPair::new(region("us-east-1"), region("us-west-2")).unwrap(),
            objectives: Objectives { rto: 900, rpo: 300 },
            serving: Serving::Primary,
            last_alive: None,
            first_failed: Some(at(-120)),
            moved_before: false,
            exposure: Some(Exposure {
                seconds: 4.0,
                is_upper_bound: true,
                heartbeat: at(-130),
                source: crate::domain::recovery::Source::default(),
            }),
            parameters: std::collections::BTreeMap::new(),
        }
    }

    fn plan() -> serde_json::Value {
        serde_json::json!({
            "id": "failover-1", "kind": "failover", "environment": "pay-prod", "production": true,
            "made_at": at(-5).to_string(), "situation": "emergency",
            "steps": [
                {"title": "engage metric lever", "role": "standby", "undo": "release (fail back)",
                 "action": {"do": "pull", "lever": "metric", "command": "engage"},
                 "expect": null, "changes": null},
                {"title": "wait for DNS | all", "role": null, "undo": null,
                 "action": {"do": "await_dns", "to": "standby"}, "expect": null, "changes": null}],
            "guards": [{"id": "exposure", "verdict": "refuse", "value": "at most 4 s", "limit": "300 s",
                "reason": "unknown", "remedy": "", "unknown": true, "can_override": true}],
            "notes": ["needs nothing from us-east-1"], "basis": {}
        })
    }

    fn opened() -> Entry {
        Entry::Opened {
            plan: plan(),
            who: "ops".into(),
            mode: Mode::Live,
            reason: Some("INC-4411".into()),
            overrides: vec![crate::domain::operation::Override {
                guard: "exposure".into(),
                reason: "INC-4411".into(),
            }],
            drill: false,
        }
    }

    fn records() -> Vec<Record> {
        let step = |index, title: &str, state, note: Option<&str>| Entry::Step {
            index,
            title: title.into(),
            state,
            note: note.map(str::to_owned),
            request_id: note.map(|_| "r-1".to_owned()),
        };
        let entries = [
            (0, opened()),
            (0, Entry::Situation(Box::new(opening()))),
            (0, step(0, "engage metric lever", StepState::Running, None)),
            (
                1,
                step(0, "engage metric lever", StepState::Done, Some("command 7")),
            ),
            (
                1,
                Entry::Requests {
                    index: Some(0),
                    requests: vec![AwsRequest {
                        call: "cloudwatch:PutMetricData".into(),
                        id: "r-2".into(),
                    }],
                },
            ),
            (1, step(1, "wait for DNS | all", StepState::Running, None)),
            (
                90,
                Entry::Milestone {
                    name: "dns".into(),
                    at: at(90),
                },
            ),
            (90, step(1, "wait for DNS | all", StepState::Done, None)),
            (
                91,
                Entry::Closed {
                    outcome: Outcome::Succeeded,
                    reason: None,
                    rto_seconds: Some(91.0),
                    rpo_seconds: Some(4.0),
                    serving: Serving::Standby,
                },
            ),
        ];
        let record = |(index, (second, entry)): (usize, (i64, Entry))| Record {
            seq: index as u64 + 1,
            at: at(second),
            world: WorldId::of(&Mode::Live, Some("123456789012")),
            operation: OperationId("failover-1".into()),
            kind: OperationKind::Failover,
            environment: EnvironmentName("pay-prod".into()),
            entry,
        };
        entries.into_iter().enumerate().map(record).collect()
    }

    #[test]
    fn a_failover_as_markdown() {
        let report = journal::report(&records(), None).unwrap();
        insta::assert_snapshot!(report_text(&report));
    }

    #[test]
    fn a_failover_as_json() {
        let report = journal::report(&records(), None).unwrap();
        insta::assert_snapshot!(crate::cli::output::json(&report).unwrap());
    }

    #[test]
    fn what_was_confirmed_a_second_time_is_told_with_its_reason() {
        let mut records = records();
        let mut accepted = records[4].clone();
        accepted.entry = Entry::Accepted {
            index: 0,
            changes: vec![crate::domain::change::Change {
                action: crate::domain::change::ChangeAction::Remove,
                logical_id: "Table".into(),
                resource_type: "AWS::DynamoDB::Table".into(),
                replacement: crate::domain::change::Replacement::No,
                causes: Vec::new(),
            }],
            reason: Some("INC-4412, backed up".into()),
        };
        records.insert(4, accepted);
        let text = report_text(&journal::report(&records, None).unwrap());
        assert!(
            text.contains(
                "- step 1 was confirmed to replace or remove Table (INC-4412, backed up)"
            ),
            "{text}"
        );
        assert!(
            text.contains(
                "confirmed  step 1: Table replaced or removed, reason: INC-4412, backed up"
            ),
            "{text}"
        );
    }

    #[test]
    fn what_was_cut_off_says_so_and_has_no_figures() {
        let mut records = records();
        records.truncate(6);
        let report = journal::report(&records, Some("line 6: torn".into())).unwrap();
        assert_eq!((report.outcome, report.rto.seconds), (None, None));
        let open = report.open.join("\n");
        for word in ["has no end", "was cut off", "can't be trusted: line 6"] {
            assert!(open.contains(word), "{open}");
        }
        assert!(report_text(&report).contains("UNFINISHED"));
    }
}
