//! How values are written to pages: escaped for HTML, and without secret keys.
//!
//! Text that was stored before secret keys were rejected is therefore never shown again. The pages
//! that show a new secret key once write it with `|safe`: it contains only letters, digits and
//! underscores.
//!
//! A line break is written as `&#10;`, so that [`super::fold`] removes only those of templates. For
//! a browser, a carriage return is equivalent, by itself or before a line feed.

use std::fmt;

use askama::filters::{Escaper, Html};

use crate::base::secret_scan;

/// The escaper of every template; `askama.toml` names it.
#[derive(Clone, Copy, Debug)]
pub struct WithoutSecrets;

impl Escaper for WithoutSecrets {
    fn write_escaped_str<W: fmt::Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        let redacted = secret_scan::redacted(text);
        let mut rest = redacted.as_deref().unwrap_or(text);
        while let Some(at) = rest.find(['\n', '\r']) {
            let (line, after) = rest.split_at(at);
            Html.write_escaped_str(&mut dest, line)?;
            dest.write_str("&#10;")?;
            rest = after.strip_prefix("\r\n").unwrap_or(&after[1..]);
        }
        Html.write_escaped_str(dest, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_are_escaped_as_browsers_read_them() {
        let mut page = String::new();
        let text = "<a>\nb\r\n\r\nc\rd\n";
        WithoutSecrets.write_escaped_str(&mut page, text).expect("writing to a string succeeds");
        assert_eq!(page, "&#60;a&#62;&#10;b&#10;&#10;c&#10;d&#10;");
    }
}
