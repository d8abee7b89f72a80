//! Writes `light-dark()` out, for browsers that do not know it (before 2024): they would have no colours
//! at all, and dialogs would be transparent.

/// The stylesheet with the light one of each two colours, followed by the custom properties that have
/// two with the dark one: for dark systems unless light was chosen, and where dark was chosen.
pub fn written_out(css: &str) -> String {
    let parts = css.split_inclusive([';', '{', '}']).map(str::trim_start);
    let double = parts.filter(|part| part.starts_with("--") && part.contains(DOUBLE));
    let dark: String = double.map(|property| one_of_each(property, Which::Dark)).collect();
    let light = one_of_each(css, Which::Light);
    format!(
        "{light}\n@media (prefers-color-scheme: dark) {{ :root:not([data-theme=\"light\"]) {{ {dark} }} }}\n\
         :root[data-theme=\"dark\"] {{ {dark} }}"
    )
}

const DOUBLE: &str = "light-dark(";

#[derive(Clone, Copy)]
enum Which {
    Light,
    Dark,
}

/// The text with one of the two colours wherever there are two.
fn one_of_each(text: &str, which: Which) -> String {
    let mut parts = text.split(DOUBLE);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (colours, rest) = part.split_at(end(part, ')'));
        let (light, dark) = colours.split_at(end(colours, ','));
        out.push_str(match which {
            Which::Light => light,
            Which::Dark => dark.trim_start_matches(',').trim_start(),
        });
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
