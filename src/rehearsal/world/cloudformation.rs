//! CloudFormation as the SDK sees it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::change::ChangeSet;
use crate::domain::stack::{Stack, StackEvent, StackResource};
use crate::rehearsal::faults::ApiError;
use crate::rehearsal::world::World;

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
        _region: &str,
        name: Option<&str>,
    ) -> Result<Vec<Stack>, ApiError> {
        name.map_or_else(|| Ok(Vec::new()), |name| Err(absent(name)))
    }

    /// Every stack, deleted ones included, newest first.
    pub fn list_stacks(&self, _region: &str) -> Vec<Stack> {
        Vec::new()
    }

    /// Newest first.
    pub fn stack_events(&self, _region: &str, name: &str) -> Result<Vec<StackEvent>, ApiError> {
        Err(absent(name))
    }

    pub fn stack_resources(
        &self,
        _region: &str,
        name: &str,
    ) -> Result<Vec<StackResource>, ApiError> {
        Err(absent(name))
    }

    /// The template's text as it was given.
    pub fn get_template(&self, _region: &str, name: &str) -> Result<String, ApiError> {
        Err(absent(name))
    }

    pub fn create_change_set(
        &mut self,
        _region: &str,
        new: &NewChangeSet,
    ) -> Result<ChangeSetView, ApiError> {
        Err(absent(&new.stack_name))
    }

    pub fn describe_change_set(
        &self,
        _region: &str,
        stack: &str,
        _name_or_arn: &str,
    ) -> Result<ChangeSetView, ApiError> {
        Err(absent(stack))
    }

    pub fn execute_change_set(
        &mut self,
        _region: &str,
        stack: &str,
        _name: &str,
        _token: Option<&str>,
    ) -> Result<(), ApiError> {
        Err(absent(stack))
    }

    pub fn delete_change_set(
        &mut self,
        _region: &str,
        stack: &str,
        _name: &str,
    ) -> Result<(), ApiError> {
        Err(absent(stack))
    }

    /// Returns the stack's ARN.
    pub fn update_stack(&mut self, _region: &str, new: &NewChangeSet) -> Result<String, ApiError> {
        Err(absent(&new.stack_name))
    }

    /// Deleting a stack that is not there succeeds, as on AWS.
    pub fn delete_stack(
        &mut self,
        _region: &str,
        _name: &str,
        _options: &DeleteOptions,
    ) -> Result<(), ApiError> {
        Ok(())
    }

    /// `ContinueUpdateRollback`: for a stack in `UPDATE_ROLLBACK_FAILED`.
    pub fn continue_update_rollback(
        &mut self,
        _region: &str,
        name: &str,
        _skip: &[String],
        _token: Option<&str>,
    ) -> Result<(), ApiError> {
        Err(absent(name))
    }

    /// `UpdateTerminationProtection`; returns the stack's ARN.
    pub fn set_termination_protection(
        &mut self,
        _region: &str,
        name: &str,
        _enabled: bool,
    ) -> Result<String, ApiError> {
        Err(absent(name))
    }
}
