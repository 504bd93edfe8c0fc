//! CloudFormation as the SDK sees it.

mod attributes;
mod change_set;
mod diff;
pub(super) mod drift;
mod effects;
mod exports;
mod failures;
pub(super) mod record;
mod repair;
pub(super) mod retained;
pub(super) mod run;
mod stack_set;
mod task;
mod timing;
mod turn;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::change::ChangeSet;
use crate::domain::environment::StackSpec;
use crate::domain::region::Role;
use crate::domain::stack::{Stack, StackEvent, StackResource};
use crate::rehearsal::faults::ApiError;
use crate::rehearsal::world::World;
use crate::rehearsal::world::cloudformation::record::{StackKey, StackRecord};
use crate::rehearsal::world::cloudformation::run::{Goal, Run};

pub use crate::rehearsal::world::cloudformation::exports::ExportView;

/// What `CreateChangeSet` and `UpdateStack` are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewChangeSet {
    /// Name or ARN.
    pub stack_name: String,
    pub name: String,
    pub body: Option<String>,
    pub use_previous_template: bool,
    pub parameters: BTreeMap<String, ParameterValue>,
    pub capabilities: Vec<String>,
    pub tags: BTreeMap<String, String>,
    /// `ChangeSetType` CREATE rather than UPDATE.
    pub create: bool,
    pub token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterValue {
    Value(String),
    UsePrevious,
}

/// A change set as `DescribeChangeSet` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSetView {
    pub set: ChangeSet,
    pub stack_arn: String,
    pub stack_name: String,
    /// `CREATE_IN_PROGRESS`, `CREATE_COMPLETE` or `FAILED`.
    pub status: String,
    pub reason: Option<String>,
    /// `UNAVAILABLE`, `AVAILABLE`, `EXECUTE_IN_PROGRESS`, `EXECUTE_COMPLETE` or `OBSOLETE`.
    pub execution_status: String,
    pub created: Timestamp,
    pub parameters: BTreeMap<String, String>,
    pub capabilities: Vec<String>,
    pub tags: BTreeMap<String, String>,
}

pub use drift::{DetectionView, DriftView};

/// What `DeleteStack` is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    pub token: Option<String>,
    /// Logical ids to leave behind; only for a stack in `DELETE_FAILED`.
    pub retain: Vec<String>,
    /// `DeletionMode` `FORCE_DELETE_STACK`.
    pub force: bool,
}

fn absent(name: &str) -> ApiError {
    ApiError::validation(format!("Stack with id {name} does not exist"))
}

impl World {
    /// Without a name: every stack that is not deleted. By ARN, deleted stacks are found too.
    pub fn describe_stacks(
        &self,
        region: &str,
        name: Option<&str>,
    ) -> Result<Vec<Stack>, ApiError> {
        match name {
            Some(name) => Ok(vec![self.found(region, name)?.view()]),
            None => Ok(self.live_stacks(region).map(StackRecord::view).collect()),
        }
    }

    /// Every stack, deleted ones included, newest first.
    pub fn list_stacks(&self, region: &str) -> Vec<Stack> {
        let all = self
            .region(region)
            .into_iter()
            .flat_map(|r| r.stacks.iter().rev());
        all.map(StackRecord::view).collect()
    }

    /// Newest first.
    pub fn stack_events(&self, region: &str, name: &str) -> Result<Vec<StackEvent>, ApiError> {
        Ok(self
            .found(region, name)?
            .events
            .iter()
            .rev()
            .cloned()
            .collect())
    }

    pub fn stack_resources(
        &self,
        region: &str,
        name: &str,
    ) -> Result<Vec<StackResource>, ApiError> {
        Ok(self.found(region, name)?.resource_views())
    }

    /// The template's text as it was given.
    pub fn get_template(&self, region: &str, name: &str) -> Result<String, ApiError> {
        let stack = self.found(region, name)?;
        let body = stack.current.as_ref().map(|v| v.body.to_string());
        body.ok_or_else(|| absent(name))
    }

    /// Deleting a stack that is not there succeeds, as on AWS.
    pub fn delete_stack(
        &mut self,
        region: &str,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<(), ApiError> {
        let Ok(stack) = self.found(region, name) else {
            return Ok(());
        };
        if stack.is_deleted() || stack.status == "DELETE_IN_PROGRESS" {
            return Ok(());
        }
        if stack.termination_protection {
            let why = format!(
                "Stack [{}] cannot be deleted while TerminationProtection is enabled",
                stack.name
            );
            return Err(ApiError::validation(why));
        }
        if stack.is_busy() && stack.status.starts_with("UPDATE") {
            let why = format!(
                "Stack [{}] cannot be deleted while in status {}",
                stack.name, stack.status
            );
            return Err(ApiError::validation(why));
        }
        if !options.retain.is_empty() && stack.status != "DELETE_FAILED" {
            let why = format!(
                "Invalid operation on stack [{}]. Specify resources to retain only for stacks in the DELETE_FAILED state.",
                stack.arn
            );
            return Err(ApiError::validation(why));
        }
        let arn = stack.arn.clone();
        if let Some(why) = self.export_in_use(region, stack) {
            self.refuse_deletion(&StackKey::new(region, &arn), options.token.clone(), &why);
            return Ok(());
        }
        let mut run = Run::new(self.next_serial(), Goal::Delete, options.token.clone());
        run.retain.extend(options.retain.iter().cloned());
        run.force = options.force;
        self.begin_delete(
            &StackKey::new(region, &arn),
            run,
            "DELETE_IN_PROGRESS",
            "User Initiated",
        );
        Ok(())
    }

    /// The call is accepted, and then the stack is again what it was, with the reason.
    fn refuse_deletion(&mut self, key: &StackKey, token: Option<String>, why: &str) {
        let (now, serial) = (self.now(), self.next_serial());
        let Some(stack) = self.stack_at_mut(key) else {
            return;
        };
        let before = stack.status.clone();
        stack.run = Some(Run::new(serial, Goal::Delete, token));
        stack.enter(now, "DELETE_IN_PROGRESS", Some("User Initiated"));
        stack.enter(now, &before, Some(why));
        stack.run = None;
        self.note_stack(key);
    }

    /// `ContinueUpdateRollback`: for a stack in `UPDATE_ROLLBACK_FAILED`.
    pub fn continue_update_rollback(
        &mut self,
        region: &str,
        name: &str,
        skip: &[String],
        token: Option<&str>,
    ) -> Result<(), ApiError> {
        let stack = self.found(region, name)?;
        if stack.status != "UPDATE_ROLLBACK_FAILED" {
            let why = format!(
                "Stack: {} is in {} state and can not be continued",
                stack.arn, stack.status
            );
            return Err(ApiError::validation(why));
        }
        let arn = stack.arn.clone();
        self.resume_roll_back(&StackKey::new(region, &arn), skip, token.map(str::to_owned));
        Ok(())
    }

    /// `UpdateTerminationProtection`; returns the stack's ARN.
    pub fn set_termination_protection(
        &mut self,
        region: &str,
        name: &str,
        enabled: bool,
    ) -> Result<String, ApiError> {
        let arn = self.found(region, name)?.arn.clone();
        if let Some(stack) = self.stack_mut(region, &arn) {
            stack.termination_protection = enabled;
        }
        Ok(arn)
    }

    /// By name (not deleted), or by ARN.
    pub(super) fn found(&self, region: &str, name: &str) -> Result<&StackRecord, ApiError> {
        let by_arn = name
            .starts_with("arn:")
            .then(|| self.stack(region, name))
            .flatten();
        let by_name = || self.live_stacks(region).find(|s| s.name == name);
        by_arn.or_else(by_name).ok_or_else(|| absent(name))
    }

    /// The stack that the manifest speaks of, if it is there.
    pub(super) fn stack_of(&self, spec: &StackSpec) -> Option<&StackRecord> {
        let region = self.setup.environment.regions.get(spec.role).as_str();
        if spec.made_by.is_some() {
            self.newest_with_prefix(region, &spec.name)
        } else {
            self.found(region, &spec.name).ok()
        }
    }

    fn live_stacks(&self, region: &str) -> impl Iterator<Item = &StackRecord> {
        let all = self
            .region(region)
            .into_iter()
            .flat_map(|r| r.stacks.iter());
        all.filter(|s| !s.is_deleted())
    }

    pub(super) fn stack(&self, region: &str, arn: &str) -> Option<&StackRecord> {
        self.region(region)?.stacks.iter().find(|s| s.arn == arn)
    }

    pub(super) fn stack_mut(&mut self, region: &str, arn: &str) -> Option<&mut StackRecord> {
        self.region_mut(region)
            .stacks
            .iter_mut()
            .find(|s| s.arn == arn)
    }

    pub(super) fn stack_at(&self, key: &StackKey) -> Option<&StackRecord> {
        self.stack(&key.region, &key.arn)
    }

    pub(super) fn stack_at_mut(&mut self, key: &StackKey) -> Option<&mut StackRecord> {
        self.stack_mut(&key.region, &key.arn)
    }

    /// Somebody else begins to update a stack of the role.
    pub(super) fn foreign_operation(&mut self, role: Role, seconds: u64) {
        let region = self.setup.environment.regions.get(role).as_str().to_owned();
        let arn = self
            .setup
            .environment
            .stacks_of(role)
            .filter_map(|spec| self.stack_of(spec))
            .find(|s| !s.is_busy())
            .map(|s| s.arn.clone());
        if let Some(arn) = arn {
            let token = Some("somebody-else".to_owned());
            let mut run = Run::new(self.next_serial(), Goal::Update, token);
            run.pace = Some(seconds);
            self.begin_touch(&StackKey::new(&region, &arn), run, "AWS::Lambda::Function");
        }
    }
}
