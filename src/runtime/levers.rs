//! Pulls levers: one function for each kind of order.

use std::time::Duration;

use crate::app::effect::{Approval, LeverDatum};
use crate::app::msg::StepDone;
use crate::aws::{ActError, RequestId};
use crate::domain::health::CheckId;
use crate::domain::lever::metric;
use crate::domain::observed::ReadError;
use crate::domain::records_lever::{RecordsChange, differences};
use crate::runtime::session::Shared;

/// Publishes the command and, so that the alarm need not wait for the keepalive, the state itself.
pub(super) async fn put_command(session: &Shared, told: &LeverDatum) -> Result<StepDone, ActError> {
    let client = session.clients.regions.get(told.role);
    let put = |name: &'static str, value: f64| {
        client.put_metric(&told.namespace, name, &told.dimensions, value)
    };
    let engaged = if told.engaged { 1.0 } else { 0.0 };
    let (state, command) = futures_util::join!(
        put(metric::ENGAGED, engaged),
        put(metric::COMMAND, told.value)
    );
    match (state, command) {
        (Ok(_), Ok(id)) => Ok(StepDone {
            skipped: false,
            note: Some(sent(told.number, &id)),
        }),
        // either datum alone moves the lever: the keepalive turns the command into the state
        (Ok(id), Err(error)) | (Err(error), Ok(id)) => Ok(StepDone {
            skipped: false,
            note: Some(format!("{}, in part: {error}", sent(told.number, &id))),
        }),
        (Err(error), Err(other)) => {
            let both = ActError {
                nothing_changed: error.nothing_changed && other.nothing_changed,
                ..error
            };
            Err(explained(both, |e| {
                format!("the metric lever could not be told: {e}")
            }))
        }
    }
}

/// Publishes the approval of a promotion.
pub(super) async fn approve(session: &Shared, approval: &Approval) -> Result<StepDone, ActError> {
    let client = session.clients.regions.get(approval.role);
    let sent = client.put_metric(
        &approval.namespace,
        &approval.metric,
        &approval.dimensions,
        approval.value,
    );
    match sent.await {
        Ok(id) => Ok(StepDone {
            skipped: false,
            note: Some(format!("approval, {}", self::sent(approval.number, &id))),
        }),
        Err(error) => Err(explained(error, |e| {
            format!(
                "the promotion could not be approved: {e}. The lever is pulled; F again approves anew"
            )
        })),
    }
}

/// The same error in other words.
fn explained(error: ActError, words: impl FnOnce(&str) -> String) -> ActError {
    ActError {
        message: words(&error.message),
        ..error
    }
}

/// The command in words, with AWS's id of the request for a support case.
fn sent(number: i64, id: &RequestId) -> String {
    if id.0.is_empty() {
        format!("command {number}")
    } else {
        format!("command {number} (request {})", id.0)
    }
}

/// Publishes how long a failover took, beside the lever.
pub(super) async fn publish_rto(
    session: &Shared,
    suffix: &str,
    seconds: f64,
) -> Result<(), String> {
    let dimensions = [("Environment".to_owned(), suffix.to_owned())];
    let client = &session.clients.regions.standby;
    let sent = client
        .put_metric(
            "Switchback/DR",
            "FailoverDurationSeconds",
            &dimensions,
            seconds,
        )
        .await;
    sent.map(|_| ()).map_err(|error| error.to_string())
}

/// Sets the health threshold of the combined check.
pub(super) async fn set_threshold(
    session: &Shared,
    check: &CheckId,
    version: i64,
    threshold: i32,
) -> Result<StepDone, ActError> {
    let global = &session.clients.global;
    global.set_threshold(check, version, threshold).await?;
    Ok(StepDone {
        skipped: false,
        note: Some(format!("health threshold of {check} = {threshold}")),
    })
}

/// Proves the right to write: a datum that no alarm and no function looks at.
pub(super) async fn probe(session: &Shared, datum: &LeverDatum) -> Result<(), ReadError> {
    let client = session.clients.regions.get(datum.role);
    let sent = client
        .put_metric(&datum.namespace, metric::PROBE, &datum.dimensions, 1.0)
        .await;
    sent.map(|_| ()).map_err(|error| ReadError {
        kind: error.kind,
        message: error.to_string(),
    })
}

/// Changes the record sets if they still are as reviewed, and waits until every name server has the change.
pub(super) async fn change_records(
    session: &Shared,
    change: &RecordsChange,
    comment: &str,
) -> Result<StepDone, ActError> {
    if change.changed().next().is_none() {
        return Ok(StepDone {
            skipped: true,
            note: Some("the record sets are so already".to_owned()),
        });
    }
    let global = &session.clients.global;
    let mut names: Vec<String> = change.before.iter().map(|r| r.name.clone()).collect();
    names.sort();
    names.dedup();
    let first = names
        .first()
        .ok_or_else(|| ActError::not_sent("there is no record set to change"))?;
    let zone = global.zone_for(first).await?;
    let live = global.records(&zone, &names).await?;
    // an earlier run of this step was cut off after its call
    if differences(&change.after, &live).is_empty() {
        return Ok(StepDone {
            skipped: false,
            note: Some("the record sets are as wanted".to_owned()),
        });
    }
    let foreign = differences(&change.before, &live);
    if !foreign.is_empty() {
        return Err(ActError::not_sent(format!(
            "somebody changed the record sets since they were reviewed; nothing was done. Reviewed → live: {}. Look at the Traffic page and try again",
            foreign.join("; ")
        )));
    }
    let id = global
        .change_records(&zone, change.after.clone(), comment)
        .await?;
    for _ in 0..40 {
        session.clock.sleep(Duration::from_secs(3)).await;
        if matches!(global.change_settled(&id).await, Ok(true)) {
            return Ok(StepDone {
                skipped: false,
                note: Some(format!("change {} is INSYNC", id.0)),
            });
        }
    }
    Ok(StepDone {
        skipped: false,
        note: Some(format!("change {} is still PENDING", id.0)),
    })
}
