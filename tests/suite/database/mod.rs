//! The database as operators run it: in any locale and language, full, read-only, or not for us.

mod collations;
mod conditions;
mod plans;
mod suitable;
