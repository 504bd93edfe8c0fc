//! Puts the text of `lambda/*.py` into the templates, and the template of a stack set into its root.
//!
//! A resource says where its text comes from in `Metadata.Source`; a test proves that every shipped
//! template holds exactly the text of that file. A template goes in minified, with its own sources inlined.

use serde_json::Value;

use crate::bundle::error::BundleError;

pub(super) const STACK_SET: &str = "AWS::CloudFormation::StackSet";

/// Where a resource keeps the text of its source: its type, and the path below `Properties`.
const TEXTS: [(&str, &[&str]); 3] = [
    ("AWS::Lambda::Function", &["Code", "ZipFile"]),
    ("AWS::Synthetics::Canary", &["Code", "Script"]),
    (STACK_SET, &["TemplateBody"]),
];

/// Returns the template with every source inlined, pretty-printed with its keys in their order.
///
/// `read` returns the text of a source file of the bundle, such as `lambda/health.py`.
pub fn inline(
    template: &str,
    read: &impl Fn(&str) -> Result<String, BundleError>,
) -> Result<String, BundleError> {
    let mut tree: Value = serde_json::from_str(template).map_err(|e| not_json(&e))?;
    inline_tree(&mut tree, read)?;
    pretty(&tree)
}

/// The form in which templates are kept: two spaces, one line end at the end.
pub fn pretty(tree: &Value) -> Result<String, BundleError> {
    let mut text = serde_json::to_string_pretty(tree).map_err(|e| not_json(&e))?;
    text.push('\n');
    Ok(text)
}

/// The source files that a template names, those of a template inside it included.
pub fn sources(tree: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for resource in resources(tree) {
        if let Some(inner) = inner_template(resource) {
            found.extend(sources(&inner));
        }
        found.extend(coded(resource).map(|code| code.source.to_owned()));
    }
    found
}

/// A resource that says where its code or template comes from.
pub(super) struct Coded<'a> {
    pub source: &'a str,
    /// The path below `Properties` that holds the text.
    pub path: &'static [&'static str],
    pub text: Option<&'a str>,
}

/// What is known about the text of a resource, if it names a source.
pub(super) fn coded(resource: &Value) -> Option<Coded<'_>> {
    let kind = resource.get("Type")?.as_str()?;
    let (_, path) = TEXTS.into_iter().find(|(name, _)| *name == kind)?;
    let source = resource.pointer("/Metadata/Source")?.as_str()?;
    let text = resource
        .get("Properties")
        .and_then(|own| path.iter().try_fold(own, |at, key| at.get(key)))
        .and_then(Value::as_str);
    Some(Coded { source, path, text })
}

/// The text of a template the way a stack set carries it.
pub(super) fn minified(template: &str) -> Result<String, BundleError> {
    let tree: Value = serde_json::from_str(template).map_err(|e| not_json(&e))?;
    Ok(tree.to_string())
}

/// The template that a stack set carries as a text.
pub(super) fn inner_template(resource: &Value) -> Option<Value> {
    if resource.get("Type")?.as_str()? != STACK_SET {
        return None;
    }
    let body = resource.pointer("/Properties/TemplateBody")?.as_str()?;
    serde_json::from_str(body).ok()
}

fn resources(tree: &Value) -> impl Iterator<Item = &Value> {
    tree.get("Resources")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|all| all.values())
}

fn inline_tree(
    tree: &mut Value,
    read: &impl Fn(&str) -> Result<String, BundleError>,
) -> Result<(), BundleError> {
    let Some(all) = tree.get_mut("Resources").and_then(Value::as_object_mut) else {
        return Ok(());
    };
    for resource in all.values_mut() {
        if let Some(mut inner) = inner_template(resource) {
            inline_tree(&mut inner, read)?;
            set(resource, &["Properties", "TemplateBody"], inner.to_string());
        }
        let Some((source, path)) = coded(resource).map(|c| (c.source.to_owned(), c.path)) else {
            continue;
        };
        let mut text = read(&source)?;
        if path == ["TemplateBody"] {
            text = minified(&inline(&text, read)?)?;
        }
        set(resource, &[&["Properties"], path].concat(), text);
    }
    Ok(())
}

/// Sets a text in a tree of objects; where the tree holds something else, nothing is changed.
fn set(tree: &mut Value, path: &[&str], text: String) {
    match path {
        [] => *tree = Value::String(text),
        [key, rest @ ..] => {
            if let Some(object) = tree.as_object_mut() {
                let below = object
                    .entry(*key)
                    .or_insert_with(|| Value::Object(serde_json::Map::new()));
                set(below, rest, text);
            }
        }
    }
}

fn not_json(error: &serde_json::Error) -> BundleError {
    BundleError::one("template", "", &error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn sources_are_inlined_in_the_template_and_in_the_one_inside_it() {
        let inner = serde_json::json!({"Resources": {"F": {
            "Type": "AWS::Lambda::Function", "Metadata": {"Source": "lambda/b.py"},
            "Properties": {"Code": {"ZipFile": "old"}}}}});
        let outer = serde_json::json!({"Resources": {
            "F": {"Type": "AWS::Lambda::Function", "Metadata": {"Source": "lambda/a.py"}},
            "S": {"Type": "AWS::CloudFormation::StackSet",
                  "Properties": {"TemplateBody": inner.to_string()}}}});
        let out = inline(&outer.to_string(), &|name| Ok(format!("# {name}\n"))).unwrap();
        let tree: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(
            tree.pointer("/Resources/F/Properties/Code/ZipFile"),
            Some(&Value::from("# lambda/a.py\n"))
        );
        let inner = inner_template(&tree["Resources"]["S"]).unwrap();
        assert_eq!(
            inner.pointer("/Resources/F/Properties/Code/ZipFile"),
            Some(&Value::from("# lambda/b.py\n"))
        );
        assert_eq!(sources(&tree), ["lambda/a.py", "lambda/b.py"]);
    }

    #[test]
    fn a_stack_set_takes_the_minified_text_of_the_template_that_it_names() {
        let root = serde_json::json!({"Resources": {"S": {
            "Type": STACK_SET, "Metadata": {"Source": "region.json"},
            "Properties": {"TemplateBody": "old"}}}});
        let region = r#"{
            "Resources": {"F": {"Type": "AWS::Lambda::Function", "Metadata": {"Source": "lambda/a.py"}}}
        }"#;
        let read = |name: &str| {
            Ok(if name == "region.json" {
                region.to_owned()
            } else {
                "pass\n".to_owned()
            })
        };
        let out = inline(&root.to_string(), &read).unwrap();
        let tree: Value = serde_json::from_str(&out).unwrap();
        let body = tree.pointer("/Resources/S/Properties/TemplateBody");
        assert_eq!(
            body.and_then(Value::as_str),
            Some(
                "{\"Resources\":{\"F\":{\"Type\":\"AWS::Lambda::Function\",\
                 \"Metadata\":{\"Source\":\"lambda/a.py\"},\
                 \"Properties\":{\"Code\":{\"ZipFile\":\"pass\\n\"}}}}}"
            )
        );
        assert_eq!(inline(&out, &read).unwrap(), out, "again changes nothing");
        assert_eq!(sources(&tree), ["lambda/a.py", "region.json"]);
    }

    #[test]
    fn a_source_that_cannot_be_read_stops() {
        let template = r#"{"Resources": {"F": {"Type": "AWS::Lambda::Function", "Metadata": {"Source": "x.py"}}}}"#;
        let refuse = |name: &str| Err(BundleError::unreadable(name, &"gone"));
        assert_eq!(
            inline(template, &refuse).unwrap_err().to_string(),
            "x.py cannot be read: gone"
        );
    }

    #[test]
    fn the_shipped_templates_are_inlined_already() {
        let stacks = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks");
        for bundle in crate::bundle::catalogue(None).unwrap() {
            let changed = crate::bundle::inlined(&stacks.join(&bundle.manifest.name)).unwrap();
            let files: Vec<_> = changed.into_iter().map(|(path, _)| path).collect();
            assert!(
                files.is_empty(),
                "these do not hold their sources, or are not printed with two spaces: {files:?}"
            );
        }
    }
}
