//! The metrics of a promotion: its approval, and how far its state machine is.

use std::time::Duration;

use jiff::Timestamp;

use crate::aws::client::RegionClient;
use crate::aws::cloudwatch::{CLOCK_MARGIN, SignalQuery, lever_id, newest, series};
use crate::domain::observed::ReadError;
use crate::domain::promotion::{Progress, PromotionSeen};

/// Where the approval and the progress of a promotion are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromotionQuery {
    pub namespace: String,
    pub dimensions: Vec<(String, String)>,
    pub approval: String,
    pub progress: String,
    pub look_back: Duration,
}

impl RegionClient {
    /// The newest approval of a promotion, and what its state machine has said.
    pub async fn promotion(&self, query: &PromotionQuery) -> Result<PromotionSeen, ReadError> {
        let now = self.clock.now();
        let start = now.checked_sub(query.look_back).unwrap_or(Timestamp::MIN);
        let end = now.checked_add(CLOCK_MARGIN).unwrap_or(now);
        let names = [&query.approval, &query.progress];
        let specs: Vec<SignalQuery> = names
            .into_iter()
            .flat_map(|name| [(name, "Maximum"), (name, "Minimum")])
            .map(|(name, statistic)| SignalQuery {
                id: lever_id(name, statistic),
                namespace: query.namespace.clone(),
                metric: name.clone(),
                dimensions: query.dimensions.clone(),
                statistic: statistic.to_owned(),
                period_seconds: 60,
            })
            .collect();
        let data = self.signals(&specs, start, end).await?;
        let points = |statistic| {
            let found = series(&data, &query.progress, statistic);
            found.map_or(&[][..], |s| &s.0)
        };
        let lows = points("Minimum");
        let progress = points("Maximum").iter().map(|high| Progress {
            at: high.at,
            low: lows
                .iter()
                .find(|low| low.at == high.at)
                .map_or(high.value, |low| low.value),
            high: high.value,
        });
        Ok(PromotionSeen {
            approval: newest(&data, &query.approval),
            progress: progress.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use winterbaume_cloudwatch::{model, wire};

    use super::*;
    use crate::aws::scripted::{EPOCH, cbor, clients, sent};
    use crate::domain::lever::Command;
    use crate::domain::observed::FailureKind;

    const NUMBER: f64 = 1_767_225_000.0;

    fn query() -> PromotionQuery {
        PromotionQuery {
            namespace: "Switchback/Failover".into(),
            dimensions: vec![("Environment".into(), "demo".into())],
            approval: "PromotionApproved".into(),
            progress: "PromotionStep".into(),
            look_back: Duration::from_hours(12),
        }
    }

    fn results(status: &str, results: &[(&str, &[(i64, f64)])]) -> winterbaume_core::MockResponse {
        let result = |(id, points): &(&str, &[(i64, f64)])| model::MetricDataResult {
            id: Some((*id).into()),
            status_code: Some(status.into()),
            timestamps: Some(points.iter().map(|(at, _)| *at as f64).collect()),
            values: Some(points.iter().map(|(_, value)| *value).collect()),
            ..Default::default()
        };
        wire::serialize_get_metric_data_response(&model::GetMetricDataOutput {
            metric_data_results: Some(results.iter().map(result).collect()),
            ..Default::default()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn both_metrics_are_read_in_one_call_with_their_extremes() {
        let (first, second) = (EPOCH - 120, EPOCH - 60);
        let replay = cbor([results(
            "Complete",
            &[
                ("q0", &[(first, NUMBER)]),
                ("q1", &[(first, -NUMBER - 7.0)]),
                ("q2", &[(first, 1.0), (second, 2.0)]),
                // a step that failed within the minute in which it began
                ("q3", &[(first, 0.0), (second, -2.0)]),
            ],
        )]);
        let aws = clients(replay.clone()).await;
        let seen = aws.regions.standby.promotion(&query()).await.unwrap();
        let approval = seen.approval.unwrap();
        assert_eq!(
            (approval.number, approval.command),
            (1_767_225_007, Command::Release),
            "the one of largest magnitude rules"
        );
        let progress: Vec<_> = seen
            .progress
            .iter()
            .map(|p| (p.at.as_second(), p.low, p.high))
            .collect();
        assert_eq!(progress, [(first, 0.0, 1.0), (second, -2.0, 2.0)]);
        let requests = sent(&replay);
        assert_eq!(requests.len(), 1);
        assert!(requests[0].starts_with("POST https://monitoring.us-west-2.amazonaws.com/"));
        for said in ["PromotionApproved", "PromotionStep", "Environment", "demo"] {
            assert!(requests[0].contains(said), "{said}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_never_spoke_says_nothing() {
        let aws = clients(cbor([results("Complete", &[("q0", &[]), ("q2", &[])])])).await;
        let seen = aws.regions.standby.promotion(&query()).await;
        assert_eq!(seen, Ok(PromotionSeen::default()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_highest_value_without_a_lowest_is_both() {
        let minute = EPOCH - 60;
        let aws = clients(cbor([results("Complete", &[("q2", &[(minute, 3.0)])])])).await;
        let seen = aws.regions.standby.promotion(&query()).await.unwrap();
        assert_eq!((seen.progress[0].low, seen.progress[0].high), (3.0, 3.0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_no_silence() {
        let all: Vec<(&str, &[(i64, f64)])> = ["q0", "q1", "q2", "q3"].map(|q| (q, &[][..])).into();
        let aws = clients(cbor([results("Forbidden", &all)])).await;
        let error = aws.regions.standby.promotion(&query()).await;
        assert_eq!(error.unwrap_err().kind, FailureKind::Denied);
    }
}
