//! Exports, imports and what stands in the way of a deletion, through the real SDK clients.

use std::time::Duration;

use crate::aws::testing::cloudformation::types::ChangeSetType;
use crate::aws::testing::{ProvideErrorMetadata as _, STANDBY, cloudformation, over, world};
use crate::rehearsal::SharedWorld;

const GIVES: &str = r#"{ "Resources": { "Logs": { "Type": "AWS::Logs::LogGroup" } },
  "Outputs": { "Group": { "Value": { "Ref": "Logs" }, "Export": { "Name": { "Fn::Sub": "${AWS::StackName}-group" } } },
    "Plain": { "Value": "x" } } }"#;
const TAKES: &str = r#"{ "Resources": { "Taken": { "Type": "AWS::SSM::Parameter", "Properties": {
  "Type": "String", "Value": { "Fn::ImportValue": "gives-group" } } } } }"#;

async fn status(client: &cloudformation::Client, name: &str) -> (String, Option<String>) {
    let seen = client.describe_stacks().stack_name(name).send().await;
    match seen {
        Ok(seen) => {
            let stack = &seen.stacks()[0];
            let reason = stack.stack_status_reason().map(str::to_owned);
            (stack.stack_status().unwrap().as_str().to_owned(), reason)
        }
        Err(failed) => (failed.code().unwrap_or("?").to_owned(), None),
    }
}

async fn until(world: &SharedWorld, client: &cloudformation::Client, name: &str, wanted: &str) {
    for _ in 0..60 {
        if status(client, name).await.0 == wanted {
            return;
        }
        world.clock().sleep(Duration::from_secs(10)).await;
    }
    panic!("{name} is {:?}", status(client, name).await);
}

async fn deploy(world: &SharedWorld, client: &cloudformation::Client, name: &str, body: &str) {
    let set = client.create_change_set().stack_name(name);
    let set = set.change_set_name("first").template_body(body);
    let set = set.change_set_type(ChangeSetType::Create);
    set.send().await.unwrap();
    world.clock().sleep(Duration::from_secs(10)).await;
    let executed = client.execute_change_set().stack_name(name);
    let executed = executed.change_set_name("first").send();
    executed.await.unwrap();
    until(world, client, name, "CREATE_COMPLETE").await;
}

#[tokio::test(start_paused = true)]
async fn an_export_in_use_keeps_its_stack() {
    let world = world("");
    let client = cloudformation::Client::new(&over(&world, STANDBY));
    deploy(&world, &client, "gives", GIVES).await;
    let seen = client.describe_stacks().stack_name("gives").send().await;
    let outputs = seen.unwrap().stacks()[0].outputs().to_vec();
    let exported: Vec<_> = outputs.iter().filter_map(|o| o.export_name()).collect();
    assert_eq!(exported, ["gives-group"]);
    let imports = || client.list_imports().export_name("gives-group").send();
    let nobody = imports().await.unwrap_err();
    assert_eq!(nobody.code(), Some("ValidationError"));
    assert_eq!(
        nobody.message(),
        Some("Export 'gives-group' is not imported by any stack.")
    );

    deploy(&world, &client, "takes", TAKES).await;
    assert_eq!(imports().await.unwrap().imports(), ["takes"]);
    let exports = client.list_exports().send().await.unwrap();
    assert_eq!(exports.exports()[0].name(), Some("gives-group"));
    let delete = |name: &'static str| client.delete_stack().stack_name(name).send();
    delete("gives").await.unwrap();
    let why = "Export gives-group cannot be deleted as it is in use by takes";
    let stays = status(&client, "gives").await;
    assert_eq!(stays, ("CREATE_COMPLETE".to_owned(), Some(why.to_owned())));

    delete("takes").await.unwrap();
    until(&world, &client, "takes", "ValidationError").await;
    delete("gives").await.unwrap();
    until(&world, &client, "gives", "ValidationError").await;
}
