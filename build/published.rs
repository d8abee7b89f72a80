//! The folder of published files: hashed names, compressed forms, and references between files.
//! Does not decide what is published.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

use super::Result;

/// Published files: from the name in `static/` to the name with its hash.
pub struct Published {
    folder: PathBuf,
    names: BTreeMap<String, String>,
}

impl Published {
    /// Starts with an empty folder, so that files of an earlier build are not served.
    pub fn into_empty(folder: PathBuf) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, names: BTreeMap::new() })
    }

    /// Writes one file under its hashed name, and its compressed forms beside it.
    pub fn add(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let (stem, extension) =
            name.rsplit_once('.').ok_or("a file under static/ has no extension")?;
        let digest = Sha256::digest(content);
        let mut hashed = format!("{stem}-");
        for byte in &digest[..5] {
            write!(hashed, "{byte:02x}")?;
        }
        write!(hashed, ".{extension}")?;

        let path = self.folder.join(&hashed);
        fs::write(&path, content)?;
        // A woff2 font is already compressed.
        if extension != "woff2" {
            write_if_smaller(&path, "br", &brotli(content)?, content)?;
            write_if_smaller(&path, "gz", &gzip(content)?, content)?;
        }
        self.names.insert(name.to_owned(), hashed);
        Ok(())
    }

    /// The stylesheet with each `url("…")` replaced by the published file's name in the same
    /// folder.
    pub fn link(&self, css: &str) -> Result<String> {
        let mut parts = css.split("url(\"");
        let mut linked = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (path, rest) =
                part.split_once("\")").ok_or("a url(\"…\") in static/css does not end")?;
            let file = path.rsplit('/').next().unwrap_or(path);
            let name = self
                .names
                .get(file)
                .ok_or_else(|| format!("static/css refers to {path}, which does not exist"))?;
            write!(linked, "url(\"{name}\"){rest}")?;
        }
        Ok(linked)
    }

    /// Rust source of the given constants (name, source file, documentation).
    pub fn constants(&self, constants: &[(&str, &str, &str)]) -> Result<String> {
        let mut source = String::new();
        for (constant, file, documentation) in constants {
            let name = self.names.get(*file).ok_or_else(|| format!("{file} was not published"))?;
            writeln!(
                source,
                "/// {documentation}\npub const {constant}: &str = \"/assets/{name}\";"
            )?;
        }
        Ok(source)
    }
}

fn write_if_smaller(path: &Path, suffix: &str, compressed: &[u8], content: &[u8]) -> Result<()> {
    if compressed.len() < content.len() {
        let mut name = path.as_os_str().to_owned();
        name.push(".");
        name.push(suffix);
        fs::write(name, compressed)?;
    }
    Ok(())
}

fn brotli(mut content: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let parameters = BrotliEncoderParams { quality: 11, ..BrotliEncoderParams::default() };
    brotli::BrotliCompress(&mut content, &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}
