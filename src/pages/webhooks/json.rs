//! JSON for people to read.

/// How far each level is indented, in spaces.
const INDENT: usize = 2;

/// Valid JSON with one value on each line, and its fields in their order.
pub(super) fn indented(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for c in json.chars() {
        if in_string {
            in_string = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
            text.push(c);
            continue;
        }
        match c {
            '{' | '[' | ',' => {
                depth += usize::from(c != ',');
                text.push(c);
                start_line(&mut text, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                text.truncate(text.trim_end().len());
                if !text.ends_with(['{', '[']) {
                    start_line(&mut text, depth);
                }
                text.push(c);
            }
            ':' => text.push_str(": "),
            c if c.is_whitespace() => {}
            _ => {
                in_string = c == '"';
                text.push(c);
            }
        }
    }
    text
}

fn start_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n(' ', depth * INDENT));
}

#[cfg(test)]
mod tests {
    use super::indented;
    use proptest::prelude::*;

    #[test]
    fn each_value_is_on_its_own_line_and_text_stays_as_it_is() {
        let json =
            r#"{"type":"a","data":{"list":[1,null],"empty":[],"none":{}},"odd":"{\"a\\\\\", [:]"}"#;
        let expected = r#"{
  "type": "a",
  "data": {
    "list": [
      1,
      null
    ],
    "empty": [],
    "none": {}
  },
  "odd": "{\"a\\\\\", [:]"
}"#;
        assert_eq!(indented(json), expected);
    }

    proptest! {
        #[test]
        fn the_value_is_the_same(keys in prop::collection::vec(".{0,6}", 0..4), text in ".{0,9}") {
            let map: serde_json::Map<_, _> =
                keys.into_iter().map(|key| (key, serde_json::json!([text, {}, [1.5]]))).collect();
            let value = serde_json::Value::from(map);
            let read: serde_json::Value =
                serde_json::from_str(&indented(&value.to_string())).expect("JSON");
            prop_assert_eq!(read, value);
        }
    }
}
