//! How far long work has come. The work reports it, and the command line shows it.

/// Hears how far long work has come.
pub trait Progress {
    /// A step of the work begins; `total` is how many parts it has.
    fn begin(&mut self, step: &'static str, total: u64);

    /// `parts` more of the step are done.
    fn advance(&mut self, parts: u64);
}

/// For work that nobody watches.
pub struct Unwatched;

impl Progress for Unwatched {
    fn begin(&mut self, _: &'static str, _: u64) {}

    fn advance(&mut self, _: u64) {}
}
