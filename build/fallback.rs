//! Colours for browsers that do not know `light-dark()`: those of 2023 and before have the light ones.
//! Without them every colour would be missing, and dialogs transparent.

/// The rules of `css` for such browsers: each custom property that has two colours, with its light one.
pub fn light(css: &str) -> String {
    let properties = css.split_inclusive([';', '{', '}']).map(str::trim_start);
    let double = properties.filter(|part| part.starts_with("--") && part.contains(DOUBLE));
    let single: String = double.map(first_of_each).collect();
    format!(
        "@supports not (color: light-dark(red, red)) {{ :root {{ color-scheme: light; {single} }} }}"
    )
}

const DOUBLE: &str = "light-dark(";

/// The text with the first of the two colours wherever there are two.
fn first_of_each(text: &str) -> String {
    let mut parts = text.split(DOUBLE);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (colours, rest) = part.split_at(end(part, ')'));
        out.push_str(&colours[..end(colours, ',')]);
        out.push_str(rest.strip_prefix(')').unwrap_or(rest));
    }
    out
}

/// Where `wanted` first stands outside of parentheses.
fn end(text: &str, wanted: char) -> usize {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            _ if depth == 0 && character == wanted => return at,
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}
