//! Databases as operators run them: with any locale and language, full, read-only or unsuitable.

mod collations;
mod conditions;
mod plans;
mod suitable;
