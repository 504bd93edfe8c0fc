//! Carries out one order of an operation: a stack's in its job, a lever's at once.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::app::effect::Order;
use crate::app::msg::{Msg, StepDone};
use crate::aws::ActError;
use crate::domain::operation::OperationId;
use crate::runtime::levers;
use crate::runtime::patience::{BRIEF, PATIENCE, Stopped};
use crate::runtime::renewal::Renewal;
use crate::runtime::session::Shared;
use crate::runtime::stacks::{Job, StepEnd};

/// What a lever waits for the disk at most: the traffic is more urgent than the record.
pub(super) const PATIENCE_OF_A_LEVER: Duration = Duration::from_millis(50);

/// Waits until what will be done is on the disk, so that whoever continues knows of it.
pub(super) async fn recorded(
    order: &Order,
    on_disk: oneshot::Receiver<Result<(), String>>,
) -> Result<(), String> {
    if !matches!(
        order,
        Order::Deploy(..) | Order::Delete(_) | Order::Repair { .. }
    ) {
        let waited = tokio::time::timeout(PATIENCE_OF_A_LEVER, on_disk).await;
        if !matches!(waited, Ok(Ok(Ok(())))) {
            tracing::warn!("a lever is pulled before the journal says so");
        }
        return Ok(());
    }
    let written = on_disk
        .await
        .unwrap_or_else(|_gone| Err("its writer is gone".to_owned()));
    written.map_err(|why| format!("not begun: the journal cannot be written ({why})"))
}

/// Does it, whatever kind of order it is.
pub(super) async fn execute(
    session: &Shared,
    out: &mpsc::Sender<Msg>,
    operation: &OperationId,
    order: Order,
) -> Result<StepEnd, Stopped> {
    let job = |target| Job {
        session: Shared::clone(session),
        out: out.clone(),
        operation: operation.clone(),
        target,
        patience: PATIENCE,
    };
    let done = match order {
        Order::Deploy(target, deployment) => return job(target).deploy(deployment).await,
        Order::Delete(target) => job(target).delete().await,
        Order::Repair {
            target,
            repair,
            skip,
        } => job(target).repair(repair, skip).await,
        Order::SetParameter {
            target,
            parameter,
            value,
        } => {
            let lever = Job {
                patience: BRIEF,
                ..job(target)
            };
            lever.set_parameter(&parameter, &value).await
        }
        Order::PutCommand(_)
        | Order::Approve(_)
        | Order::SetThreshold { .. }
        | Order::ChangeRecords { .. } => {
            let renewal = Renewal {
                session,
                out,
                operation,
                what: "the lever".to_owned(),
            };
            pull(&renewal, &order).await
        }
    };
    done.map(StepEnd::Done)
}

/// Pulls a lever, and waits for a new login if it must. A repetition does not wait: the next one comes in a minute.
async fn pull(renewal: &Renewal<'_>, order: &Order) -> Result<StepDone, Stopped> {
    let session = renewal.session;
    let done = match order {
        Order::PutCommand(datum) if datum.repeat => levers::put_command(session, datum).await,
        Order::PutCommand(datum) => {
            renewal
                .until_accepted(|| levers::put_command(session, datum))
                .await
        }
        Order::Approve(approval) if approval.repeat => levers::approve(session, approval).await,
        Order::Approve(approval) => {
            renewal
                .until_accepted(|| levers::approve(session, approval))
                .await
        }
        Order::SetThreshold {
            check,
            version,
            threshold,
        } => {
            renewal
                .until_accepted(|| levers::set_threshold(session, check, *version, *threshold))
                .await
        }
        Order::ChangeRecords { change, comment } => {
            renewal
                .until_accepted(|| levers::change_records(session, change, comment))
                .await
        }
        Order::Deploy(..)
        | Order::Delete(_)
        | Order::Repair { .. }
        | Order::SetParameter { .. } => {
            return Err("a stack is no lever".to_owned().into());
        }
    };
    done.map_err(|error: ActError| Stopped {
        why: error.to_string(),
        open: false,
        doubt: !error.nothing_changed,
    })
}
