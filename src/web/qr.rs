//! QR codes as SVG paths, so that a page needs no image from another request.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

use crate::base::error::{Error, Result};

/// The margin that ISO/IEC 18004 requires, in modules.
const MARGIN: i32 = 4;

/// A QR code, in units of one module.
pub struct QrPath {
    /// The length of a side, with the margin.
    pub size: i32,
    /// The `d` attribute of the dark modules.
    pub path: String,
}

impl QrPath {
    /// The code for a text.
    pub fn new(text: &str) -> Result<Self> {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(Error::internal)?;
        let mut path = String::new();
        for y in 0..code.size() {
            let mut x = 0;
            while x < code.size() {
                let length = (x..code.size()).take_while(|x| code.get_module(*x, y)).count();
                let length = i32::try_from(length).map_err(Error::internal)?;
                if length > 0 {
                    let (left, top) = (x + MARGIN, y + MARGIN);
                    write!(path, "M{left} {top}h{length}v1h-{length}z").map_err(Error::internal)?;
                }
                x += length + 1;
            }
        }
        Ok(Self { size: code.size() + 2 * MARGIN, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_covers_exactly_the_dark_modules() {
        let text = "otpauth://totp/Example:ines%40example.com?secret=GEZDGNBVGY3TQOJQ";
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).expect("short");
        let qr = QrPath::new(text).expect("short");
        assert_eq!(qr.size, code.size() + 8);
        let runs = qr.path.split('M').skip(1).map(|run| {
            let (start, rest) = run.split_once('h').expect("a run");
            let (x, y) = start.split_once(' ').expect("two numbers");
            let length = rest.split_once('v').expect("a length").0;
            [x, y, length].map(|number| number.parse::<i32>().expect("a number"))
        });
        let mut dark: Vec<(i32, i32)> =
            runs.flat_map(|[x, y, length]| (x..x + length).map(move |x| (x - 4, y - 4))).collect();
        dark.sort_unstable();
        let all = (0..code.size()).flat_map(|x| (0..code.size()).map(move |y| (x, y)));
        let expected: Vec<_> = all.filter(|(x, y)| code.get_module(*x, *y)).collect();
        assert_eq!(dark, expected);
    }
}
