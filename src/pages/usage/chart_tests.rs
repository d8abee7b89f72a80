//! Tests the geometry and the labels of the plots.

use super::*;
use proptest::prelude::*;

/// 2026-11-23T14:40:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_444_800_000);

fn series(period: Period, value: impl Fn(i64) -> i64) -> Series {
    let length = period.unit().length();
    let bars = period.units(NOW).enumerate().map(|(index, unit)| Bar {
        start: Timestamp::from_millis(unit * length),
        passed: value(i64::try_from(index).expect("few")),
        denied: 0,
    });
    Series { period, bars: bars.collect(), reasons: Vec::new() }
}

#[test]
fn the_lines_are_at_round_numbers_above_the_highest_bar() {
    let ticks = [0, 1, 3, 4, 30, 31, 14_390, 15_630, 1_000_000].map(tick);
    assert_eq!(ticks, [1, 1, 1, 2, 10, 20, 5_000, 6_000, 400_000]);
    assert!(tick(i64::MAX) > i64::MAX / 4);
    assert_eq!([0, 30, 1_000, 15_000, 1_500_000].map(short), ["0", "30", "1k", "15k", "1.5M"]);
    let chart = Chart::new(&series(Period::Days30, |day| day * 480), NOW);
    let lines: Vec<_> =
        chart.plots[0].lines.iter().map(|(label, y)| format!("{label} {y}")).collect();
    assert_eq!(lines, ["15k 0", "10k 53.3", "5k 106.7", "0 160"]);
}

#[test]
fn every_day_has_a_row_and_a_bar_unless_it_is_zero() {
    let chart = Chart::new(&series(Period::Days30, |day| day), NOW);
    let plot = &chart.plots[0];
    assert_eq!((plot.bars.len(), chart.rows.len()), (29, 30), "a zero has no bar");
    assert_eq!(plot.bars[0].title, "26 Oct: 1 allowed");
    assert_eq!(plot.bars[0].place, ("24".into(), "24".into()));
    assert_eq!(plot.bars[28].bar[0], "699.5");
    assert_eq!(chart.labels, ["25 Oct", "1 Nov", "8 Nov", "15 Nov", "Today"]);
    assert_eq!(
        plot.summary,
        "Allowed requests per day from 25 October 2026 to 23 November 2026: 435 in all, at most 29, \
         on 23 November 2026."
    );
    assert!(chart.plots[1].summary.ends_with(": none."));
}

#[test]
fn hours_are_named_with_their_day() {
    let chart = Chart::new(&series(Period::Hours24, |_| 1), NOW);
    assert_eq!(chart.rows[0].at, "22 Nov, 15:00");
    assert_eq!(chart.labels, ["15:00", "20:00", "02:00", "08:00", "Now"]);
    let chart = Chart::new(&series(Period::Days7, |_| 1), NOW);
    assert_eq!(chart.labels.first().map(String::as_str), Some("17 Nov"));
    assert_eq!(chart.labels.last().map(String::as_str), Some("Today"));
}

proptest! {
    #[test]
    fn no_bar_leaves_its_plot(values in proptest::collection::vec(0..i64::MAX / 400, 90)) {
        let value = |index: i64| values[usize::try_from(index).expect("few")];
        let chart = Chart::new(&series(Period::Days90, value), NOW);
        for drawn in &chart.plots[0].bars {
            let [left, width, height, _] =
                drawn.bar.each_ref().map(|text| text.parse::<f64>().expect("a number"));
            prop_assert!(left >= 0.0 && left + width <= WIDTH + 0.1);
            prop_assert!((MIN_HEIGHT..=HEIGHTS[0] + 0.1).contains(&height));
        }
    }
}
