//! Further alarms and stacks that have nothing to do with the environment, for scenarios that are about size.

use serde_json::json;

use crate::domain::region::Role;
use crate::rehearsal::world::alarms::AlarmRecord;
use crate::rehearsal::world::cloudformation::record::StackRecord;
use crate::rehearsal::world::{ACCOUNT, World};

impl World {
    pub(super) fn add_load(&mut self) {
        let load = self.setup.scenario.load;
        for role in Role::BOTH {
            let region = self.setup.environment.regions.get(role).as_str().to_owned();
            for n in 0..load.alarms {
                self.add_alarm(&region, &format!("load-alarm-{n:04}"));
            }
            for n in 0..load.stacks {
                self.add_stack(&region, &format!("load-stack-{n:04}"));
            }
        }
    }

    fn add_alarm(&mut self, region: &str, name: &str) {
        let props = json!({
            "Namespace": "Load", "MetricName": name, "Statistic": "Sum", "Period": 300, "EvaluationPeriods": 1,
            "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching",
        });
        let arn = format!("arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{name}");
        let alarm = AlarmRecord::from_properties(&props, name, arn, self.now());
        self.region_mut(region)
            .alarms
            .insert(name.to_owned(), alarm);
    }

    fn add_stack(&mut self, region: &str, name: &str) {
        let now = self.now();
        let unique = self.chance.uuid(&format!("{region}/{name}"));
        let arn = format!("arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{name}/{unique}");
        let mut stack = StackRecord::new(arn, name, now);
        stack.enter(now, "CREATE_COMPLETE", None);
        self.region_mut(region).stacks.push(stack);
    }
}
