//! Change sets: made, described, executed, deleted; and `UpdateStack`, which is one made and executed at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::bundle::template::eval::check_rules;
use crate::bundle::template::{Template, TemplateError};
use crate::domain::change::ChangeSet;
use crate::rehearsal::faults::ApiError;
use crate::rehearsal::world::checks::later;
use crate::rehearsal::world::cloudformation::diff::Site;
use crate::rehearsal::world::cloudformation::record::{
    ChangeSetRecord, StackKey, StackRecord, Version,
};
use crate::rehearsal::world::cloudformation::run::{Goal, OnFailure, Run};
use crate::rehearsal::world::cloudformation::{ChangeSetView, NewChangeSet, ParameterValue};
use crate::rehearsal::world::{ACCOUNT, World};

/// The longest inline template, in bytes (facts/aws.md §3.2).
const LONGEST_BODY: usize = 51_200;

/// How long CloudFormation thinks about a change set.
const THINKING: Duration = Duration::from_secs(4);

const NO_CHANGES: &str = "The submitted information didn't contain changes. Submit different information to create a change set.";

impl World {
    pub fn create_change_set(
        &mut self,
        region: &str,
        new: &NewChangeSet,
    ) -> Result<ChangeSetView, ApiError> {
        let existing = self.found(region, &new.stack_name).ok().cloned();
        let known = check_kind(new, existing.as_ref())?;
        if known.is_some_and(|s| s.change_sets.iter().any(|c| c.view.set.name == new.name)) {
            let why = format!("ChangeSet {} already exists", new.name);
            return Err(ApiError::new(400, "AlreadyExistsException", why));
        }
        let target = target(known, new)?;
        let stack = match &existing {
            Some(stack) => stack.clone(),
            None => self.reviewed_stack(region, &new.stack_name),
        };
        let changes = self.check_target(region, &stack, &target, new)?;
        let empty = changes.is_empty()
            && known
                .and_then(|s| s.current.as_ref())
                .is_some_and(|c| same_otherwise(c, &target));
        let serial = self.next_serial();
        let arn = format!(
            "arn:aws:cloudformation:{region}:{ACCOUNT}:changeSet/{}/{}",
            new.name,
            self.chance.uuid(&format!("change-set-{serial}"))
        );
        let view = ChangeSetView {
            set: ChangeSet {
                arn,
                name: new.name.clone(),
                changes,
            },
            stack_arn: stack.arn.clone(),
            stack_name: stack.name.clone(),
            status: if empty { "FAILED" } else { "CREATE_COMPLETE" }.to_owned(),
            reason: empty.then(|| NO_CHANGES.to_owned()),
            execution_status: if empty { "UNAVAILABLE" } else { "AVAILABLE" }.to_owned(),
            created: self.now(),
            parameters: target.parameters.clone(),
            capabilities: new.capabilities.clone(),
            tags: target.tags.clone(),
        };
        if existing.is_none() {
            self.region_mut(region).stacks.push(stack.clone());
        }
        let shown = self.at_its_time(&view);
        if let Some(stack) = self.stack_mut(region, &stack.arn) {
            stack.change_sets.push(ChangeSetRecord { view, target });
        }
        Ok(shown)
    }

    pub fn describe_change_set(
        &self,
        region: &str,
        stack: &str,
        name_or_arn: &str,
    ) -> Result<ChangeSetView, ApiError> {
        Ok(self.at_its_time(&self.change_set(region, stack, name_or_arn)?.view))
    }

    /// While CloudFormation still thinks, nothing is known of the result.
    fn at_its_time(&self, view: &ChangeSetView) -> ChangeSetView {
        if self.now() >= later(view.created, THINKING) {
            return view.clone();
        }
        ChangeSetView {
            set: ChangeSet {
                changes: Vec::new(),
                ..view.set.clone()
            },
            status: "CREATE_IN_PROGRESS".to_owned(),
            reason: None,
            execution_status: "UNAVAILABLE".to_owned(),
            ..view.clone()
        }
    }

    /// By name within a stack, or by ARN in the region.
    pub(super) fn change_set(
        &self,
        region: &str,
        stack: &str,
        name_or_arn: &str,
    ) -> Result<&ChangeSetRecord, ApiError> {
        let missing = || {
            ApiError::new(
                404,
                "ChangeSetNotFound",
                format!("ChangeSet [{name_or_arn}] does not exist"),
            )
        };
        let by_arn = name_or_arn.starts_with("arn:");
        let all = self
            .region(region)
            .into_iter()
            .flat_map(|r| r.stacks.iter());
        let mine = all.filter(|s| stack.is_empty() || s.name == stack || s.arn == stack);
        mine.flat_map(|s| s.change_sets.iter())
            .find(|c| {
                if by_arn {
                    c.view.set.arn == name_or_arn
                } else {
                    c.view.set.name == name_or_arn
                }
            })
            .ok_or_else(missing)
    }

    /// Repeated with the token of the run that it began, it succeeds again. `keep`: `DisableRollback`.
    pub fn execute(
        &mut self,
        region: &str,
        stack: &str,
        name: &str,
        (token, keep): (Option<&str>, bool),
    ) -> Result<(), ApiError> {
        let record = self.change_set(region, stack, name)?.clone();
        let arn = record.view.stack_arn.clone();
        let owner = self.stack(region, &arn);
        let running = owner
            .and_then(|s| s.run.as_ref())
            .and_then(|r| r.token.as_deref());
        if token.is_some() && running == token {
            return Ok(());
        }
        let shown = self.at_its_time(&record.view);
        if shown.execution_status != "AVAILABLE" {
            let why = format!(
                "ChangeSet [{}] cannot be executed in its current status of [{}]",
                record.view.set.arn, shown.status
            );
            return Err(ApiError::new(400, "InvalidChangeSetStatus", why));
        }
        let fresh = owner.is_some_and(|s| s.current.is_none());
        let goal = if fresh { Goal::Create } else { Goal::Update };
        if let Some(stack) = self.stack_mut(region, &arn) {
            for other in &mut stack.change_sets {
                let mine = other.view.set.arn == record.view.set.arn;
                let word = if mine { "EXECUTE_COMPLETE" } else { "OBSOLETE" };
                word.clone_into(&mut other.view.execution_status);
            }
        }
        let mut run = Run::new(self.next_serial(), goal, token.map(str::to_owned));
        if keep {
            run.on_failure = OnFailure::Keep;
        }
        self.begin(region, &arn, run, record.target)
    }

    fn begin(
        &mut self,
        region: &str,
        arn: &str,
        run: Run,
        target: Version,
    ) -> Result<(), ApiError> {
        if run.goal == Goal::Create
            && let Some(stack) = self.stack_mut(region, arn)
        {
            stack.current = Some(target.clone());
        }
        self.begin_change(&StackKey::new(region, arn), run, target)
            .map_err(|e| rejected(&e))
    }

    /// `RetainExceptOnCreate`: a create that fails from here on leaves nothing behind.
    pub fn retain_except_on_create(&mut self, region: &str, stack: &str) {
        let Ok(arn) = self.found(region, stack).map(|s| s.arn.clone()) else {
            return;
        };
        let run = self.stack_mut(region, &arn).and_then(|s| s.run.as_mut());
        if let Some(run) = run.filter(|r| r.on_failure == OnFailure::RollBack) {
            run.on_failure = OnFailure::RemoveNew;
        }
    }

    /// Returns the stack's ARN.
    pub fn update_stack(&mut self, region: &str, new: &NewChangeSet) -> Result<String, ApiError> {
        let stack = self.found(region, &new.stack_name)?.clone();
        let known = check_kind(
            &NewChangeSet {
                create: false,
                ..new.clone()
            },
            Some(&stack),
        )?;
        let target = target(known, new)?;
        let changes = self.check_target(region, &stack, &target, new)?;
        if changes.is_empty()
            && stack
                .current
                .as_ref()
                .is_some_and(|c| same_otherwise(c, &target))
        {
            return Err(ApiError::validation("No updates are to be performed."));
        }
        let run = Run::new(self.next_serial(), Goal::Update, new.token.clone());
        self.begin(region, &stack.arn, run, target)?;
        Ok(stack.arn)
    }

    /// `CreateStack`, as a `StackSet` calls it.
    pub(in crate::rehearsal::world) fn create_stack(
        &mut self,
        region: &str,
        new: &NewChangeSet,
    ) -> Result<(), ApiError> {
        let target = target(None, new)?;
        let stack = self.reviewed_stack(region, &new.stack_name);
        self.check_target(region, &stack, &target, new)?;
        let arn = stack.arn.clone();
        self.region_mut(region).stacks.push(stack);
        let run = Run::new(self.next_serial(), Goal::Create, new.token.clone());
        self.begin(region, &arn, run, target)
    }

    /// A stack that only a change set knows of.
    fn reviewed_stack(&mut self, region: &str, name: &str) -> StackRecord {
        let now = self.now();
        let serial = self.next_serial();
        let unique = self.chance.uuid(&format!("stack-{region}-{name}-{serial}"));
        let arn = format!("arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{name}/{unique}");
        let mut stack = StackRecord::new(arn, name, now);
        stack.enter(now, "REVIEW_IN_PROGRESS", Some("User Initiated"));
        stack
    }

    /// What CloudFormation checks before anything is changed; returns the changes.
    fn check_target(
        &self,
        region: &str,
        stack: &StackRecord,
        target: &Version,
        new: &NewChangeSet,
    ) -> Result<Vec<crate::domain::change::Change>, ApiError> {
        if let Some(needed) = target.template.needed_capability() {
            let enough = new
                .capabilities
                .iter()
                .any(|c| c == needed || c == "CAPABILITY_NAMED_IAM");
            if !enough {
                let why = format!("Requires capabilities : [{needed}]");
                return Err(ApiError::new(400, "InsufficientCapabilitiesException", why));
            }
        }
        let site = Site {
            region,
            stack: &stack.name,
            arn: &stack.arn,
            version: target,
            resources: &stack.resources,
        };
        self.with_scope(&site, check_rules)
            .map_err(|e| rejected(&e))?;
        self.changes(region, stack, target)
            .map_err(|e| rejected(&e))
    }
}

/// The template and the values that a request asks for.
fn target(known: Option<&StackRecord>, new: &NewChangeSet) -> Result<Version, ApiError> {
    let current = known.and_then(|s| s.current.as_ref());
    let (template, body) = match (&new.body, current) {
        (Some(body), _) => (Arc::new(parse(body)?), Arc::from(body.as_str())),
        (None, Some(current)) if new.use_previous_template => {
            (Arc::clone(&current.template), Arc::clone(&current.body))
        }
        (None, _) => {
            return Err(ApiError::validation(
                "Either Template URL or Template Body must be specified.",
            ));
        }
    };
    let mut given = BTreeMap::new();
    for (name, value) in &new.parameters {
        let value = match value {
            ParameterValue::Value(value) => value.clone(),
            ParameterValue::UsePrevious => current
                .and_then(|c| c.parameters.get(name))
                .cloned()
                .ok_or_else(|| {
                    ApiError::validation(format!("Parameters: [{name}] must have values"))
                })?,
        };
        given.insert(name.clone(), value);
    }
    let parameters = template.bind(&given).map_err(|e| rejected(&e))?;
    Ok(Version {
        template,
        body,
        parameters,
        tags: new.tags.clone(),
    })
}

/// Whether two versions differ in nothing but resources.
fn same_otherwise(old: &Version, new: &Version) -> bool {
    old.template.outputs == new.template.outputs && (new.tags.is_empty() || old.tags == new.tags)
}

fn rejected(error: &TemplateError) -> ApiError {
    ApiError::validation(error.to_string())
}

fn parse(body: &str) -> Result<Template, ApiError> {
    if body.len() > LONGEST_BODY {
        let why = "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200";
        return Err(ApiError::validation(why));
    }
    Template::parse(body).map_err(|e| rejected(&e))
}

/// Whether the stack's state allows this kind of change set; returns the stack that would be changed.
fn check_kind<'a>(
    new: &NewChangeSet,
    existing: Option<&'a StackRecord>,
) -> Result<Option<&'a StackRecord>, ApiError> {
    let name = &new.stack_name;
    let Some(stack) = existing else {
        if new.create {
            return Ok(None);
        }
        return Err(ApiError::validation(format!(
            "Stack [{name}] does not exist"
        )));
    };
    if stack.status == "REVIEW_IN_PROGRESS" {
        return if new.create {
            Ok(Some(stack))
        } else {
            Err(ApiError::validation(format!(
                "Stack [{name}] is in REVIEW_IN_PROGRESS state and can not be updated."
            )))
        };
    }
    if new.create {
        let why = format!(
            "Stack [{name}] already exists and cannot be created again with the changeSet [{}].",
            new.name
        );
        return Err(ApiError::validation(why));
    }
    let updatable = matches!(
        stack.status.as_str(),
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE" | "IMPORT_COMPLETE"
    );
    if updatable {
        Ok(Some(stack))
    } else {
        Err(ApiError::validation(format!(
            "Stack:{} is in {} state and can not be updated.",
            stack.arn, stack.status
        )))
    }
}
