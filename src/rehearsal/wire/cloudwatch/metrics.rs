//! Metrics: what is read, what is put, what there is.

use winterbaume_cloudwatch::wire;

use super::super::Response;
use super::super::page::page;
use super::super::route::Call;
use super::{codec, dimension_list, dimensions, invalid, legacy, seconds, timestamp};
use crate::rehearsal::world::cloudwatch::{MetricId, MetricQuery, NewDatum};
use crate::rehearsal::world::{ApiError, World};

/// Queries of one `GetMetricData`, and metrics of one page of `ListMetrics` (API reference).
const MOST: usize = 500;
/// Values of one page of `GetMetricData` (API reference).
const MOST_VALUES: usize = 100_800;
/// Data of one `PutMetricData` (API reference).
const MOST_DATA: usize = 1000;
/// Values that one datum may stand for; the API's own counts have no bound, and each costs the world a step.
const MOST_COUNT: usize = 10_000;

pub(super) fn get(world: &World, call: &Call) -> Result<Response, ApiError> {
    let input = codec::decode(
        call,
        wire::deserialize_get_metric_data_request,
        legacy::get_metric_data,
    )?;
    let range = Range::of(&input)?;
    let queries = input.metric_data_queries;
    if queries.is_empty() || queries.len() > MOST {
        return Err(ApiError::validation(format!(
            "MetricDataQueries has {} members, 1 to {MOST} are allowed",
            queries.len()
        )));
    }
    let room = input
        .max_datapoints
        .and_then(|most| usize::try_from(most).ok())
        .unwrap_or(MOST_VALUES);
    let mut pager = Pager {
        skip: cursor(input.next_token.as_deref())?,
        room: room.clamp(1, MOST_VALUES),
        results: Vec::new(),
        next: None,
    };
    for (index, query) in queries.into_iter().enumerate() {
        if pager.next.is_some() {
            break;
        }
        if index >= pager.skip.0 && query.return_data != Some(false) {
            let found = range.series(world, &call.region, query)?;
            pager.take(index, found);
        }
    }
    let output = wire::GetMetricDataOutput {
        messages: Some(Vec::new()),
        metric_data_results: Some(pager.results),
        next_token: pager.next,
    };
    Ok(codec::encode(
        call,
        &output,
        wire::serialize_get_metric_data_response,
    ))
}

/// What every query of a request shares.
struct Range {
    start: jiff::Timestamp,
    end: jiff::Timestamp,
    ascending: bool,
}

/// The answer to one query, complete.
struct Found {
    id: String,
    label: String,
    times: Vec<f64>,
    values: Vec<f64>,
}

impl Range {
    fn of(input: &wire::GetMetricDataInput) -> Result<Self, ApiError> {
        let start = timestamp(input.start_time, "StartTime")?;
        let end = timestamp(input.end_time, "EndTime")?;
        if start >= end {
            return Err(ApiError::validation(
                "The parameter StartTime must be less than the parameter EndTime.",
            ));
        }
        Ok(Self {
            start,
            end,
            ascending: input.scan_by.as_deref() == Some("TimestampAscending"),
        })
    }

    fn series(
        &self,
        world: &World,
        region: &str,
        query: wire::MetricDataQuery,
    ) -> Result<Found, ApiError> {
        let Some(stat) = query.metric_stat else {
            return Err(ApiError::validation(format!(
                "query {:?} has no MetricStat: the rehearsal computes no expressions",
                query.id
            )));
        };
        let metric = stat.metric.metric_name.unwrap_or_default();
        let period = u32::try_from(stat.period)
            .ok()
            .filter(|period| *period > 0)
            .ok_or_else(|| {
                ApiError::validation(format!("Period {} is not positive", stat.period))
            })?;
        let asked = MetricQuery {
            namespace: stat.metric.namespace.unwrap_or_default(),
            metric: metric.clone(),
            dimensions: dimensions(stat.metric.dimensions),
            statistic: stat.stat,
            period,
            start: self.start,
            end: self.end,
        };
        let mut points = world.metric_data(region, &asked);
        points.retain(|point| point.value.is_finite());
        if !self.ascending {
            points.reverse();
        }
        Ok(Found {
            id: query.id,
            label: query.label.unwrap_or(metric),
            times: points.iter().map(|point| seconds(point.at)).collect(),
            values: points.iter().map(|point| point.value).collect(),
        })
    }
}

/// Fills one page, query by query; the token says where the next page begins.
struct Pager {
    /// Query and value to begin with.
    skip: (usize, usize),
    room: usize,
    results: Vec<wire::MetricDataResult>,
    next: Option<String>,
}

impl Pager {
    fn take(&mut self, index: usize, found: Found) {
        let from = if index == self.skip.0 { self.skip.1 } else { 0 };
        let total = found.values.len();
        let count = total.saturating_sub(from).min(self.room);
        let complete = from + count >= total;
        if count == 0 && !complete {
            self.next = Some(format!("{index}:{from}"));
            return;
        }
        self.room -= count;
        let part = |all: Vec<f64>| all.into_iter().skip(from).take(count).collect();
        self.results.push(wire::MetricDataResult {
            id: Some(found.id),
            label: Some(found.label),
            timestamps: Some(part(found.times)),
            values: Some(part(found.values)),
            status_code: Some(if complete { "Complete" } else { "PartialData" }.to_owned()),
            messages: None,
        });
        if !complete {
            self.next = Some(format!("{index}:{}", from + count));
        }
    }
}

fn cursor(token: Option<&str>) -> Result<(usize, usize), ApiError> {
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Ok((0, 0));
    };
    token
        .split_once(':')
        .and_then(|(query, value)| Some((query.parse().ok()?, value.parse().ok()?)))
        .ok_or_else(|| ApiError::new(400, "InvalidNextToken", "the token is not one of ours"))
}

pub(super) fn put(world: &mut World, call: &Call) -> Result<Response, ApiError> {
    let input = codec::decode(
        call,
        wire::deserialize_put_metric_data_request,
        wire::deserialize_put_metric_data_request_query,
    )?;
    let with_entities = input.entity_metric_data.unwrap_or_default();
    let data: Vec<wire::MetricDatum> = input
        .metric_data
        .unwrap_or_default()
        .into_iter()
        .chain(
            with_entities
                .into_iter()
                .filter_map(|of| of.metric_data)
                .flatten(),
        )
        .collect();
    if input.namespace.is_empty() || data.is_empty() || data.len() > MOST_DATA {
        return Err(ApiError::new(
            400,
            "MissingParameter",
            format!("Namespace and 1 to {MOST_DATA} members of MetricData are required"),
        ));
    }
    let mut read = Vec::new();
    for datum in data {
        read.extend(new_data(&input.namespace, datum)?);
    }
    for datum in &read {
        world.put_metric(&call.region, datum)?;
    }
    Ok(codec::empty(call, wire::serialize_put_metric_data_response))
}

/// One datum, or several where it carries a list of values.
fn new_data(namespace: &str, datum: wire::MetricDatum) -> Result<Vec<NewDatum>, ApiError> {
    let name = datum.metric_name;
    if name.is_empty() {
        return Err(invalid("a member of MetricData has no MetricName"));
    }
    if datum.statistic_values.is_some() {
        return Err(invalid(format!(
            "{name}: the rehearsal takes Value or Values, not StatisticValues"
        )));
    }
    let at = datum.timestamp.map(|at| timestamp(at, "Timestamp"));
    let one = NewDatum {
        namespace: namespace.to_owned(),
        metric: name,
        dimensions: dimensions(datum.dimensions),
        value: 0.0,
        at: at.transpose()?,
    };
    let values = match (datum.value, datum.values) {
        (Some(value), None) => vec![value],
        (None, Some(values)) => counted(&one.metric, &values, datum.counts)?,
        _ => {
            return Err(invalid(format!(
                "{}: exactly one of Value and Values is required",
                one.metric
            )));
        }
    };
    if values.iter().any(|value| !value.is_finite()) {
        return Err(invalid(format!("{}: a value is not a number", one.metric)));
    }
    let with = |value| NewDatum {
        value,
        ..one.clone()
    };
    Ok(values.into_iter().map(with).collect())
}

/// Each value as often as its count says (once without counts).
fn counted(metric: &str, values: &[f64], counts: Option<Vec<f64>>) -> Result<Vec<f64>, ApiError> {
    let counts = counts.unwrap_or_else(|| vec![1.0; values.len()]);
    let total: f64 = counts.iter().sum();
    let sound = counts.iter().all(|count| *count >= 0.0) && total <= MOST_COUNT as f64;
    if counts.len() != values.len() || !sound {
        return Err(invalid(format!(
            "{metric}: Counts must match Values, and {MOST_COUNT} in all at most"
        )));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked: not negative, and small"
    )]
    let repeated = values
        .iter()
        .zip(counts)
        .flat_map(|(value, count)| std::iter::repeat_n(*value, count as usize));
    Ok(repeated.collect())
}

pub(super) fn list(world: &World, call: &Call) -> Result<Response, ApiError> {
    let input = codec::decode(
        call,
        wire::deserialize_list_metrics_request,
        wire::deserialize_list_metrics_request_query,
    )?;
    let filters = input.dimensions.unwrap_or_default();
    let mut metrics = world.list_metrics(
        &call.region,
        input.namespace.as_deref(),
        input.metric_name.as_deref(),
    );
    metrics.retain(|id| filters.iter().all(|filter| passes(id, filter)));
    let page = page(metrics, input.next_token.as_deref(), MOST)?;
    let output = wire::ListMetricsOutput {
        metrics: Some(page.items.into_iter().map(metric).collect()),
        next_token: page.next,
        owning_accounts: None,
    };
    Ok(codec::encode(
        call,
        &output,
        wire::serialize_list_metrics_response,
    ))
}

fn passes(id: &MetricId, filter: &wire::DimensionFilter) -> bool {
    id.dimensions
        .get(&filter.name)
        .is_some_and(|value| filter.value.as_ref().is_none_or(|wanted| wanted == value))
}

fn metric(id: MetricId) -> wire::Metric {
    wire::Metric {
        namespace: Some(id.namespace),
        metric_name: Some(id.metric),
        dimensions: Some(dimension_list(id.dimensions)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Method, header};

    use super::super::super::{Request, route, serve};
    use super::*;
    use crate::aws::testing::cloudwatch::types::{
        Dimension, Metric, MetricDataQuery, MetricDatum, MetricStat,
    };
    use crate::aws::testing::{
        Canned, DateTime, EPOCH, ProvideErrorMetadata as _, STANDBY, cloudwatch, over, world,
    };

    fn datum(value: f64) -> MetricDatum {
        let dimension = Dimension::builder().name("Environment").value("é <t>");
        MetricDatum::builder()
            .metric_name("FailoverEngaged")
            .dimensions(dimension.build())
            .value(value)
            .build()
    }

    fn found(index: usize, count: usize) -> Found {
        Found {
            id: index.to_string(),
            label: "q".into(),
            times: (0..count).map(|at| at as f64).collect(),
            values: (0..count).map(|value| value as f64 / 2.0).collect(),
        }
    }

    #[test]
    fn pages_of_values_cover_every_query_once() {
        let sizes = [5, 0, 3, 4];
        let (mut token, mut seen) = (None, [0; 4]);
        loop {
            let mut pager = Pager {
                skip: cursor(token.as_deref()).unwrap(),
                room: 4,
                results: Vec::new(),
                next: None,
            };
            for (index, size) in sizes.into_iter().enumerate().skip(pager.skip.0) {
                if pager.next.is_none() {
                    pager.take(index, found(index, size));
                }
            }
            for part in pager.results {
                let index: usize = part.id.unwrap().parse().unwrap();
                seen[index] += part.values.unwrap().len();
            }
            token = pager.next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, sizes);
        assert_eq!(cursor(Some("x")).unwrap_err().code, "InvalidNextToken");
    }

    #[tokio::test]
    async fn a_large_batch_arrives_packed_and_whole() {
        let canned = Canned::deaf();
        let client = cloudwatch::Client::new(&canned.config());
        let mut put = client.put_metric_data().namespace("Switchback/Failover");
        for value in 0..600_i32 {
            put = put.metric_data(datum(f64::from(value)));
        }
        assert!(put.send().await.is_err(), "the client is deaf");
        let request = canned.asked();
        assert_eq!(request.headers[header::CONTENT_ENCODING], "gzip");
        let call = route::read(request).unwrap();
        assert_eq!(call.operation, "PutMetricData");
        let input = wire::deserialize_put_metric_data_request(&call.body).unwrap();
        let data = input.metric_data.unwrap();
        assert_eq!(data.len(), 600);
        let last = new_data("n", data[599].clone()).unwrap();
        assert_eq!(last[0].value, 599.0);
        assert_eq!(last[0].dimensions["Environment"], "é <t>");
        assert_eq!(last[0].at, None);
    }

    #[test]
    fn lists_of_values_count() {
        let list = |values: &[f64], counts: &[f64]| wire::MetricDatum {
            metric_name: "m".into(),
            values: Some(values.to_vec()),
            counts: Some(counts.to_vec()),
            ..Default::default()
        };
        let seen = new_data("n", list(&[1.0, 2.0], &[2.0, 1.0])).unwrap();
        let seen: Vec<f64> = seen.iter().map(|datum| datum.value).collect();
        assert_eq!(seen, [1.0, 1.0, 2.0]);
        for (values, counts) in [
            (vec![1.0], vec![]),
            (vec![1.0], vec![1e9]),
            (vec![1.0], vec![-1.0]),
            (vec![f64::NAN], vec![1.0]),
        ] {
            assert!(new_data("n", list(&values, &counts)).is_err());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn metrics_are_put_and_read_through_the_sdk() {
        let client = cloudwatch::Client::new(&over(&world(""), STANDBY));
        let put = client.put_metric_data().namespace("Switchback/Failover");
        put.metric_data(datum(1.0)).send().await.unwrap();
        let nothing = client
            .put_metric_data()
            .namespace("n")
            .send()
            .await
            .unwrap_err();
        assert_eq!(nothing.code(), Some("MissingParameter"));
        let metric = Metric::builder().namespace("n").metric_name("m").build();
        let stat = MetricStat::builder()
            .metric(metric)
            .period(60)
            .stat("Sum")
            .build();
        let query = MetricDataQuery::builder().id("q").metric_stat(stat).build();
        let get = |from: i64, to: i64| {
            client
                .get_metric_data()
                .start_time(DateTime::from_secs(EPOCH + from))
                .end_time(DateTime::from_secs(EPOCH + to))
        };
        let seen = get(-600, 0)
            .metric_data_queries(query.clone())
            .send()
            .await
            .unwrap();
        assert_eq!(seen.metric_data_results()[0].id(), Some("q"));
        let seen = get(0, 0)
            .metric_data_queries(query)
            .send()
            .await
            .unwrap_err();
        assert_eq!(seen.code(), Some("ValidationError"));
        let math = MetricDataQuery::builder()
            .id("e")
            .expression("q * 2")
            .build();
        let math = get(-600, 0)
            .metric_data_queries(math)
            .send()
            .await
            .unwrap_err();
        assert!(math.message().unwrap().contains("no expressions"));
        client
            .list_metrics()
            .namespace("Switchback/Failover")
            .send()
            .await
            .unwrap();
    }

    /// A request of AWS CLI or boto3.
    fn json(operation: &str, body: impl Into<Bytes>) -> Request {
        let mut headers = HeaderMap::new();
        let scope = "AWS4-HMAC-SHA256 Credential=K/20261120/us-west-2/monitoring/aws4_request, SignedHeaders=host, Signature=0";
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static(scope));
        let target = format!("GraniteServiceVersion20100801.{operation}");
        headers.insert("x-amz-target", target.parse().unwrap());
        Request {
            method: Method::POST,
            uri: "/".parse().unwrap(),
            headers,
            body: body.into(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn json_is_spoken_too() {
        let world = world("");
        let put = r#"{"Namespace":"n","MetricData":[{"MetricName":"m","Value":1,"Timestamp":1795165200}]}"#;
        let seen = serve(&world, json("PutMetricData", put)).await;
        assert_eq!((seen.status, &*seen.body), (200, &b"{}"[..]));
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(put.as_bytes()).unwrap();
        let mut request = json("PutMetricData", packed.finish().unwrap());
        request
            .headers
            .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(serve(&world, request.clone()).await.status, 200);
        request.body = Bytes::from_static(b"not gzip");
        assert_eq!(serve(&world, request).await.status, 400);
        let seen = serve(&world, json("DescribeAlarms", "{}")).await;
        let seen: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
        assert_eq!(seen["MetricAlarms"], serde_json::json!([]));
        let broken = serve(&world, json("DescribeAlarms", "{")).await;
        assert_eq!(broken.status, 400);
        assert_eq!(
            broken.headers["x-amzn-query-error"],
            "SerializationException;Sender"
        );
    }
}
