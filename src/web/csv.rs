//! Files for spreadsheets (RFC 4180).

use crate::base::error::{Error, Result};
use crate::base::secret_scan;

/// The media type of the files.
pub const MEDIA_TYPE: &str = "text/csv; charset=utf-8; header=present";

/// The start of a file: the byte order mark, without which Excel assumes an encoding other than
/// UTF-8, and the names of the columns.
pub fn head<C: AsRef<[u8]>>(columns: impl IntoIterator<Item = C>) -> Result<Vec<u8>> {
    let mut head = "\u{feff}".as_bytes().to_vec();
    head.extend(written([columns])?);
    Ok(head)
}

/// Rows in the file's format, to follow its [`head`].
pub fn written<R>(rows: impl IntoIterator<Item = R>) -> Result<Vec<u8>>
where
    R: IntoIterator,
    R::Item: AsRef<[u8]>,
{
    let mut csv =
        ::csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        csv.write_record(row).map_err(Error::internal)?;
    }
    csv.into_inner().map_err(|error| Error::internal(error.into_error()))
}

/// A cell that no spreadsheet interprets as a formula (OWASP, CSV injection), without secret keys.
pub fn safe(text: &str) -> String {
    let text = &*secret_scan::without_secrets(text);
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}
