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
