//! Removes the indentation of templates from pages, so that templates are readable and pages small.
//!
//! A line break in a template, together with the indentation after it, becomes
//!
//! - nothing between two tags, after an opening tag (including `<br>` and `<input>`) and before a
//!   closing tag;
//! - one space between two words, and between a word and an element next to it.
//!
//! If a word and an element must touch, they are on one line: `{{ name }}<span>You</span>`; or
//! `-%}` and `{%-` remove the line break. If two elements must not touch, `{{ " " }}` ends the
//! line: a space before a line break is kept.
//!
//! Attribute values do not change, nor do elements in which white space matters. Line breaks that
//! people typed are always kept: [`super::escape`] writes them as `&#10;`, so every line break in
//! this module is a template's.

/// Elements whose text is shown or run unchanged. A stylesheet does this for code.
const VERBATIM: [&str; 5] = ["code", "pre", "textarea", "script", "style"];

/// The context on one side of a line break.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Word,
    /// The outside of an element.
    Element,
    /// The inside of an element, or an end of the page.
    Edge,
}

/// The page without its templates' indentation.
pub fn fold(page: &str) -> String {
    let mut folded = String::with_capacity(page.len());
    let (mut rest, mut before) = (page, Side::Edge);
    while let Some(start) = rest.find('<') {
        let (text, from_tag) = rest.split_at(start);
        let (tag, after_tag) = from_tag.split_at(tag_length(from_tag));
        let is_closing = tag.starts_with("</");
        fold_text(&mut folded, text, before, if is_closing { Side::Edge } else { Side::Element });
        fold_tag(&mut folded, tag);
        let (verbatim, next) = after_tag.split_at(verbatim_length(tag, after_tag));
        folded.push_str(verbatim);
        before = if is_closing { Side::Element } else { Side::Edge };
        rest = next;
    }
    fold_text(&mut folded, rest, before, Side::Edge);
    folded
}

/// Adds the text between two tags.
fn fold_text(folded: &mut String, text: &str, before: Side, after: Side) {
    let Some((first, lines)) = text.split_once('\n') else { return folded.push_str(text) };
    folded.push_str(first);
    let mut left = if is_blank(first) { before } else { Side::Word };
    let mut ends_with_break = false;
    for line in lines.split('\n') {
        ends_with_break = is_blank(line);
        if !ends_with_break {
            join(folded, left, Side::Word);
            folded.push_str(line.trim_ascii_start());
            left = Side::Word;
        }
    }
    if ends_with_break {
        join(folded, left, after);
    }
}

/// Adds the replacement of a line break between `left` and `right`.
fn join(folded: &mut String, left: Side, right: Side) {
    let is_space = match (left, right) {
        (Side::Edge, _) | (_, Side::Edge) => false,
        (left, right) => left == Side::Word || right == Side::Word,
    };
    if is_space && !folded.ends_with(' ') {
        folded.push(' ');
    }
}

/// Adds a tag. Its attributes may be on separate lines.
fn fold_tag(folded: &mut String, tag: &str) {
    if !tag.contains('\n') {
        return folded.push_str(tag);
    }
    for (part, text) in tag.split('"').enumerate() {
        if part > 0 {
            folded.push('"');
        }
        if part % 2 == 0 {
            fold_text(folded, text, Side::Word, Side::Word);
        } else {
            folded.push_str(text);
        }
    }
}

/// The length of the tag at the start of `text`. A `>` in an attribute value does not end it.
fn tag_length(text: &str) -> usize {
    let mut is_quoted = false;
    let end = text.bytes().position(|byte| {
        is_quoted ^= byte == b'"';
        byte == b'>' && !is_quoted
    });
    end.map_or(text.len(), |end| end + 1)
}

/// How much of the text after `tag` is copied unchanged.
fn verbatim_length(tag: &str, text: &str) -> usize {
    let is_name = |name: &&str| {
        let after = tag.get(1..).and_then(|tag| tag.strip_prefix(*name));
        after.is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_alphanumeric()))
    };
    let name = VERBATIM.into_iter().find(is_name);
    name.map_or(0, |name| text.find(&format!("</{name}")).unwrap_or(text.len()))
}

fn is_blank(text: &str) -> bool {
    text.trim_ascii().is_empty()
}

#[cfg(test)]
mod tests {
    use askama::Template;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_break_is_removed_at_the_edges_of_an_element_and_between_tags() {
        let page = "<!doctype html>\n<tr>\n  <td>\n    <a>x</a>\n  </td>\n</tr>\n";
        assert_eq!(fold(page), "<!doctype html><tr><td><a>x</a></td></tr>");
        assert_eq!(fold("<p>\n  One line.\n</p>"), "<p>One line.</p>");
        assert_eq!(fold("<label>\n  <input>\n  Name\n</label>"), "<label><input>Name</label>");
        assert_eq!(fold("<p>\n\n  \n</p>"), "<p></p>", "a condition that is false");
    }

    #[test]
    fn a_line_break_is_one_space_next_to_a_word() {
        assert_eq!(fold("<p>\n  some\n  \n  words\n</p>"), "<p>some words</p>");
        assert_eq!(fold("<p>see\n  <a>here</a>\n  how</p>"), "<p>see <a>here</a> how</p>");
    }

    #[test]
    fn spaces_within_a_line_stay() {
        for page in ["<a>x</a> <b>y</b>", "<p>a  b </p>", "<p> <b>x</b> </p>"] {
            assert_eq!(fold(page), page);
        }
        assert_eq!(fold("<a>x</a> \n  <b>y</b>"), "<a>x</a> <b>y</b>");
        assert_eq!(fold("<p>some \n  words</p>"), "<p>some words</p>");
        assert_eq!(fold("<p>\n  a\u{a0}\n  \u{a0}b</p>"), "<p>a\u{a0} \u{a0}b</p>");
    }

    #[test]
    fn attributes_may_be_on_separate_lines() {
        let page = "<input\n  \n  name=\"a\"\n  required\n  value=\"x > \n  y\">\n<br>";
        assert_eq!(fold(page), "<input name=\"a\" required value=\"x > \n  y\"><br>");
    }

    #[test]
    fn verbatim_text_does_not_change() {
        for name in VERBATIM {
            let element = format!("<{name} id=\"x\">\n  a\n  <b>\n</{name}>");
            assert_eq!(fold(&format!("<p>\n  {element}\n</p>")), format!("<p>{element}</p>"));
        }
        assert_eq!(fold("<pre>\n"), "<pre>\n");
    }

    #[derive(Template)]
    #[template(source = "<p title=\"{{ value }}\">\n  <b>{{ value }}</b>\n</p>", ext = "html")]
    struct Page<'a> {
        value: &'a str,
    }

    /// Text that resembles pages and templates.
    fn like_a_page() -> impl Strategy<Value = String> {
        prop::collection::vec("[a-z]{1,3}|[ \n\"=/>é]|</?(a|pre|textarea)|<br>|<a>|</a>", 0..40)
            .prop_map(|pieces| pieces.concat())
    }

    fn without_space(text: &str) -> String {
        text.split_ascii_whitespace().collect()
    }

    proptest! {
        #[test]
        fn only_white_space_changes(page in like_a_page()) {
            let folded = fold(&page);
            prop_assert_eq!(without_space(&folded), without_space(&page));
            prop_assert!(folded.len() <= page.len());
        }

        #[test]
        fn folding_twice_is_folding_once(page in like_a_page()) {
            let folded = fold(&page);
            prop_assert_eq!(fold(&folded), folded);
        }

        #[test]
        fn a_page_in_one_line_does_not_change(page in like_a_page()) {
            let page = page.replace('\n', " ");
            prop_assert_eq!(fold(&page), page);
        }

        #[test]
        fn indentation_changes_nothing(
            words in prop::collection::vec("[a-z]{1,3}|<a>|</a>", 0..20),
            by in 0..9_usize,
        ) {
            let indented = format!("\n{}", " ".repeat(by));
            prop_assert_eq!(fold(&words.join(&indented)), fold(&words.join("\n")));
        }

        #[test]
        fn values_do_not_change(value in "([a-z]{1,3}|[ \n\r\t\"<>&é]){0,12}") {
            let page = fold(&Page { value: &value }.render().expect("a page"));
            let document = scraper::Html::parse_fragment(&page);
            let all = scraper::Selector::parse("p").expect("a selector");
            let found = document.select(&all).next().expect("an element");
            let value = value.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(found.value().attr("title"), Some(value.as_str()));
            prop_assert_eq!(found.text().collect::<String>(), value);
        }
    }
}
