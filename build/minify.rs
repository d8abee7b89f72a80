//! Makes stylesheets and scripts smaller. Does not read or write files.

use lightningcss::stylesheet::{MinifyOptions, ParserOptions, PrinterOptions, StyleSheet};
use lightningcss::targets::{Features, Targets};

use super::Result;

/// Minifies a stylesheet and replaces `light-dark()` for browsers that do not support it (before
/// 2024): without this they would show no colours, and dialogs would be transparent.
pub fn css(source: &str) -> Result<String> {
    let targets = Targets { include: Features::LightDark, ..Targets::default() };
    let mut sheet =
        StyleSheet::parse(source, ParserOptions::default()).map_err(|e| e.to_string())?;
    sheet.minify(MinifyOptions { targets, ..MinifyOptions::default() })?;
    let printer = PrinterOptions { minify: true, targets, ..PrinterOptions::default() };
    // Each colour names both custom properties, so their names are kept short.
    Ok(sheet.to_css(printer)?.code.replace("--lightningcss-", "--"))
}

/// Removes indentation, empty lines and lines that are a `//` comment from a script.
///
/// Assumes that no template literal or block comment spans several lines.
pub fn js(source: &str) -> String {
    let lines = source.lines().map(str::trim);
    let kept: Vec<&str> =
        lines.filter(|line| !line.is_empty() && !line.starts_with("//")).collect();
    kept.join("\n")
}
