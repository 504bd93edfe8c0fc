//! Writes a template as the YAML that CloudFormation's users write: short forms, block scalars.
//!
//! Texts that a reader of YAML 1.1 would take for something else (`yes`, `012`, `2010-09-09`) are quoted.

use serde_json::{Map, Value};

/// Spaces a level.
const STEP: usize = 2;

/// Returns a template, given as JSON, as YAML with the short forms of the intrinsic functions.
pub fn template(tree: &Value) -> String {
    let mut writer = Writer::default();
    match tree {
        Value::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                writer.in_conditions = key == "Conditions" || key == "Rules";
                writer.member(key, value, 0);
            }
        }
        other => writer.value(other, 0),
    }
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    /// Whether `{"Condition": name}` refers to a condition here, instead of belonging to a resource or policy.
    in_conditions: bool,
}

/// How a value begins on the line of its key.
enum Form<'a> {
    /// All of it fits there.
    Inline(String),
    /// A text of several lines: its header, then its lines.
    Block(String, &'a str),
    /// Members or items below, after this tag.
    Nested(Option<String>, &'a Value),
}

impl Writer {
    fn member(&mut self, key: &str, value: &Value, indent: usize) {
        self.pad(indent);
        self.out.push_str(&scalar(key));
        self.out.push(':');
        self.after_key(value, indent);
    }

    /// Writes a value after `key:`; nested ones go below it.
    fn after_key(&mut self, value: &Value, indent: usize) {
        match self.form(value) {
            Form::Inline(text) => self.rest_of_line(&text),
            Form::Block(header, text) => {
                self.rest_of_line(&header);
                self.block(text, indent + STEP);
            }
            Form::Nested(tag, inner) => {
                match tag {
                    Some(tag) => self.rest_of_line(&tag),
                    None => self.out.push('\n'),
                }
                self.nested(inner, indent + STEP);
            }
        }
    }

    /// Writes an item of a list after its `-`; the first member of an object shares its line.
    fn item(&mut self, value: &Value, indent: usize) {
        self.pad(indent);
        self.out.push('-');
        match self.form(value) {
            Form::Nested(None, Value::Object(members)) => {
                for (index, (key, value)) in members.iter().enumerate() {
                    if index == 0 {
                        self.out.push(' ');
                        self.out.push_str(&scalar(key));
                        self.out.push(':');
                        self.after_key(value, indent + STEP);
                    } else {
                        self.member(key, value, indent + STEP);
                    }
                }
            }
            _ => self.after_key(value, indent),
        }
    }

    fn nested(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    self.member(key, value, indent);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.item(item, indent);
                }
            }
            other => self.value(other, indent),
        }
    }

    /// Writes a value that has a line of its own.
    fn value(&mut self, value: &Value, indent: usize) {
        self.pad(indent);
        self.after_key(value, indent);
    }

    fn pad(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn rest_of_line(&mut self, text: &str) {
        self.out.push(' ');
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn block(&mut self, text: &str, indent: usize) {
        // What follows the last line end is no line; `|` or `|+` in the header puts the ends back.
        let lines = text.strip_suffix('\n').unwrap_or(text);
        for line in lines.split('\n') {
            if !line.is_empty() {
                self.pad(indent);
                self.out.push_str(line);
            }
            self.out.push('\n');
        }
    }

    fn form<'a>(&self, value: &'a Value) -> Form<'a> {
        match value {
            Value::Object(members) => self
                .short_form(members)
                .unwrap_or_else(|| nested_or(members.is_empty(), "{}", value)),
            Value::Array(items) => nested_or(items.is_empty(), "[]", value),
            Value::String(text) => text_form("", text),
            other => Form::Inline(other.to_string()),
        }
    }

    /// The short form of an intrinsic function, where it has one.
    fn short_form<'a>(&self, members: &'a Map<String, Value>) -> Option<Form<'a>> {
        let (key, argument) = members.iter().next()?;
        if members.len() != 1 {
            return None;
        }
        let tag = match key.as_str() {
            "Ref" => "!Ref".to_owned(),
            "Condition" if self.in_conditions => "!Condition".to_owned(),
            // Has no short form for its mapping argument in every tool.
            "Fn::Transform" => return None,
            other => format!("!{}", other.strip_prefix("Fn::")?),
        };
        if let ("Fn::GetAtt", Some(path)) = (key.as_str(), attribute(argument)) {
            return Some(Form::Inline(format!("!GetAtt {}", scalar(&path))));
        }
        match (key.as_str(), argument) {
            (_, Value::String(text)) => Some(text_form(&format!("{tag} "), text)),
            ("Ref" | "Condition" | "Fn::GetAtt", _) => None,
            (_, Value::Array(items)) if !items.is_empty() => {
                Some(Form::Nested(Some(tag), argument))
            }
            // A tag after a tag is no YAML: `Fn::Base64: !Sub …` keeps the long outer form.
            _ => None,
        }
    }
}

/// `Resource.Attribute`, if both are plain and reading it back splits it at the same place.
fn attribute(argument: &Value) -> Option<String> {
    let parts = argument.as_array()?;
    let id = parts.first()?.as_str()?;
    let attribute = parts.get(1)?.as_str()?;
    (parts.len() == 2 && !id.contains('.')).then(|| format!("{id}.{attribute}"))
}

fn nested_or<'a>(empty: bool, inline: &str, value: &'a Value) -> Form<'a> {
    if empty {
        Form::Inline(inline.to_owned())
    } else {
        Form::Nested(None, value)
    }
}

fn text_form<'a>(tag: &str, text: &'a str) -> Form<'a> {
    if !is_block(text) {
        return Form::Inline(format!("{tag}{}", scalar(text)));
    }
    let body = text.trim_end_matches('\n');
    let ends = text.len() - body.len();
    let header = match ends {
        0 => "|-",
        1 => "|",
        _ => "|+",
    };
    Form::Block(format!("{tag}{header}"), text)
}

/// Whether a text can be a block scalar: several lines, no character that YAML would escape or fold,
/// and a first line that shows the indentation.
fn is_block(text: &str) -> bool {
    let printable = |c: char| c == '\n' || c == '\t' || !needs_escape(c);
    text.contains('\n') && !text.starts_with([' ', '\n', '\t']) && text.chars().all(printable)
}

fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}'
        )
}

/// A text on one line, quoted only where it must be.
fn scalar(text: &str) -> String {
    if text.chars().any(needs_escape) {
        // JSON's escapes are YAML's.
        return Value::String(text.to_owned())
            .to_string()
            .replace('\u{7f}', "\\u007F")
            .replace('\u{85}', "\\u0085")
            .replace('\u{2028}', "\\u2028")
            .replace('\u{2029}', "\\u2029")
            .replace('\u{feff}', "\\uFEFF");
    }
    if is_plain(text) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

fn is_plain(text: &str) -> bool {
    let first =
        |c: char| c.is_alphanumeric() || matches!(c, '/' | '$' | '_' | '.' | '(' | '^' | '+');
    text.starts_with(first)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !is_something_else(text)
}

/// Whether a reader would take the text for a null, boolean, number or time.
fn is_something_else(text: &str) -> bool {
    const WORDS: [&str; 10] = [
        "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan",
    ];
    let lower = text.to_ascii_lowercase();
    let begins_like_a_number = lower.starts_with(|c: char| c.is_ascii_digit() || "+.".contains(c));
    let made_like_a_number = lower
        .chars()
        .all(|c| c.is_ascii_hexdigit() || "+-._:xoeinf tz".contains(c));
    WORDS.contains(&lower.as_str()) || (begins_like_a_number && made_like_a_number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn intrinsic_functions_are_short() {
        let tree = json!({
            "Conditions": {
                "A": {"Fn::Not": [{"Condition": "B"}]},
                "B": {"Fn::Equals": [{"Ref": "role"}, "primary"]}
            },
            "Resources": {"X": {"Type": "AWS::SNS::Topic", "Condition": "A", "Properties": {
                "Ref": {"Ref": "P"},
                "Sub": {"Fn::Sub": "a-${P}"},
                "Map": {"Fn::Sub": ["${V}", {"V": {"Fn::GetAtt": ["R", "Arn"]}}]},
                "If": {"Fn::If": ["A", {"Ref": "AWS::NoValue"}, [{"Key": "k", "Value": 1}, []]]},
                "Base": {"Fn::Base64": {"Fn::Sub": "x"}},
                "Policy": {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
                "Nested": {"Fn::GetAtt": ["Stack", "Outputs.Url"]}
            }}}
        });
        let expected = "\
Conditions:
  A: !Not
    - !Condition B
  B: !Equals
    - !Ref role
    - primary
Resources:
  X:
    Type: AWS::SNS::Topic
    Condition: A
    Properties:
      Ref: !Ref P
      Sub: !Sub a-${P}
      Map: !Sub
        - ${V}
        - V: !GetAtt R.Arn
      If: !If
        - A
        - !Ref AWS::NoValue
        -
          - Key: k
            Value: 1
          - []
      Base:
        Fn::Base64: !Sub x
      Policy:
        Condition:
          Bool:
            aws:SecureTransport: 'false'
      Nested: !GetAtt Stack.Outputs.Url
";
        let got = template(&tree);
        assert_eq!(got, expected, "{got}");
    }

    #[test]
    fn texts_of_several_lines_are_blocks() {
        let tree = json!({"A": "one\n\n  two\n", "B": "one\ntwo", "C": "one\n\n", "D": {"Fn::Sub": "x\ny\n"},
                          "E": ["p\nq\n"], "F": " lead\nx", "G": "a\r\nb"});
        let expected = "\
A: |
  one

    two
B: |-
  one
  two
C: |+
  one

D: !Sub |
  x
  y
E:
  - |
    p
    q
F: \" lead\\nx\"
G: \"a\\r\\nb\"
";
        let got = template(&tree);
        assert_eq!(got, expected, "{got}");
    }

    #[test]
    fn texts_that_look_like_something_else_are_quoted() {
        for (text, expected) in [
            ("2010-09-09", "'2010-09-09'"),
            ("012", "'012'"),
            ("1e3", "'1e3'"),
            ("0x1F", "'0x1F'"),
            (".5", "'.5'"),
            ("12:30:00", "'12:30:00'"),
            ("Yes", "'Yes'"),
            ("null", "'null'"),
            ("", "''"),
            ("~", "'~'"),
            ("*", "'*'"),
            ("- a", "'- a'"),
            ("a: b", "'a: b'"),
            ("a #b", "'a #b'"),
            ("it's", "it's"),
            ("'x'", "'''x'''"),
            ("{x}", "'{x}'"),
            ("python3.11", "python3.11"),
            ("10.0.0.0/16", "10.0.0.0/16"),
            ("rate(1 minute)", "rate(1 minute)"),
            ("${A}", "${A}"),
            ("arn:aws:s3:::b", "arn:aws:s3:::b"),
            ("tab\tx", "\"tab\\tx\""),
            ("trailing ", "'trailing '"),
        ] {
            assert_eq!(scalar(text), expected, "{text:?}");
        }
    }

    #[test]
    fn odd_templates_are_written_too() {
        assert_eq!(template(&json!({})), " {}\n");
        assert_eq!(
            template(&json!({"A": {"Fn::GetAtt": ["a.b", "c"]}})),
            "A:\n  Fn::GetAtt:\n    - a.b\n    - c\n"
        );
        assert_eq!(
            template(&json!({"A": null, "1": true})),
            "A: null\n'1': true\n"
        );
    }
}
