//! What the runtime is asked to do; the only way in which the console acts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::blocker::Inquiry;
use crate::domain::change::Change;
use crate::domain::health::CheckId;
use crate::domain::observation::Serving;
use crate::domain::operation::{AwsRequest, OperationId, Outcome, StepState};
use crate::domain::plan::{Confirmed, Plan};
use crate::domain::records_lever::RecordsChange;
use crate::domain::region::Role;
use crate::domain::repair::Repair;
use crate::domain::stack::StackId;
use crate::domain::trouble::Facilitation;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Effect {
    Quit,
    /// Read everything again now.
    Refresh,
    /// Poll at the pace of an operation, or at the idle pace.
    Pace(Pace),
    /// Open the journal of a confirmed operation.
    Open(Box<Confirmed<Plan>>),
    /// Open the journal of an operation that was cut off, to continue it.
    Reopen(Box<Confirmed<Plan>>),
    /// Write no more to the journal of an operation whose end nobody has seen.
    LeaveOpen(OperationId),
    /// Close the journal of an operation that was cut off.
    GiveUp(Box<Confirmed<Plan>>),
    /// Record an operation that was refused or not confirmed.
    Refused {
        plan: Box<Plan>,
        outcome: Outcome,
        why: String,
        /// Where the traffic was, and stays.
        serving: Serving,
        at: Timestamp,
    },
    /// Do one step of a confirmed plan.
    Do {
        operation: OperationId,
        index: usize,
        order: Box<Order>,
    },
    /// Let none of the operation's change sets be executed any more, and take its updates of these stacks back.
    Cancel {
        operation: OperationId,
        targets: Vec<StackTarget>,
    },
    /// Nothing of the operation waits for a new login any more: what was not told to AWS by now is not told later.
    StopWaiting(OperationId),
    /// Make a change set for the review, look at it and throw it away.
    Preview {
        operation: OperationId,
        index: usize,
        order: Box<Order>,
    },
    /// Ask AWS what stands in the way of deleting a stack.
    Inspect {
        operation: OperationId,
        index: usize,
        target: StackTarget,
        inquiry: Box<Inquiry>,
    },
    /// Write to the journal of the operation.
    Journal {
        operation: OperationId,
        entry: Entry,
        at: Timestamp,
    },
    /// Have CloudFormation compare a stack with its template.
    DetectDrift {
        role: Role,
        stack: StackId,
        /// The stack's ARN.
        name: String,
    },
    /// Prove the right to write beside the metric lever, with a datum that moves nothing.
    ProbeLever(LeverDatum),
    /// Publish how long it took, in the standby's CloudWatch.
    PublishRto {
        seconds: f64,
    },
    Copy(String),
    Snapshot,
    /// Write the last messages to a file.
    Record,
    /// Let something go wrong in a rehearsal.
    Facilitate(Facilitation),
    /// Write the report of an operation of the journal.
    Report(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pace {
    Idle,
    /// Nobody pressed a key for ten minutes.
    Slow,
    Operation,
}

/// A step with everything it needs; nothing is looked up between the decision and the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Order {
    Deploy(StackTarget, Deployment),
    Delete(StackTarget),
    Repair {
        target: StackTarget,
        repair: Repair,
        /// Logical ids that are left as they are, or left behind.
        skip: Vec<String>,
    },
    /// Tell the metric lever.
    PutCommand(LeverDatum),
    /// Approve the promotion of the standby, or its return.
    Approve(Approval),
    SetParameter {
        target: StackTarget,
        parameter: String,
        value: String,
    },
    SetThreshold {
        check: CheckId,
        version: i64,
        threshold: i32,
    },
    ChangeRecords {
        change: RecordsChange,
        comment: String,
    },
}

/// The stack that an order is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackTarget {
    pub stack: StackId,
    pub role: Role,
    /// The stack's name in AWS.
    pub name: String,
    /// The stack itself, where only the one that was reviewed is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// An earlier run of this step was cut off after this moment: AWS may have been told already.
    #[serde(default)]
    pub cut_off: Option<Timestamp>,
    /// The stacks that its `StackSet`s make, whose events belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<Instance>,
}

/// A stack that a `StackSet` makes: what its name begins with, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub stack: StackId,
    pub role: Role,
    pub prefix: String,
}

/// What is deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    pub template: String,
    #[serde(skip)]
    pub parameters: BTreeMap<String, String>,
    /// Parameters that the stack has and the manifest does not set (a pulled endpoint lever): left as they are.
    pub keep: Vec<String>,
    pub capabilities: Vec<String>,
    pub tags: BTreeMap<String, String>,
    /// What the operator has seen and confirmed.
    #[serde(default)]
    pub reviewed: Option<Reviewed>,
}

/// Changes that an operator has seen and confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    pub changes: Vec<Change>,
    /// The change set must be this one; else only what endangers data must have been seen.
    pub exact: bool,
}

/// What the metric lever is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeverDatum {
    pub role: Role,
    pub namespace: String,
    pub dimensions: Vec<(String, String)>,
    /// The command's number, and with its sign the value that is published.
    pub number: i64,
    pub value: f64,
    pub engaged: bool,
    /// The same command once more, because it was not echoed yet.
    pub repeat: bool,
}

/// The approval of a promotion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    pub role: Role,
    pub namespace: String,
    pub dimensions: Vec<(String, String)>,
    pub metric: String,
    /// The lever's command number, and with its sign the value that is published.
    pub number: i64,
    pub value: f64,
    /// The same approval once more, because the state machine has not begun yet.
    pub repeat: bool,
}

/// A journal entry; the runtime adds time, sequence and hash.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Entry {
    Step {
        index: usize,
        title: String,
        state: StepState,
        note: Option<String>,
    },
    /// What a lever is told, written before the call.
    Order {
        index: usize,
        order: Box<Order>,
    },
    Milestone {
        name: String,
        at: Timestamp,
    },
    /// What the records lever is about to change; `before` takes it back.
    Undo {
        change: RecordsChange,
    },
    /// What AWS calls the requests of a step, or of the repetition of a command.
    Requests {
        index: Option<usize>,
        requests: Vec<AwsRequest>,
    },
    Note {
        text: String,
    },
    /// The operator stops it.
    Cancelled {
        reason: Option<String>,
    },
    /// What a step found and the operator confirmed a second time.
    Accepted {
        index: usize,
        changes: Vec<Change>,
        reason: Option<String>,
    },
    Closed {
        outcome: Outcome,
        reason: Option<String>,
        serving: Serving,
        rto_seconds: Option<f64>,
        rpo_seconds: Option<f64>,
    },
}
