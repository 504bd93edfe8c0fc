//! `GetMetricData` as a form: the wire crate's reader loses the metric inside its queries, this one does not.

use winterbaume_cloudwatch::wire;

use super::super::form::Params;

pub(super) fn get_metric_data(params: &Params) -> Result<wire::GetMetricDataInput, String> {
    let mut input = wire::deserialize_get_metric_data_request_query(params)?;
    for (index, query) in input.metric_data_queries.iter_mut().enumerate() {
        let prefix = format!("MetricDataQueries.member.{}.MetricStat", index + 1);
        query.metric_stat = metric_stat(params, &prefix)?;
    }
    Ok(input)
}

fn metric_stat(params: &Params, prefix: &str) -> Result<Option<wire::MetricStat>, String> {
    let text = |name: &str| params.get(&format!("{prefix}.{name}")).cloned();
    let (Some(stat), Some(period)) = (text("Stat"), text("Period")) else {
        return Ok(None);
    };
    let dimensions = (1..).map_while(|index| {
        let field = |name: &str| text(&format!("Metric.Dimensions.member.{index}.{name}"));
        Some(wire::Dimension {
            name: field("Name")?,
            value: field("Value")?,
        })
    });
    Ok(Some(wire::MetricStat {
        metric: wire::Metric {
            dimensions: Some(dimensions.collect()),
            metric_name: text("Metric.MetricName"),
            namespace: text("Metric.Namespace"),
        },
        period: period
            .parse()
            .map_err(|cause| format!("Period {period:?} is not a number: {cause}"))?,
        stat,
        unit: text("Unit"),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::super::form;
    use super::*;

    #[test]
    fn the_metric_of_a_query_is_read() {
        let q = "MetricDataQueries.member.1";
        let text = format!(
            "StartTime=1&EndTime=2&{q}.Id=q&{q}.MetricStat.Stat=Sum&{q}.MetricStat.Period=60\
             &{q}.MetricStat.Metric.MetricName=m&{q}.MetricStat.Metric.Namespace=AWS%2FLambda\
             &{q}.MetricStat.Metric.Dimensions.member.1.Name=k&{q}.MetricStat.Metric.Dimensions.member.1.Value=v"
        );
        let mut params = form::parse(&text);
        let input = get_metric_data(&params).unwrap();
        let stat = input.metric_data_queries[0].metric_stat.clone().unwrap();
        assert_eq!((stat.stat.as_str(), stat.period), ("Sum", 60));
        assert_eq!(stat.metric.namespace.as_deref(), Some("AWS/Lambda"));
        assert_eq!(stat.metric.dimensions.unwrap()[0].value, "v");
        params.insert(format!("{q}.MetricStat.Period"), "x".into());
        assert!(get_metric_data(&params).unwrap_err().contains("Period"));
    }
}
