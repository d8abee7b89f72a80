//! How values come onto pages: escaped for HTML, and without secret keys.
//!
//! Text that was stored before secret keys were rejected is so never shown again. The pages that show
//! a new secret key once write it with `|safe`: it holds only letters, digits and underscores.

use std::fmt;

use askama::filters::{Escaper, Html};

use crate::base::secret_scan;

/// The escaper of every template; `askama.toml` names it.
#[derive(Clone, Copy, Debug)]
pub struct WithoutSecrets;

impl Escaper for WithoutSecrets {
    fn write_escaped_str<W: fmt::Write>(&self, dest: W, text: &str) -> fmt::Result {
        match secret_scan::redacted(text) {
            Some(redacted) => Html.write_escaped_str(dest, &redacted),
            None => Html.write_escaped_str(dest, text),
        }
    }
}
