//! STS: who is asking. Query protocol, one operation.

use winterbaume_core::protocol::{aws_query_response, xml_escape};

use super::route::Call;
use super::{Response, not_implemented};
use crate::rehearsal::world::{ApiError, World};

pub(super) const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

pub(super) fn answer(world: &World, call: &Call) -> Result<Response, ApiError> {
    if call.operation != "GetCallerIdentity" {
        return Err(not_implemented(call));
    }
    let identity = world.identity(&call.region);
    let inner = format!(
        "<Arn>{}</Arn><UserId>AROAREHEARSAL0000000:rehearsal</UserId><Account>{}</Account>",
        xml_escape(&identity.arn),
        xml_escape(&identity.account),
    );
    Ok(aws_query_response("GetCallerIdentity", NAMESPACE, &inner).into())
}

#[cfg(test)]
mod tests {
    use crate::aws::testing::{ProvideErrorMetadata as _, STANDBY, over, sts, world};

    #[tokio::test(start_paused = true)]
    async fn the_caller_has_a_name() {
        let client = sts::Client::new(&over(&world(""), STANDBY));
        let caller = client.get_caller_identity().send().await.unwrap();
        assert!(caller.arn().unwrap().starts_with("arn:aws:sts::"));
        assert_eq!(caller.account().unwrap().len(), 12);
        let other = client.get_session_token().send().await.unwrap_err();
        assert_eq!(other.code(), Some("NotImplemented"));
    }
}
