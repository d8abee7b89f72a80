//! The figures, as tables: each next to what it is compared with, and its budget.

/// What a line is held to.
#[derive(Clone, Copy)]
pub enum Budget {
    /// The ratio of the two figures should be no more than that.
    Most(f64),
    /// The ratio should be no less than that.
    Least(f64),
    /// Nothing.
    Nothing,
}

/// Begins a table: its name, and those of its columns.
pub fn head(name: &str, [this, other]: [&str; 2]) {
    println!("\n{name:<56} {this:>9} {other:>9} {:>7}  budget", "ratio");
}

/// A line of it.
pub fn line(name: &str, [this, other]: [f64; 2], budget: Budget) {
    let ratio = this / other;
    let (budget, is_missed) = match budget {
        Budget::Most(most) => (format!("ratio <= {most}"), ratio > most),
        Budget::Least(least) => (format!("ratio >= {least}"), ratio < least),
        Budget::Nothing => (String::new(), false),
    };
    let verdict = if is_missed { "  MISSED" } else { "" };
    println!("  {name:<54} {this:>9.1} {other:>9.1} {ratio:>7.2}  {budget}{verdict}");
}
