//! Two small languages of CloudWatch: the rule of a composite alarm, and the metric math that alarms use.

use std::collections::BTreeMap;

/// Whether a composite alarm's rule holds; `None` if it can't be read. `state` says whether an alarm is in a state.
pub(super) fn rule_holds(rule: &str, state: &dyn Fn(&str, &str) -> bool) -> Option<bool> {
    let mut parser = Parser::new(rule);
    let holds = parser.any_of(state)?;
    parser.at_end().then_some(holds)
}

/// The value of an expression such as `100*errors/MAX([errors,calls])`; `None` where a metric is missing, a division
/// is by zero, or the expression can't be read.
pub(super) fn compute(expression: &str, values: &BTreeMap<&str, f64>) -> Option<f64> {
    let mut parser = Parser::new(expression);
    let value = parser.comparison(values)?;
    (parser.at_end() && value.is_finite()).then_some(value)
}

/// Signs of comparison, the longer ones first.
const SIGNS: [&str; 6] = [">=", "<=", "==", "!=", ">", "<"];

/// Deepest nesting that is read.
const DEEPEST: usize = 32;

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    const fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            depth: 0,
        }
    }

    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn at_end(&mut self) -> bool {
        self.skip();
        self.rest.is_empty()
    }

    fn eat(&mut self, symbol: &str) -> bool {
        self.skip();
        match self.rest.strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> Option<&'a str> {
        self.skip();
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= DEEPEST {
            return None;
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn keyword(&mut self, keyword: &str) -> bool {
        let before = self.rest;
        if self.word() == Some(keyword) {
            return true;
        }
        self.rest = before;
        false
    }

    fn any_of(&mut self, state: &dyn Fn(&str, &str) -> bool) -> Option<bool> {
        let mut holds = self.all_of(state)?;
        while self.keyword("OR") {
            holds |= self.all_of(state)?;
        }
        Some(holds)
    }

    fn all_of(&mut self, state: &dyn Fn(&str, &str) -> bool) -> Option<bool> {
        let mut holds = self.single(state)?;
        while self.keyword("AND") {
            holds &= self.single(state)?;
        }
        Some(holds)
    }

    fn single(&mut self, state: &dyn Fn(&str, &str) -> bool) -> Option<bool> {
        self.deeper(|p| {
            if p.eat("(") {
                let inner = p.any_of(state)?;
                return p.eat(")").then_some(inner);
            }
            match p.word()? {
                "NOT" => p.single(state).map(|holds| !holds),
                "TRUE" => Some(true),
                "FALSE" => Some(false),
                wanted => p
                    .eat("(")
                    .then(|| p.name())
                    .flatten()
                    .map(|name| state(&name, wanted)),
            }
        })
    }

    /// The name of an alarm (or its ARN), quoted or not, and the closing parenthesis.
    fn name(&mut self) -> Option<String> {
        let (inside, rest) = self.rest.split_once(')')?;
        self.rest = rest;
        let bare = inside.trim().trim_matches(|c| c == '"' || c == '\'');
        let name = bare.rsplit_once(":alarm:").map_or(bare, |(_, name)| name);
        Some(name.to_owned())
    }

    /// A comparison is 1 where it holds, else 0.
    fn comparison(&mut self, values: &BTreeMap<&str, f64>) -> Option<f64> {
        let left = self.sum(values)?;
        let Some(sign) = SIGNS.into_iter().find(|sign| self.eat(sign)) else {
            return Some(left);
        };
        let order = left.partial_cmp(&self.sum(values)?)?;
        let holds = match sign {
            ">=" => order.is_ge(),
            "<=" => order.is_le(),
            "==" => order.is_eq(),
            "!=" => order.is_ne(),
            ">" => order.is_gt(),
            _ => order.is_lt(),
        };
        Some(f64::from(u8::from(holds)))
    }

    fn sum(&mut self, values: &BTreeMap<&str, f64>) -> Option<f64> {
        let mut value = self.product(values)?;
        loop {
            if self.eat("+") {
                value += self.product(values)?;
            } else if self.eat("-") {
                value -= self.product(values)?;
            } else {
                return Some(value);
            }
        }
    }

    fn product(&mut self, values: &BTreeMap<&str, f64>) -> Option<f64> {
        let mut value = self.factor(values)?;
        loop {
            if self.eat("*") {
                value *= self.factor(values)?;
            } else if self.eat("/") {
                value /= self.factor(values)?;
            } else {
                return Some(value);
            }
        }
    }

    fn factor(&mut self, values: &BTreeMap<&str, f64>) -> Option<f64> {
        self.deeper(|p| {
            if p.eat("-") {
                return p.factor(values).map(|v| -v);
            }
            if p.eat("(") {
                let inner = p.comparison(values)?;
                return p.eat(")").then_some(inner);
            }
            let word = p.word()?;
            if p.eat("(") {
                return p.function(word, values);
            }
            word.parse().ok().or_else(|| values.get(word).copied())
        })
    }

    fn function(&mut self, name: &str, values: &BTreeMap<&str, f64>) -> Option<f64> {
        if name == "FILL" {
            let value = self.comparison(values);
            self.rest = self.rest.trim_start_matches(|c| c != ',');
            let filler = self.eat(",").then(|| self.sum(values)).flatten();
            return self.eat(")").then_some(value.or(filler)).flatten();
        }
        let list = self.eat("[");
        let mut arguments = vec![self.comparison(values)?];
        while self.eat(",") {
            arguments.push(self.comparison(values)?);
        }
        if (list && !self.eat("]")) || !self.eat(")") {
            return None;
        }
        let all = arguments.iter().copied();
        match (name, arguments.as_slice()) {
            ("MAX", _) => all.reduce(f64::max),
            ("MIN", _) => all.reduce(f64::min),
            ("SUM", _) => Some(all.sum()),
            ("AVG", _) => Some(all.sum::<f64>() / arguments.len() as f64),
            ("ABS", [one]) => Some(one.abs()),
            ("IF", [condition, yes, no]) => Some(if *condition == 0.0 { *no } else { *yes }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read() {
        let state = |name: &str, state: &str| matches!((name, state), ("a", "ALARM") | ("b", "OK"));
        let holds = |rule: &str| rule_holds(rule, &state);
        assert_eq!(holds("ALARM(\"a\") AND NOT ALARM(b)"), Some(true));
        assert_eq!(holds("ALARM(b) OR (OK(b) AND TRUE)"), Some(true));
        assert_eq!(
            holds("ALARM(arn:aws:cloudwatch:us-east-1:1:alarm:a)"),
            Some(true)
        );
        assert_eq!(holds("ALARM(b"), None);
        assert_eq!(holds(&"(".repeat(10_000)), None);
    }

    #[test]
    fn expressions_are_computed() {
        let values = BTreeMap::from([("errors", 3.0), ("calls", 60.0)]);
        let value = |text: &str| compute(text, &values);
        assert_eq!(value("100*errors/MAX([errors,calls])"), Some(5.0));
        assert_eq!(
            value("100 * (errors + 1) / calls - 1"),
            Some(100.0 * 4.0 / 60.0 - 1.0)
        );
        assert_eq!(value("FILL(nothing, 0) + errors"), Some(3.0));
        assert_eq!(value("IF(calls > 400, 1, 0)"), Some(0.0));
        assert_eq!(value("IF(calls >= 60, errors, 0) * (1 < 2)"), Some(3.0));
        assert_eq!(value("IF(nothing > 400, 1, 0)"), None);
        assert_eq!(value("errors / 0"), None);
        assert_eq!(value("nothing"), None);
        assert_eq!(value("errors errors"), None);
    }
}
