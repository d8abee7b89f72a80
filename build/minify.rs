//! Light minification, for stylesheets and scripts written by hand: comments and needless white
//! space go, nothing is rewritten. Knows nothing of files.

/// A stylesheet without comments and needless white space; text in quotes is left alone.
///
/// It relies on every `url(…)` being quoted, as an address may hold `/*`.
pub fn css(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
        } else if next.is_whitespace() {
            rest = rest.trim_start();
            if separates(out.chars().next_back(), rest.chars().next()) {
                out.push(' ');
            }
        } else {
            if next == '}' && out.ends_with(';') {
                out.pop();
            }
            let (token, after) = rest.split_at(token_length(rest, next));
            out.push_str(token);
            rest = after;
        }
    }
    out
}

/// Whether white space between these two means something: before a colon it does
/// (`.f :is(…)`), after one it does not.
fn separates(before: Option<char>, after: Option<char>) -> bool {
    let loose = |side: Option<char>, closed: &str| side.is_some_and(|side| !closed.contains(side));
    loose(before, " {};,:") && loose(after, "{};,")
}

/// The length in bytes of a text in quotes, or else of the one character.
fn token_length(rest: &str, first: char) -> usize {
    if !matches!(first, '"' | '\'') {
        return first.len_utf8();
    }
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == first => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A script without indentation, empty lines and lines that are a `//` comment.
///
/// It relies on no template literal and no block comment running over several lines.
pub fn js(source: &str) -> String {
    let lines = source.lines().map(str::trim);
    let kept: Vec<&str> =
        lines.filter(|line| !line.is_empty() && !line.starts_with("//")).collect();
    kept.join("\n")
}
