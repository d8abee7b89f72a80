//! Smaller stylesheets and scripts. Knows nothing of files.

use lightningcss::stylesheet::{MinifyOptions, ParserOptions, PrinterOptions, StyleSheet};
use lightningcss::targets::{Features, Targets};

use super::Result;

/// A minified stylesheet, without `light-dark()` for browsers that do not know it (before 2024): they would
/// have no colours at all, and dialogs would be transparent.
pub fn css(source: &str) -> Result<String> {
    let targets = Targets { include: Features::LightDark, ..Targets::default() };
    let mut sheet =
        StyleSheet::parse(source, ParserOptions::default()).map_err(|e| e.to_string())?;
    sheet.minify(MinifyOptions { targets, ..MinifyOptions::default() })?;
    let printer = PrinterOptions { minify: true, targets, ..PrinterOptions::default() };
    // Each colour names both custom properties, so their names are kept short.
    Ok(sheet.to_css(printer)?.code.replace("--lightningcss-", "--"))
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
