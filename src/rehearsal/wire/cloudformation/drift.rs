//! Drift detection's calls.

use winterbaume_cloudformation::wire;

use super::super::form::Params;
use super::super::page::{Page, page, size};
use super::super::route::Call;
use super::super::{Response, iso};
use super::{optional, read, required};
use crate::domain::drift::{DriftStatus, PropertyDifference, ResourceDriftStatus};
use crate::rehearsal::world::cloudformation::{DetectionView, DriftView};
use crate::rehearsal::world::{ApiError, World};

pub(super) fn detect(world: &mut World, call: &Call) -> Result<Response, ApiError> {
    let id = world.detect_stack_drift(&call.region, required(&call.params, "StackName")?)?;
    let output = wire::DetectStackDriftOutput {
        stack_drift_detection_id: Some(id),
    };
    Ok(wire::serialize_detect_stack_drift_response(&output).into())
}

pub(super) fn status(world: &World, call: &Call) -> Result<Response, ApiError> {
    let id = required(&call.params, "StackDriftDetectionId")?;
    Ok(detection(world.drift_detection(&call.region, id)?))
}

fn detection(view: DetectionView) -> Response {
    let word = if view.status.is_some() {
        "DETECTION_COMPLETE"
    } else {
        "DETECTION_IN_PROGRESS"
    };
    let output = wire::DescribeStackDriftDetectionStatusOutput {
        detection_status: Some(word.to_owned()),
        drifted_stack_resource_count: view
            .status
            .map(|_| i32::try_from(view.drifted).unwrap_or(0)),
        stack_drift_detection_id: Some(view.id),
        stack_drift_status: view.status.map(|s| stack_word(s).to_owned()),
        stack_id: Some(view.stack_arn),
        timestamp: Some(iso(view.at)),
        ..Default::default()
    };
    wire::serialize_describe_stack_drift_detection_status_response(&output).into()
}

pub(super) fn resources(world: &World, call: &Call) -> Result<Response, ApiError> {
    let name = required(&call.params, "StackName")?;
    let wanted = read::list(&call.params, "StackResourceDriftStatusFilters");
    let mut all = world.resource_drifts(&call.region, name)?;
    all.retain(|d| wanted.is_empty() || wanted.iter().any(|w| w == resource_word(d.drift.status)));
    let arn = super::stack_of(world, call, name)?.arn;
    let page = page(all, optional(&call.params, "NextToken"), most(&call.params))?;
    Ok(drifts(&arn, page))
}

fn most(params: &Params) -> usize {
    let asked = optional(params, "MaxResults").and_then(|text| text.parse().ok());
    size(asked, 100, 100)
}

fn drifts(arn: &str, page: Page<DriftView>) -> Response {
    let drifts: Vec<_> = page
        .items
        .into_iter()
        .map(|view| drift(arn, view))
        .collect();
    let output = wire::DescribeStackResourceDriftsOutput {
        next_token: page.next,
        stack_resource_drifts: Some(drifts.into()),
    };
    wire::serialize_describe_stack_resource_drifts_response(&output).into()
}

fn drift(arn: &str, view: DriftView) -> wire::StackResourceDrift {
    let drift = view.drift;
    let differences: Vec<_> = drift.differences.into_iter().map(difference).collect();
    wire::StackResourceDrift {
        stack_id: Some(arn.to_owned()),
        logical_resource_id: Some(drift.logical_id),
        physical_resource_id: drift.physical_id,
        resource_type: Some(drift.resource_type),
        stack_resource_drift_status: Some(resource_word(drift.status).to_owned()),
        property_differences: Some(differences.into()),
        expected_properties: Some(view.expected),
        actual_properties: Some(view.actual).filter(|text| !text.is_empty()),
        timestamp: Some(iso(view.at)),
        ..Default::default()
    }
}

fn difference(difference: PropertyDifference) -> wire::PropertyDifference {
    let kind = match (difference.expected.is_empty(), difference.actual.is_empty()) {
        (true, _) => "ADD",
        (false, true) => "REMOVE",
        (false, false) => "NOT_EQUAL",
    };
    wire::PropertyDifference {
        property_path: Some(difference.path),
        expected_value: Some(difference.expected),
        actual_value: Some(difference.actual),
        difference_type: Some(kind.to_owned()),
    }
}

/// As `DescribeStacks` spells it.
pub(super) const fn stack_word(status: DriftStatus) -> &'static str {
    match status {
        DriftStatus::Drifted => "DRIFTED",
        DriftStatus::InSync => "IN_SYNC",
        DriftStatus::Unknown => "UNKNOWN",
        DriftStatus::NotChecked => "NOT_CHECKED",
    }
}

const fn resource_word(status: ResourceDriftStatus) -> &'static str {
    match status {
        ResourceDriftStatus::InSync => "IN_SYNC",
        ResourceDriftStatus::Modified => "MODIFIED",
        ResourceDriftStatus::Deleted => "DELETED",
        ResourceDriftStatus::Unknown => "UNKNOWN",
    }
}
