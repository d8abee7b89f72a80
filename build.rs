//! Builds the published assets from `static/`: one stylesheet, one script for all pages, scripts for
//! few pages, the sprite, the icons and the fonts. Each name changes with the file's content, and
//! compressed forms lie beside each file.
//!
//! Writes `$OUT_DIR/assets/`, which `src/web/assets.rs` embeds, and the names for templates in
//! `$OUT_DIR/asset_names.rs`. Licence texts under `static/` are not published. Does not depend on
//! the program.

#[path = "build/minify.rs"]
mod minify;
#[path = "build/published.rs"]
mod published;

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{env, fs};

use published::Published;

/// The constants for templates: name, source file, documentation.
const CONSTANTS: [(&str, &str, &str); 8] = [
    ("APP_CSS", "app.css", "The stylesheet of every page."),
    ("APP_JS", "app.js", "The script of every page."),
    ("PASSKEY_JS", "passkey.js", "The script of pages with passkeys."),
    ("ICONS", "icons.svg", "The sprite; an icon is `ICONS#name`."),
    ("FAVICON", "favicon.svg", "The mark, for the browser's tab."),
    ("TOUCH_ICON", "touch.png", "The mark on a home screen, and where a tab cannot show an SVG."),
    ("FONT_SANS", "geist-sans.woff2", "The text font, to preload."),
    ("FONT_MONO", "geist-mono.woff2", "The font of identifiers and secrets, to preload."),
];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    // Migrations are embedded by a macro whose files cargo does not track.
    writeln!(io::stdout(), "cargo:rerun-if-changed=static\ncargo:rerun-if-changed=migrations")?;
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo tells a build script where to write in this way alone"
    )]
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: run by cargo only")?);
    let mut published = Published::into_empty(out.join("assets"))?;

    for (folder, extension) in
        [("static/fonts", "woff2"), ("static/icons", "svg"), ("static/icons", "png")]
    {
        for path in files(folder, extension)? {
            published.add(&name_of(&path)?, &fs::read(&path)?)?;
        }
    }
    let css = published.link(&concatenated("static/css", "css")?)?;
    let css = minify::css(&css)?;
    published.add("app.css", css.as_bytes())?;
    let js = minify::js(&concatenated("static/js", "js")?);
    published.add("app.js", js.as_bytes())?;
    // A script that few pages need is a file of its own, which only they load.
    for path in files("static/js/pages", "js")? {
        let script = minify::js(&fs::read_to_string(&path)?);
        published.add(&name_of(&path)?, script.as_bytes())?;
    }

    fs::write(out.join("asset_names.rs"), published.constants(&CONSTANTS)?)?;
    Ok(())
}

fn name_of(path: &Path) -> Result<String> {
    let name = path.file_name().and_then(|name| name.to_str());
    Ok(name.ok_or("a file name is not UTF-8")?.to_owned())
}

/// The files of a folder with this extension, sorted by name: a leading number sets the order.
fn files(folder: &str, extension: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    Ok(paths)
}

fn concatenated(folder: &str, extension: &str) -> Result<String> {
    let texts: io::Result<Vec<String>> =
        files(folder, extension)?.iter().map(fs::read_to_string).collect();
    Ok(texts?.join("\n"))
}
