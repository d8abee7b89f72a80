//! The file of a backup: lines of JSON, compressed with gzip.
//!
//! The first line is the header. Each table has a line with its name and columns, followed by its
//! rows. The last line has the number of rows and a digest for each table, and a digest of all
//! lines before it, so that a cut or changed file is noticed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::row::{Sum, Summing};
use crate::base::error::{Error, Result};
use crate::base::keyring::hex;

/// The version of the format.
const FORMAT: u32 = 1;

/// What a backup says about the database that it was made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct About {
    /// When the backup was made, in milliseconds since 1970.
    pub made_at: i64,
    /// The fingerprint of the master key that the data needs.
    pub master_key: String,
    /// The number and the hash of the newest entry of the activity.
    pub newest_number: i64,
    pub newest_hash: String,
}

/// The first line of a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format. Every version has this field.
    latchkey_backup: u32,
    /// The version of the program that made it. Every version has this field.
    pub program: String,
    #[serde(flatten)]
    pub about: About,
    /// The migrations that the database has had.
    pub(super) migrations: Vec<String>,
}

/// The fields that every version of the format has.
#[derive(Deserialize)]
struct AnyHeader {
    latchkey_backup: u32,
    program: String,
}

impl Header {
    pub(super) fn new(about: About, migrations: Vec<String>) -> Self {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        Self { latchkey_backup: FORMAT, program, about, migrations }
    }
}

/// A line between rows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mark {
    Table { name: String, columns: Vec<String> },
    End { tables: Sums, sha256: String },
}

pub(super) type Sums = BTreeMap<String, Sum>;

/// Writes the lines of a backup.
pub(super) struct Writer {
    path: PathBuf,
    to: GzEncoder<BufWriter<File>>,
    digest: Sha256,
    sums: Sums,
    table: Option<(String, Summing)>,
}

impl Writer {
    /// `path` is named in errors.
    pub(super) fn new(file: File, path: &Path, header: &Header) -> Result<Self> {
        let to = GzEncoder::new(BufWriter::new(file), Compression::default());
        let mut writer = Self {
            path: path.to_owned(),
            to,
            digest: Sha256::new(),
            sums: Sums::new(),
            table: None,
        };
        writer.line(&serde_json::to_string(header).map_err(Error::internal)?)?;
        Ok(writer)
    }

    pub(super) fn table(&mut self, name: &str, columns: Vec<String>) -> Result<()> {
        self.end_table();
        self.table = Some((name.to_owned(), Summing::default()));
        let mark = Mark::Table { name: name.to_owned(), columns };
        self.line(&serde_json::to_string(&mark).map_err(Error::internal)?)
    }

    pub(super) fn row(&mut self, row: &str) -> Result<()> {
        if let Some((_, summing)) = &mut self.table {
            summing.add(row);
        }
        self.line(row)
    }

    fn end_table(&mut self) {
        if let Some((name, summing)) = self.table.take() {
            self.sums.insert(name, summing.finish());
        }
    }

    fn line(&mut self, line: &str) -> Result<()> {
        for part in [line.as_bytes(), b"\n"] {
            self.digest.update(part);
            self.to.write_all(part).map_err(|error| cannot_be_written(&self.path, &error))?;
        }
        Ok(())
    }

    /// Writes the last line, and returns what it says about the tables.
    pub(super) fn finish(mut self) -> Result<Sums> {
        self.end_table();
        let sha256 = hex(&self.digest.clone().finalize());
        let mark = Mark::End { tables: self.sums.clone(), sha256 };
        self.line(&serde_json::to_string(&mark).map_err(Error::internal)?)?;
        let finished = self.to.finish().and_then(|mut file| file.flush());
        finished.map_err(|error| cannot_be_written(&self.path, &error))?;
        Ok(self.sums)
    }
}

pub(super) fn cannot_be_written(path: &Path, error: &io::Error) -> Error {
    Error::Internal(format!("{} cannot be written: {error}", path.display()))
}

/// A part of a backup.
pub(super) enum Part<'a> {
    Table { name: String, columns: Vec<String> },
    Row(&'a str),
}

/// A backup that was read to its end and is whole.
#[derive(Debug)]
pub struct BackupFile {
    path: PathBuf,
    pub header: Header,
    pub(super) sums: Sums,
}

impl BackupFile {
    /// Reads the backup at `path` and checks that nothing of it is missing or changed.
    pub fn open(path: &Path) -> Result<Self> {
        let header = Lines::open(path)?.header()?;
        let mut file = Self { path: path.to_owned(), header, sums: Sums::new() };
        file.sums = file.parts(&mut |_| Ok(()))?;
        Ok(file)
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        self.sums.values().map(|sum| sum.rows).sum()
    }

    /// Calls `work` with each part, and returns what the last line says about the tables. Fails if
    /// it does not agree with the parts.
    pub(super) fn parts(&self, work: &mut dyn FnMut(Part<'_>) -> Result<()>) -> Result<Sums> {
        let mut lines = Lines::open(&self.path)?;
        lines.header()?;
        let mut table: Option<(String, Summing)> = None;
        let mut sums = Sums::new();
        loop {
            let before = lines.digest.clone();
            let Some(line) = lines.next()? else { return Err(lines.damaged("its end is missing")) };
            if line.starts_with('[') {
                let Some((_, summing)) = &mut table else {
                    return Err(lines.damaged("a row has no table"));
                };
                summing.add(&line);
                work(Part::Row(&line))?;
                continue;
            }
            if let Some((name, summing)) = table.take() {
                sums.insert(name, summing.finish());
            }
            match serde_json::from_str(&line) {
                Ok(Mark::Table { name, columns }) => {
                    table = Some((name.clone(), Summing::default()));
                    work(Part::Table { name, columns })?;
                }
                Ok(Mark::End { tables, sha256 })
                    if tables == sums && sha256 == hex(&before.finalize()) =>
                {
                    lines.end()?;
                    return Ok(sums);
                }
                Ok(Mark::End { .. }) => return Err(lines.damaged("its checksum differs")),
                Err(_) => return Err(lines.damaged("a line is not understood")),
            }
        }
    }
}

/// The lines of a file.
struct Lines {
    path: PathBuf,
    from: BufReader<GzDecoder<BufReader<File>>>,
    digest: Sha256,
}

impl Lines {
    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| {
            Error::Internal(format!("{} cannot be read: {error}", path.display()))
        })?;
        let from = BufReader::new(GzDecoder::new(BufReader::new(file)));
        Ok(Self { path: path.to_owned(), from, digest: Sha256::new() })
    }

    fn damaged(&self, what: &str) -> Error {
        let path = self.path.display();
        Error::Internal(format!("the backup {path} is damaged ({what}): use another one"))
    }

    fn header(&mut self) -> Result<Header> {
        let path = self.path.clone();
        let not_one = || {
            Error::Internal(format!(
                "{} is not a backup that latchkey backup wrote",
                path.display()
            ))
        };
        let line = self.next().map_err(|_| not_one())?.ok_or_else(not_one)?;
        let any: AnyHeader = serde_json::from_str(&line).map_err(|_| not_one())?;
        if any.latchkey_backup > FORMAT {
            return Err(newer(&path, &any.program));
        }
        serde_json::from_str(&line).map_err(|_| not_one())
    }

    /// The next line without its end; `None` at the end of the file.
    fn next(&mut self) -> Result<Option<String>> {
        let mut line = String::new();
        match self.from.read_line(&mut line) {
            Ok(0) => Ok(None),
            Ok(_) if !line.ends_with('\n') => Err(self.damaged("its end is missing")),
            Ok(_) => {
                self.digest.update(&line);
                line.pop();
                Ok(Some(line))
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.damaged("its end is missing"))
            }
            Err(error) => Err(self.damaged(&error.to_string())),
        }
    }

    /// Checks that nothing follows.
    fn end(&mut self) -> Result<()> {
        if self.next()?.is_some() {
            return Err(self.damaged("something follows its end"));
        }
        match self.from.get_mut().get_mut().fill_buf() {
            Ok([]) => Ok(()),
            _ => Err(self.damaged("something follows its end")),
        }
    }
}

/// The error for a backup that a newer version made.
pub(super) fn newer(path: &Path, program: &str) -> Error {
    Error::Internal(format!(
        "{} was made by Latchkey {program}, which is newer than this version ({}): restore it with \
         that version",
        path.display(),
        env!("CARGO_PKG_VERSION")
    ))
}

impl BackupFile {
    pub(super) fn newer(&self) -> Error {
        newer(&self.path, &self.header.program)
    }

    /// The error for a backup whose rows differ from what was restored.
    pub(super) fn differs(&self, table: &str) -> Error {
        Error::Internal(format!(
            "the table {table} has other rows than in {} after restoring, so nothing was kept",
            self.path.display()
        ))
    }
}
