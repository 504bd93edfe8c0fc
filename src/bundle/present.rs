//! What `stacks list`, `show`, `check` and `export` say, as values and as text.

use serde::Serialize;
use serde_json::Value;

use crate::bundle::lint::{self, Body, Finding};
use crate::bundle::manifest::{Objectives, Parameter, Stack};
use crate::bundle::retained::{self, Left};
use crate::bundle::{Bundle, BundleError, inline, yaml};
use crate::domain::region::Role;

/// A line of `stacks list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub name: String,
    pub title: String,
    pub primary: String,
    pub standby: String,
    pub stacks: Vec<String>,
    pub origin: String,
}

pub fn list(bundles: &[Bundle]) -> Vec<Listed> {
    let one = |bundle: &Bundle| Listed {
        name: bundle.manifest.name.clone(),
        title: bundle.manifest.title.clone(),
        primary: bundle.manifest.regions.primary.to_string(),
        standby: bundle.manifest.regions.standby.to_string(),
        stacks: bundle
            .manifest
            .stacks
            .iter()
            .map(|s| s.id.to_string())
            .collect(),
        origin: bundle.origin.to_string(),
    };
    bundles.iter().map(one).collect()
}

/// One bundle a line, in columns.
pub fn list_text(listed: &[Listed]) -> String {
    let head = ["BUNDLE", "PRIMARY", "STANDBY", "STACKS", "TITLE"].map(str::to_owned);
    let rows = listed.iter().map(|one| {
        [
            one.name.clone(),
            one.primary.clone(),
            one.standby.clone(),
            one.stacks.join(", "),
            one.title.clone(),
        ]
    });
    columns(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
}

/// Everything that `stacks show` says about a bundle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    #[serde(flatten)]
    pub listed: Listed,
    pub suffix_pattern: String,
    pub objectives: Objectives,
    pub parameters: Vec<Parameter>,
    pub templates: Vec<ShownStack>,
    pub delete_order: Vec<String>,
    pub signals: Vec<ShownSignal>,
    pub record: String,
    pub marker: String,
    pub levers: Vec<&'static str>,
    /// What stays when the stacks are deleted, and what that means for the next deployment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retained: Vec<Left>,
}

/// A stack of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownStack {
    pub id: String,
    pub role: Role,
    pub name: String,
    pub template: String,
    /// Of the minified body.
    pub bytes: usize,
    pub resources: usize,
    pub after: Vec<String>,
    pub outputs: Vec<String>,
}

/// A signal of a bundle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownSignal {
    pub id: String,
    pub kind: &'static str,
    pub role: Role,
    pub metric: String,
    pub unit: String,
    pub warn: Option<f64>,
    pub breach: Option<f64>,
}

pub fn show(bundle: &Bundle) -> Option<Shown> {
    let manifest = &bundle.manifest;
    let signals = manifest.signals.iter().map(|signal| ShownSignal {
        id: signal.id.to_string(),
        kind: signal.kind.as_str(),
        role: signal.role,
        metric: format!("{} {}", signal.namespace, signal.metric),
        unit: signal.unit.clone(),
        warn: signal.warn,
        breach: signal.breach,
    });
    let levers = manifest.traffic.levers.iter();
    Some(Shown {
        listed: list(std::slice::from_ref(bundle)).pop()?,
        suffix_pattern: manifest.suffix.pattern.clone(),
        objectives: manifest.objectives,
        parameters: manifest.parameters.clone(),
        templates: manifest
            .stacks
            .iter()
            .map(|stack| shown_stack(bundle, stack))
            .collect(),
        delete_order: manifest
            .delete_order
            .iter()
            .map(ToString::to_string)
            .collect(),
        signals: signals.collect(),
        record: manifest.traffic.record.to_string(),
        marker: manifest.traffic.marker.to_string(),
        levers: levers.map(|lever| lever.spec().kind().as_str()).collect(),
        retained: retained::left(bundle),
    })
}

fn shown_stack(bundle: &Bundle, stack: &Stack) -> ShownStack {
    let body = bundle.body(stack);
    let tree: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let keys = |section: &str| -> Vec<String> {
        let members = tree.get(section).and_then(Value::as_object);
        members
            .into_iter()
            .flatten()
            .map(|(key, _)| key.clone())
            .collect()
    };
    ShownStack {
        id: stack.id.to_string(),
        role: stack.role,
        name: stack.name.to_string(),
        template: stack.template.clone(),
        bytes: body.len(),
        resources: keys("Resources").len(),
        after: stack.after.iter().map(ToString::to_string).collect(),
        outputs: keys("Outputs"),
    }
}

/// The same for people.
pub fn show_text(shown: &Shown) -> String {
    let mut out = format!("{}: {}\n", shown.listed.name, shown.listed.title);
    let facts = [
        (
            "regions",
            format!(
                "{} (primary), {} (standby)",
                shown.listed.primary, shown.listed.standby
            ),
        ),
        (
            "objectives",
            format!(
                "RTO {} s, RPO {} s",
                shown.objectives.rto_seconds, shown.objectives.rpo_seconds
            ),
        ),
        ("suffix", shown.suffix_pattern.clone()),
        ("clients use", shown.record.clone()),
        ("marker", shown.marker.clone()),
        ("levers", shown.levers.join(", ")),
        ("delete order", shown.delete_order.join(", ")),
        ("from", shown.listed.origin.clone()),
    ];
    out += &columns(&facts.map(|(name, value)| [name.to_owned(), value]));
    section(
        &mut out,
        "Stacks",
        ["id", "role", "name", "template", "bytes", "resources"],
    );
    out += &columns(&shown.templates.iter().map(stack_row).collect::<Vec<_>>());
    section(&mut out, "Parameters", ["name", "default", "label"]);
    let parameter = |p: &Parameter| {
        let default = match (&p.default, p.sensitive) {
            (_, true) => "(sensitive)".to_owned(),
            (None, _) => "(required)".to_owned(),
            (Some(text), _) if text.is_empty() => "(empty)".to_owned(),
            (Some(text), _) => text.clone(),
        };
        [p.name.clone(), default, p.label.clone()]
    };
    out += &columns(&shown.parameters.iter().map(parameter).collect::<Vec<_>>());
    section(
        &mut out,
        "Signals",
        ["id", "kind", "role", "metric", "unit", "warn", "breach"],
    );
    out += &columns(&shown.signals.iter().map(signal_row).collect::<Vec<_>>());
    if !shown.retained.is_empty() {
        let columns_of = ["stack", "when deployed again", "resources"];
        section(&mut out, "Retained after a deletion", columns_of);
        out += &columns(&shown.retained.iter().map(left_row).collect::<Vec<_>>());
    }
    out
}

fn section<const N: usize>(out: &mut String, title: &str, columns: [&str; N]) {
    for part in [
        "
",
        title,
        " (",
        &columns.join(", "),
        ")
",
    ] {
        out.push_str(part);
    }
}

fn stack_row(stack: &ShownStack) -> [String; 6] {
    [
        stack.id.clone(),
        stack.role.to_string(),
        stack.name.clone(),
        stack.template.clone(),
        stack.bytes.to_string(),
        stack.resources.to_string(),
    ]
}

fn left_row(left: &Left) -> [String; 3] {
    [
        left.stack.clone(),
        left.fate.words().to_owned(),
        left.resources.join(", "),
    ]
}

fn signal_row(signal: &ShownSignal) -> [String; 7] {
    let limit = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |v| v.to_string());
    [
        signal.id.clone(),
        signal.kind.to_owned(),
        signal.role.to_string(),
        signal.metric.clone(),
        signal.unit.clone(),
        limit(signal.warn),
        limit(signal.breach),
    ]
}

/// The result of `stacks check` for one bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    pub bundle: String,
    pub bodies: Vec<Body>,
    /// How many rules were applied.
    pub rules: usize,
    pub findings: Vec<Finding>,
}

pub fn check(bundle: &Bundle) -> Checked {
    Checked {
        bundle: bundle.manifest.name.clone(),
        bodies: lint::bodies(bundle),
        rules: lint::rules().count(),
        findings: lint::check(bundle),
    }
}

/// The size of each body and one finding a line, then the sum.
pub fn check_text(checked: &Checked) -> String {
    let name = &checked.bundle;
    let sizes = checked.bodies.iter().map(|body| {
        let Body {
            place,
            bytes,
            limit,
        } = body;
        format!("{name}: {place}: {bytes} of {limit} bytes")
    });
    let findings = checked.findings.iter();
    let findings = findings.map(|finding| format!("{name}: {finding}"));
    let mut lines: Vec<String> = sizes.chain(findings).collect();
    let sum = match checked.findings.len() {
        0 => "nothing found".to_owned(),
        1 => "1 finding".to_owned(),
        many => format!("{many} findings"),
    };
    lines.push(format!("{name}: {} rules, {sum}\n", checked.rules));
    lines.join("\n")
}

/// What `stacks export` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Yaml,
}

/// A file to be written; the name is a plain file name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exported {
    pub file: String,
    pub text: String,
}

/// The templates of a bundle, readable; `--template-body` takes 51,200 bytes, so minify a large one first (`jq -c`).
pub fn export(bundle: &Bundle, format: Format) -> Result<Vec<Exported>, BundleError> {
    let one = |(name, body): (&String, &String)| {
        let tree: Value =
            serde_json::from_str(body).map_err(|error| BundleError::unreadable(name, &error))?;
        Ok(match format {
            Format::Json => Exported {
                file: name.clone(),
                text: inline::pretty(&tree)?,
            },
            Format::Yaml => Exported {
                file: format!("{}.yaml", name.trim_end_matches(".json")),
                text: yaml::template(&tree),
            },
        })
    };
    bundle.templates.iter().map(one).collect()
}

/// Rows in columns as wide as their widest cell, the last one as long as it is.
fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(unicode_width::UnicodeWidthStr::width(cell.as_str()));
        }
    }
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            let missing = width - unicode_width::UnicodeWidthStr::width(cell.as_str()).min(*width);
            line += cell;
            line.extend(std::iter::repeat_n(' ', missing + 2));
        }
        out += line.trim_end();
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::samples;

    #[test]
    fn a_list_is_in_columns() {
        let text = list_text(&list(&[samples::bundle()]));
        let expected = "\
BUNDLE  PRIMARY    STANDBY    STACKS                    TITLE
sample  us-east-1  us-west-2  standby, primary, global  A sample
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_bundle_is_shown_with_what_an_operator_needs() {
        let shown = show(&samples::bundle()).unwrap();
        let text = show_text(&shown);
        for part in [
            "sample: A sample\n",
            "regions       us-east-1 (primary), us-west-2 (standby)\n",
            "levers        metric, endpoint, force, records\n",
            "domainName   (required)  Domain\n",
            "lag               replication_lag  primary  AWS/DynamoDB ReplicationLatency  ms    60000  300000\n",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        let json = serde_json::to_value(&shown).unwrap();
        assert_eq!(json["name"], "sample");
        assert_eq!(json["templates"][2]["role"], "primary");
    }

    #[test]
    fn findings_are_counted() {
        let mut bundle = samples::bundle();
        assert!(check_text(&check(&bundle)).ends_with("rules, nothing found\n"));
        bundle.manifest.policy.runtime = Some("python3.14".into());
        let text = check_text(&check(&bundle));
        assert!(
            text.contains("\nsample: SB802 region.json: Resources.Function"),
            "{text}"
        );
        assert!(text.ends_with("rules, 1 finding\n"), "{text}");
    }

    #[test]
    fn every_body_is_measured_that_cloudformation_gets() {
        let mut bundle = samples::bundle();
        let inner = r#"{\"Resources\":{}}"#;
        let set = format!(
            r#"{{"Resources":{{"Set":{{"Type":"AWS::CloudFormation::StackSet","Properties":{{"TemplateBody":"{inner}"}}}}}}}}"#
        );
        bundle.templates.insert("global.json".into(), set.clone());
        let checked = check(&bundle);
        let text = check_text(&checked);
        for line in [
            format!("sample: global.json: {} of 51200 bytes\n", set.len()),
            "sample: global.json: Resources.Set.Properties.TemplateBody: 16 of 51200 bytes\n"
                .to_owned(),
        ] {
            assert!(text.contains(&line), "{line:?} is not in\n{text}");
        }
        assert_eq!(checked.bodies.len(), bundle.templates.len() + 1);
    }

    #[test]
    fn an_export_gives_back_what_was_shipped() {
        let stacks = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks");
        for bundle in crate::bundle::catalogue(None).unwrap() {
            for file in export(&bundle, Format::Json).unwrap() {
                let path = stacks.join(&bundle.manifest.name).join(&file.file);
                assert!(
                    std::fs::read_to_string(&path).unwrap() == file.text,
                    "{}",
                    path.display()
                );
            }
            let files = export(&bundle, Format::Yaml).unwrap();
            assert!(
                files
                    .iter()
                    .all(|f| f.file.strip_suffix(".yaml").is_some() && f.text.contains("!Ref "))
            );
        }
    }
}
