//! A stack's template and its drift: what CloudFormation was given, and how far what is there differs from it.
//!
//! A detection changes nothing. It reads every resource with the caller's own rights (CloudFormation user guide,
//! "Detect unmanaged configuration changes").

use aws_sdk_cloudformation::types as sdk;
use jiff::Timestamp;

use crate::aws::client::RegionClient;
use crate::aws::cloudformation::MOST_PAGES;
use crate::aws::convert::{cloudformation as convert, some_text, timestamp};
use crate::domain::drift::{DriftStatus, ResourceDrift};
use crate::domain::observed::ReadError;

/// How far a detection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detecting {
    Running,
    Done {
        status: DriftStatus,
        at: Option<Timestamp>,
        /// It could not look at everything.
        trouble: Option<String>,
    },
}

impl RegionClient {
    /// The template as it was given. It is only compared, never shown.
    pub async fn template(&self, name_or_arn: &str) -> Result<String, ReadError> {
        let site = self.cloudformation_site();
        let answer = self
            .cloudformation
            .get_template()
            .stack_name(name_or_arn)
            .template_stage(sdk::TemplateStage::Original)
            .send()
            .await
            .map_err(|e| site.read_error("cloudformation:GetTemplate", &e))?;
        answer
            .template_body
            .ok_or_else(|| site.incomplete("the template"))
    }

    /// Begins a detection; its id tells how far it is.
    pub async fn detect_drift(&self, name_or_arn: &str) -> Result<String, ReadError> {
        let site = self.cloudformation_site();
        let answer = self
            .cloudformation
            .detect_stack_drift()
            .stack_name(name_or_arn)
            .send()
            .await
            .map_err(|e| site.read_error("cloudformation:DetectStackDrift", &e))?;
        answer
            .stack_drift_detection_id
            .ok_or_else(|| site.incomplete("the id of the drift detection"))
    }

    pub async fn detecting(&self, id: &str) -> Result<Detecting, ReadError> {
        let site = self.cloudformation_site();
        let answer = self
            .cloudformation
            .describe_stack_drift_detection_status()
            .stack_drift_detection_id(id)
            .send()
            .await
            .map_err(|e| site.read_error("cloudformation:DescribeStackDriftDetectionStatus", &e))?;
        let trouble = some_text(answer.detection_status_reason());
        let word = answer.detection_status().map(|s| s.as_str().to_owned());
        Ok(match word.as_deref() {
            Some("DETECTION_IN_PROGRESS") => Detecting::Running,
            Some("DETECTION_COMPLETE") => Detecting::Done {
                status: convert::drift_status(answer.stack_drift_status()),
                at: answer.timestamp().and_then(timestamp),
                trouble,
            },
            // failed, or a word that is new: resources that could be read count all the same
            _ => Detecting::Done {
                status: match convert::drift_status(answer.stack_drift_status()) {
                    DriftStatus::Drifted => DriftStatus::Drifted,
                    DriftStatus::InSync | DriftStatus::Unknown | DriftStatus::NotChecked => {
                        DriftStatus::Unknown
                    }
                },
                at: answer.timestamp().and_then(timestamp),
                trouble: Some(trouble.unwrap_or_else(|| "the detection failed".to_owned())),
            },
        })
    }

    /// Every resource that the last detection looked at.
    pub async fn resource_drifts(
        &self,
        name_or_arn: &str,
    ) -> Result<Vec<ResourceDrift>, ReadError> {
        let mut drifts = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let answer = self
                .cloudformation
                .describe_stack_resource_drifts()
                .stack_name(name_or_arn)
                .max_results(100)
                .set_next_token(token)
                .send()
                .await
                .map_err(|e| {
                    self.cloudformation_site()
                        .read_error("cloudformation:DescribeStackResourceDrifts", &e)
                })?;
            let page = answer.stack_resource_drifts().iter();
            drifts.extend(page.filter_map(convert::resource_drift));
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        Ok(drifts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::scripted::{clients, script, sent};
    use crate::domain::drift::{PropertyDifference, ResourceDriftStatus};

    fn status(words: &str) -> (u16, String) {
        let action = "DescribeStackDriftDetectionStatus";
        let text = format!(
            "<{action}Response><{action}Result><StackId>arn</StackId><StackDriftDetectionId>d</StackDriftDetectionId>\
             {words}<Timestamp>2026-01-01T00:00:30Z</Timestamp></{action}Result></{action}Response>"
        );
        (200, text)
    }

    #[tokio::test(start_paused = true)]
    async fn a_detection_is_followed_and_its_failure_is_never_in_sync() {
        let complete = "<DetectionStatus>DETECTION_COMPLETE</DetectionStatus><StackDriftStatus>DRIFTED</StackDriftStatus>";
        let failed = "<DetectionStatus>DETECTION_FAILED</DetectionStatus><StackDriftStatus>IN_SYNC</StackDriftStatus>\
                      <DetectionStatusReason>may not read Function</DetectionStatusReason>";
        let aws = clients(script([
            status("<DetectionStatus>DETECTION_IN_PROGRESS</DetectionStatus>"),
            status(complete),
            status(failed),
        ]))
        .await;
        let ask = || aws.regions.standby.detecting("d");
        let at = "2026-01-01T00:00:30Z".parse().ok();
        assert_eq!(ask().await, Ok(Detecting::Running));
        let done = |status, trouble: Option<&str>| {
            Ok(Detecting::Done {
                status,
                at,
                trouble: trouble.map(str::to_owned),
            })
        };
        assert_eq!(ask().await, done(DriftStatus::Drifted, None));
        let why = Some("may not read Function");
        assert_eq!(ask().await, done(DriftStatus::Unknown, why));
    }

    #[tokio::test(start_paused = true)]
    async fn differences_are_paged_and_cleaned() {
        let page = |next: &str, inner: &str| {
            let action = "DescribeStackResourceDrifts";
            let text = format!(
                "<{action}Response><{action}Result><StackResourceDrifts><member>{inner}</member></StackResourceDrifts>\
                 {next}</{action}Result></{action}Response>"
            );
            (200, text)
        };
        let first = "<LogicalResourceId>Check</LogicalResourceId><ResourceType>T</ResourceType>\
            <StackResourceDriftStatus>MODIFIED</StackResourceDriftStatus><PropertyDifferences><member>\
            <PropertyPath>/A/B</PropertyPath><ExpectedValue>3</ExpectedValue><ActualValue>4&#9;5</ActualValue>\
            <DifferenceType>NOT_EQUAL</DifferenceType></member></PropertyDifferences>";
        let second = "<LogicalResourceId>Gone</LogicalResourceId><StackResourceDriftStatus>DELETED</StackResourceDriftStatus>";
        let replay = script([page("<NextToken>more</NextToken>", first), page("", second)]);
        let aws = clients(replay.clone()).await;
        let found = aws.regions.primary.resource_drifts("s").await.unwrap();
        let difference = PropertyDifference {
            path: "/A/B".into(),
            expected: "3".into(),
            actual: "4 5".into(),
        };
        assert_eq!(found[0].differences, [difference]);
        assert_eq!(found[1].status, ResourceDriftStatus::Deleted);
        assert!(sent(&replay)[1].contains("NextToken=more"));
    }
}
