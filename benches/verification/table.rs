//! Prints the figures as tables, each next to the figure that it is compared with and its budget.

/// The budget of a row.
#[derive(Clone, Copy)]
pub enum Budget {
    /// The ratio of the two figures should be at most this.
    AtMost(f64),
    /// The ratio of the two figures should be at least this.
    AtLeast(f64),
    None,
}

/// Prints the name of a table and of its columns.
pub fn header(name: &str, [this, other]: [&str; 2]) {
    println!("\n{name:<56} {this:>9} {other:>9} {:>7}  budget", "ratio");
}

/// Prints a row of a table.
pub fn row(name: &str, [this, other]: [f64; 2], budget: Budget) {
    let ratio = this / other;
    let (budget, is_missed) = match budget {
        Budget::AtMost(most) => (format!("ratio <= {most}"), ratio > most),
        Budget::AtLeast(least) => (format!("ratio >= {least}"), ratio < least),
        Budget::None => (String::new(), false),
    };
    let verdict = if is_missed { "  MISSED" } else { "" };
    println!("  {name:<54} {this:>9.1} {other:>9.1} {ratio:>7.2}  {budget}{verdict}");
}
