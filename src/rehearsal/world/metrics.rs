//! The data of a region's metrics, in buckets of a minute.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::domain::signal::Datapoint;
use crate::rehearsal::world::cloudwatch::{MetricId, MetricQuery};

/// Buckets kept per metric: six hours of history and something over. Sparse metrics therefore keep far older data.
const KEPT: usize = 420;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bucket {
    sum: f64,
    min: f64,
    max: f64,
    count: f64,
}

impl Bucket {
    const fn of(value: f64) -> Self {
        Self {
            sum: value,
            min: value,
            max: value,
            count: 1.0,
        }
    }

    fn merge(&mut self, other: Self) {
        self.sum += other.sum;
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Percentiles come to the maximum: buckets do not keep single values.
    fn statistic(self, name: &str) -> f64 {
        match name {
            "Sum" => self.sum,
            "Average" => self.sum / self.count,
            "Minimum" => self.min,
            "SampleCount" => self.count,
            _ => self.max,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Metrics(BTreeMap<MetricId, VecDeque<(i64, Bucket)>>);

impl Metrics {
    pub(super) fn put(&mut self, id: &MetricId, at: Timestamp, value: f64) {
        let minute = at.as_second().div_euclid(60);
        if !self.0.contains_key(id) {
            self.0.insert(id.clone(), VecDeque::new());
        }
        let Some(series) = self.0.get_mut(id) else {
            return;
        };
        let place = series.partition_point(|(m, _)| *m < minute);
        match series.get_mut(place) {
            Some((m, bucket)) if *m == minute => bucket.merge(Bucket::of(value)),
            _ => series.insert(place, (minute, Bucket::of(value))),
        }
        if series.len() > KEPT {
            series.pop_front();
        }
    }

    /// Periods that hold data and begin within start..end, oldest first.
    pub(super) fn query(&self, query: &MetricQuery) -> Vec<Datapoint> {
        let id = MetricId {
            namespace: query.namespace.clone(),
            metric: query.metric.clone(),
            dimensions: query.dimensions.clone(),
        };
        let span = (query.start.as_second(), query.end.as_second());
        self.series(&id, &query.statistic, query.period, span)
    }

    pub(super) fn series(
        &self,
        id: &MetricId,
        statistic: &str,
        period: u32,
        span: (i64, i64),
    ) -> Vec<Datapoint> {
        let Some(series) = self.0.get(id) else {
            return Vec::new();
        };
        let period = i64::from(period.max(60));
        let first = span.0.div_euclid(period) * period;
        let from = series.partition_point(|(m, _)| m * 60 < first);
        let mut periods: Vec<(i64, Bucket)> = Vec::new();
        for (minute, bucket) in series
            .iter()
            .skip(from)
            .take_while(|(m, _)| m * 60 < span.1)
        {
            let start = (minute * 60).div_euclid(period) * period;
            match periods.last_mut() {
                Some((at, known)) if *at == start => known.merge(*bucket),
                _ => periods.push((start, *bucket)),
            }
        }
        periods
            .into_iter()
            .filter_map(|(at, bucket)| {
                Some(Datapoint {
                    at: Timestamp::from_second(at).ok()?,
                    value: bucket.statistic(statistic),
                })
            })
            .collect()
    }

    /// The values with the lowest and the highest number that are still kept.
    pub(super) fn extremes(&self, id: &MetricId) -> impl Iterator<Item = f64> {
        let buckets = self.0.get(id).into_iter().flatten();
        buckets.flat_map(|(_, b)| [b.min, b.max])
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &MetricId> {
        self.0.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn data_are_gathered_by_period() {
        let mut metrics = Metrics::default();
        let id = MetricId {
            namespace: "N".into(),
            metric: "M".into(),
            ..MetricId::default()
        };
        for (second, value) in [(0, 1.0), (59, 3.0), (60, 5.0), (300, 7.0)] {
            metrics.put(&id, at(second), value);
        }
        let values = |statistic: &str, period| -> Vec<f64> {
            metrics
                .series(&id, statistic, period, (0, 600))
                .iter()
                .map(|p| p.value)
                .collect()
        };
        assert_eq!(values("Sum", 60), [4.0, 5.0, 7.0]);
        assert_eq!(values("Maximum", 300), [5.0, 7.0]);
        assert_eq!(values("SampleCount", 300), [3.0, 1.0]);
        assert_eq!(values("Average", 60), [2.0, 5.0, 7.0]);
    }

    #[test]
    fn old_data_make_room() {
        let mut metrics = Metrics::default();
        let id = MetricId::default();
        for minute in 0..10_000 {
            metrics.put(&id, at(minute * 60), 1.0);
        }
        assert_eq!(metrics.series(&id, "Sum", 60, (0, 600_000)).len(), KEPT);
    }
}
