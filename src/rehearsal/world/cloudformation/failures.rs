//! Failures that a scenario injects into stacks, in the words of CloudFormation.

use crate::rehearsal::faults::{Fault, StackAction};
use crate::rehearsal::world::World;
use crate::rehearsal::world::cloudformation::run::{Act, Goal};
use crate::rehearsal::world::cloudformation::timing::Doing;

impl World {
    /// What a fault of the scenario makes of it.
    pub(super) fn injected_failure(
        &self,
        region: &str,
        kind: &str,
        act: &Act,
        goal: Goal,
    ) -> Result<(), String> {
        let role = self.setup.environment.regions.role_of(region);
        let action = match (goal, act.doing()) {
            (Goal::Rollback | Goal::UpdateRollback, _) => StackAction::Rollback,
            (_, Doing::Create) => StackAction::Create,
            (_, Doing::Update) => StackAction::Update,
            (_, Doing::Delete) => StackAction::Delete,
        };
        let hit = self.has(|f| match f {
            Fault::StackFailure {
                region,
                action: failing,
                resource_type,
            } => {
                *failing == action && resource_type == kind && (region.is_none() || *region == role)
            }
            _ => false,
        });
        if hit {
            Err(failure_words(kind, action))
        } else {
            Ok(())
        }
    }
}

/// What CloudFormation would say of a failure.
fn failure_words(kind: &str, action: StackAction) -> String {
    match (kind, action) {
        ("AWS::S3::Bucket", StackAction::Delete) => {
            "Resource handler returned message: \"The bucket you tried to delete is not empty. You must delete all versions in the bucket.\" (HandlerErrorCode: GeneralServiceException)".to_owned()
        }
        ("AWS::Lambda::Function", _) => {
            "Resource handler returned message: \"Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].\" (HandlerErrorCode: InvalidRequest)".to_owned()
        }
        _ => {
            let service = kind.split("::").nth(1).unwrap_or("AWS");
            format!("Resource handler returned message: \"Service returned error code InternalError (Service: {service}, Status Code: 500)\" (HandlerErrorCode: ServiceInternalError)")
        }
    }
}
