//! What stays when its stack is deleted, and keeps its name: another stack can't create it again.

use crate::rehearsal::world::World;
use crate::rehearsal::world::cloudformation::record::ResourceRecord;
use crate::rehearsal::world::cloudformation::timing::name_property;
use crate::rehearsal::world::props;

/// A resource by what no other may be called: where, what, and the name.
pub(in crate::rehearsal::world) type Taken = (String, String, String);

/// Types whose names all regions share.
const SHARED: [&str; 6] = [
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::RDS::GlobalCluster",
    "AWS::S3::Bucket",
];

impl World {
    /// Remembers a resource that is left behind.
    pub(super) fn leave_behind(&mut self, region: &str, resource: &ResourceRecord) {
        self.retained.extend(taken(region, resource));
    }

    /// Whether a resource can't be created because one of that name was left behind.
    pub(super) fn name_is_free(
        &self,
        region: &str,
        resource: &ResourceRecord,
    ) -> Result<(), String> {
        match taken(region, resource) {
            Some(taken) if self.retained.contains(&taken) => Err(format!(
                "Resource handler returned message: \"Resource of type '{}' with identifier '{}' already exists.\" (HandlerErrorCode: AlreadyExists)",
                taken.1, taken.2
            )),
            _ => Ok(()),
        }
    }
}

/// None where CloudFormation makes up the name.
fn taken(region: &str, resource: &ResourceRecord) -> Option<Taken> {
    let kind = resource.kind.as_str();
    let property = name_property(kind, |n| resource.properties.get(n).is_some())?;
    let name = props::text(&resource.properties, property)?;
    let place = if SHARED.contains(&kind) { "" } else { region };
    Some((place.to_owned(), kind.to_owned(), name))
}
