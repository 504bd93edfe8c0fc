//! What a CloudFormation form asks for, in the world's terms.

use std::collections::BTreeMap;

use winterbaume_cloudformation::wire::{
    self, Capabilities, CreateChangeSetInput, Parameters, Tags, UpdateStackInput,
};

use super::super::form::Params;
use super::required;
use crate::rehearsal::world::ApiError;
use crate::rehearsal::world::cloudformation::{NewChangeSet, ParameterValue};

/// The template limit of a request without S3 (CloudFormation quotas).
const BODY_LIMIT: usize = 51_200;

pub(super) fn new_change_set(params: &Params) -> Result<NewChangeSet, ApiError> {
    required(params, "StackName")?;
    required(params, "ChangeSetName")?;
    let input: CreateChangeSetInput =
        wire::deserialize_create_change_set_request(params).map_err(ApiError::validation)?;
    let create = match input.change_set_type.as_deref() {
        Some("CREATE") => true,
        None | Some("UPDATE") => false,
        Some(other) => {
            return Err(ApiError::validation(format!(
                "the rehearsal knows no change sets of type {other}"
            )));
        }
    };
    let template = Template {
        body: input.template_body,
        url: input.template_u_r_l,
        previous: input.use_previous_template,
    };
    let (body, use_previous_template) = template.read()?;
    Ok(NewChangeSet {
        stack_name: input.stack_name,
        name: input.change_set_name,
        body,
        use_previous_template,
        parameters: parameters(input.parameters),
        capabilities: capabilities(input.capabilities),
        tags: tags(input.tags),
        create,
        token: input.client_token,
    })
}

pub(super) fn update(params: &Params) -> Result<NewChangeSet, ApiError> {
    required(params, "StackName")?;
    let input: UpdateStackInput =
        wire::deserialize_update_stack_request(params).map_err(ApiError::validation)?;
    let template = Template {
        body: input.template_body,
        url: input.template_u_r_l,
        previous: input.use_previous_template,
    };
    let (body, use_previous_template) = template.read()?;
    Ok(NewChangeSet {
        stack_name: input.stack_name,
        name: String::new(),
        body,
        use_previous_template,
        parameters: parameters(input.parameters),
        capabilities: capabilities(input.capabilities),
        tags: tags(input.tags),
        create: false,
        token: input.client_request_token,
    })
}

/// `Name.member.1`, `Name.member.2`, …
pub(super) fn list(params: &Params, name: &str) -> Vec<String> {
    (1..)
        .map_while(|index| params.get(&format!("{name}.member.{index}")).cloned())
        .collect()
}

/// Where the template comes from.
struct Template {
    body: Option<String>,
    url: Option<String>,
    previous: Option<bool>,
}

impl Template {
    fn read(self) -> Result<(Option<String>, bool), ApiError> {
        let previous = self.previous.unwrap_or(false);
        if self.url.is_some() {
            return Err(ApiError::validation(
                "the rehearsal has no S3: send TemplateBody instead of TemplateURL",
            ));
        }
        match &self.body {
            Some(_) if previous => Err(ApiError::validation(
                "You cannot specify both usePreviousTemplate and Template Body.",
            )),
            None if !previous => Err(ApiError::validation(
                "Either Template URL or Template Body must be specified.",
            )),
            Some(body) if body.len() > BODY_LIMIT => Err(ApiError::validation(format!(
                "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to {BODY_LIMIT}"
            ))),
            _ => Ok((self.body, previous)),
        }
    }
}

fn parameters(given: Option<Parameters>) -> BTreeMap<String, ParameterValue> {
    let given = given.map(|list| list.items).unwrap_or_default();
    given
        .into_iter()
        .filter_map(|parameter| {
            let value = if parameter.use_previous_value == Some(true) {
                ParameterValue::UsePrevious
            } else {
                ParameterValue::Value(parameter.parameter_value.unwrap_or_default())
            };
            Some((parameter.parameter_key?, value))
        })
        .collect()
}

fn capabilities(given: Option<Capabilities>) -> Vec<String> {
    given.map(|list| list.items).unwrap_or_default()
}

fn tags(given: Option<Tags>) -> BTreeMap<String, String> {
    let given = given.map(|list| list.items).unwrap_or_default();
    given.into_iter().map(|tag| (tag.key, tag.value)).collect()
}
