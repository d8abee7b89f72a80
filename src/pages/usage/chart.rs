//! A series for templates: two plots, since a few denied requests would be invisible next to the
//! allowed ones. Pure: all geometry is in attributes, so that no inline styles are needed.

use crate::base::clock::{DAY, Timestamp, day_and_month, iso_date, long_date};
use crate::base::text::thousands;
use crate::domain::api_keys::KeyId;
use crate::domain::usage::{Bar, Period, Series, Unit};

/// The width of a plot in its own units; it is stretched to the page's width.
const WIDTH: f64 = 720.0;
/// The heights of the plots of allowed and of denied requests.
const HEIGHTS: [f64; 2] = [160.0, 36.0];
/// The fraction of its slot that a bar fills.
const FILLED: f64 = 17.0 / 24.0;
/// The minimum height of a bar, so that a single request is visible.
const MIN_HEIGHT: f64 = 2.0;
/// The number of labels below the plots.
const LABELS: usize = 5;

/// The plots, and the same data as text.
pub struct Chart {
    /// `day` or `hour`.
    pub unit: &'static str,
    /// Allowed requests, then denied requests; a plot without bars is left out.
    pub plots: Vec<Plot>,
    /// Whether the labels are below their bars in the grid of thirty days.
    pub is_month: bool,
    /// Below the plots, from left to right.
    pub labels: Vec<String>,
    /// The numbers of the bars.
    pub slots: Vec<Slot>,
}

pub struct Plot {
    /// `Allowed` or `Denied`.
    pub heading: &'static str,
    /// The classes of the mark next to the heading, of the picture and of the bars. That of the bars
    /// is also the name of their hatching.
    pub classes: [&'static str; 3],
    /// A description of the picture for screen readers.
    pub summary: String,
    /// The picture's height in its own units.
    pub height: f64,
    /// The lines from the top, each with its label.
    pub lines: Vec<(String, String)>,
    /// One for each hour or day with at least one request.
    pub bars: Vec<BarView>,
}

pub struct BarView {
    /// Its left edge, width, height from the bottom, and corner radius.
    pub place: [String; 4],
    /// Whether its hour or day has not ended.
    pub is_partial: bool,
}

/// An hour or a day.
pub struct Slot {
    /// `25 Oct`.
    pub at: String,
    /// The number of allowed requests.
    pub passed: String,
    /// The number of denied requests.
    pub denied: String,
    /// The list of the denied requests of its day, if there are any.
    pub denials: Option<String>,
}

impl Chart {
    /// The chart of all keys or of one; `None` if there were no requests.
    pub fn new(series: &Series, key: Option<&KeyId>, now: Timestamp) -> Option<Self> {
        let plots = [
            plot(series, 0, "Allowed", ["swatch", "bars", "b"], |bar| bar.passed),
            plot(series, 1, "Denied", ["swatch swatch-red", "bars-s", "d"], |bar| bar.denied),
        ];
        let plots: Vec<Plot> = plots.into_iter().filter(|plot| !plot.bars.is_empty()).collect();
        (!plots.is_empty()).then(|| Self {
            unit: series.period.unit().as_str(),
            plots,
            is_month: series.period == Period::Days30,
            labels: labels(series, now),
            slots: series.bars.iter().map(|bar| slot(bar, series.period, key, now)).collect(),
        })
    }
}

fn slot(bar: &Bar, period: Period, key: Option<&KeyId>, now: Timestamp) -> Slot {
    let day = day_and_month(bar.start.date());
    let name = match period.unit() {
        Unit::Hour => format!("{day}, {}", bar.start.time_of_day()),
        Unit::Day => day,
    };
    let is_partial = now.since(bar.start) < period.unit().length();
    let key = key.map(|key| format!("key={}&", key.as_str())).unwrap_or_default();
    let denials = format!("/usage/denials?{key}day={}", iso_date(bar.start.date()));
    Slot {
        at: if is_partial { format!("{name}, so far") } else { name },
        passed: count(bar.passed),
        denied: count(bar.denied),
        denials: (bar.denied > 0).then_some(denials),
    }
}

fn plot(
    series: &Series,
    at: usize,
    heading: &'static str,
    classes: [&'static str; 3],
    value: impl Fn(&Bar) -> i64,
) -> Plot {
    let height = HEIGHTS[at];
    let most = series.bars.iter().map(&value).max().unwrap_or_default();
    let tick = tick(most);
    // The small plot has room only for a top and a bottom line.
    let steps = if at == 0 { vec![3, 2, 1, 0] } else { vec![3, 0] };
    let line = |step: i64| (short(tick * step), number(height * (1.0 - as_f64(step) / 3.0)));
    let place = WIDTH / as_f64(series.bars.len());
    let last = series.bars.len().saturating_sub(1);
    let all = series.bars.iter().map(&value).enumerate().filter(|(_, value)| *value > 0);
    let bars = all.map(|(index, value)| {
        let size = (height * as_f64(value) / as_f64(tick * 3)).max(MIN_HEIGHT);
        let width = place * FILLED;
        let left = place * as_f64(index) + (place - width) / 2.0;
        BarView {
            place: [left, width, size, (width / 8.0).min(2.0)].map(number),
            is_partial: index == last,
        }
    });
    Plot {
        heading,
        classes,
        summary: summary(series, heading, &value),
        height,
        lines: steps.into_iter().map(line).collect(),
        bars: bars.collect(),
    }
}

/// `Denied requests per day from 25 October to 23 November 2026: 37 in all, at most 21, on
/// 22 November 2026.`
fn summary(series: &Series, heading: &str, value: impl Fn(&Bar) -> i64) -> String {
    let bars = &series.bars;
    let day =
        |bar: Option<&Bar>| long_date(bar.map_or(Timestamp::default(), |bar| bar.start).date());
    let unit = series.period.unit();
    let start = format!(
        "{heading} requests per {} from {} to {}",
        unit.as_str(),
        day(bars.first()),
        day(bars.last())
    );
    let sum: i64 = bars.iter().map(&value).sum();
    let most = bars.iter().max_by_key(|bar| value(bar));
    match most {
        Some(bar) if sum > 0 => {
            let time = match unit {
                Unit::Hour => format!(" at {} UTC", bar.start.time_of_day()),
                Unit::Day => String::new(),
            };
            let (sum, most) = (count(sum), count(value(bar)));
            format!("{start}: {sum} in all, at most {most}, on {}{time}.", day(Some(bar)))
        }
        _ => format!("{start}: none."),
    }
}

/// The value of a third of the plot's height: the smallest round number for which `most` fits.
fn tick(most: i64) -> i64 {
    let powers = std::iter::successors(Some(1_i64), |power| power.checked_mul(10));
    powers
        .flat_map(|power| [1, 2, 3, 4, 5, 6, 8].map(|digit| power.saturating_mul(digit)))
        .find(|tick| tick.saturating_mul(3) >= most)
        .unwrap_or(i64::MAX / 3)
}

/// `15k`, `1.5M`.
fn short(number: i64) -> String {
    let scaled = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    let Some((unit, suffix)) = scaled.into_iter().find(|(unit, _)| number >= *unit) else {
        return number.to_string();
    };
    let (whole, tenths) = (number / unit, number % unit * 10 / unit);
    if tenths == 0 { format!("{whole}{suffix}") } else { format!("{whole}.{tenths}{suffix}") }
}

/// Evenly spaced labels; the last is the current hour or day.
fn labels(series: &Series, now: Timestamp) -> Vec<String> {
    let bars = &series.bars;
    let last = bars.len().saturating_sub(1);
    let places: Vec<usize> = match series.period {
        // Below the first bar and then every seventh, matching the grid of the stylesheet.
        Period::Days30 => vec![0, 7, 14, 21, last],
        _ => (0..LABELS).map(|label| label * last / (LABELS - 1)).collect(),
    };
    let label = |place: usize| {
        let start = bars.get(place).map_or(now, |bar| bar.start);
        match series.period {
            Period::Hours24 if place == last => "Now".into(),
            Period::Hours24 => start.time_of_day(),
            _ if now.since(start) < DAY && place == last => "Today".into(),
            _ => day_and_month(start.date()),
        }
    };
    places.into_iter().map(label).collect()
}

fn count(number: i64) -> String {
    thousands(number.unsigned_abs())
}

/// At most one decimal place, and none if it is zero.
fn number(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[expect(clippy::cast_precision_loss, reason = "drawn to a tenth of a pixel")]
fn as_f64(number: impl TryInto<i64>) -> f64 {
    number.try_into().unwrap_or(i64::MAX) as f64
}

#[cfg(test)]
#[path = "chart_tests.rs"]
mod tests;
