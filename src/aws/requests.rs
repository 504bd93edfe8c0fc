//! Which changes AWS was asked for, by its own ids: whoever opens a support case, or searches `CloudTrail`, needs them.

use std::cell::RefCell;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::domain::operation::AwsRequest;
use crate::domain::text::clean;

/// Where services state the id of a request.
const HEADERS: [&str; 3] = ["x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id"];

tokio::task_local! {
    /// The changes that the task has asked for since [`noted`] began.
    static MADE: RefCell<Vec<AwsRequest>>;
}

/// Does the work, and tells every change that was answered meanwhile, refused and repeated attempts included.
///
/// They are noted where each change is sent, not handed up from call to call: a call that fails, or one that somebody adds
/// later, can't be forgotten.
pub async fn noted<T>(work: impl Future<Output = T>) -> (T, Vec<AwsRequest>) {
    let work = async {
        let result = work.await;
        (result, MADE.with(RefCell::take))
    };
    MADE.scope(RefCell::default(), work).await
}

/// An attempt of a change was answered.
pub(super) fn note(call: &'static str, answer: &HttpResponse) {
    let stated = HEADERS.iter().find_map(|name| answer.headers().get(name));
    let Some(id) = stated else { return };
    let made = AwsRequest {
        call: call.to_owned(),
        id: clean(id),
    };
    // a change outside of an operation (a trial write, a preview) has nobody who keeps it
    if MADE.try_with(|all| all.borrow_mut().push(made)).is_err() {
        tracing::debug!(call, id, "a change outside of a step");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::scripted::{clients, error_xml, script};

    #[tokio::test(start_paused = true)]
    async fn refused_changes_have_their_ids_too() {
        let denied = || (403, error_xml("AccessDenied", "no"));
        let clients = clients(script([denied(), denied()])).await;
        let region = &clients.regions.standby;
        let delete = || region.delete_stack("pay", crate::aws::DeleteOptions::default());
        let (result, made) = noted(delete()).await;
        assert!(result.is_err());
        assert_eq!(
            made,
            [AwsRequest {
                call: "cloudformation:DeleteStack".into(),
                id: "req-1".into()
            }]
        );
        assert!(delete().await.is_err(), "outside of a step nobody minds");
    }
}
