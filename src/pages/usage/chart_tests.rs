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

fn chart(period: Period, value: impl Fn(i64) -> i64) -> Chart {
    Chart::new(&series(period, value), None, NOW).expect("a chart")
}

#[test]
fn the_lines_are_at_round_numbers_above_the_highest_bar() {
    let ticks = [0, 1, 3, 4, 30, 31, 14_390, 15_630, 1_000_000].map(tick);
    assert_eq!(ticks, [1, 1, 1, 2, 10, 20, 5_000, 6_000, 400_000]);
    assert!(tick(i64::MAX) > i64::MAX / 4);
    assert_eq!([0, 30, 1_000, 15_000, 1_500_000].map(short), ["0", "30", "1k", "15k", "1.5M"]);
    let chart = chart(Period::Days30, |day| day * 480);
    let lines: Vec<_> =
        chart.plots[0].lines.iter().map(|(label, y)| format!("{label} {y}")).collect();
    assert_eq!(lines, ["15k 0", "10k 53.3", "5k 106.7", "0 160"]);
}

#[test]
fn every_day_has_a_row_and_a_bar_unless_it_is_zero() {
    let chart = chart(Period::Days30, |day| day);
    let plot = &chart.plots[0];
    assert_eq!((plot.bars.len(), chart.slots.len()), (29, 30), "a zero has no bar");
    assert_eq!((chart.slots[1].at.as_str(), chart.slots[1].passed.as_str()), ("26 Oct", "1"));
    assert_eq!(plot.bars[28].place[0], "699.5");
    assert_eq!(chart.labels, ["25 Oct", "1 Nov", "8 Nov", "15 Nov", "Today"]);
    assert_eq!(
        plot.summary,
        "Allowed requests per day from 25 October 2026 to 23 November 2026: 435 in all, at most 29, \
         on 23 November 2026."
    );
    assert_eq!(chart.plots.len(), 1, "without denied requests there is no second plot");
}

#[test]
fn only_the_current_hour_or_day_is_incomplete() {
    for (period, name) in
        [(Period::Days30, "23 Nov, so far"), (Period::Hours24, "23 Nov, 14:00, so far")]
    {
        let chart = chart(period, |_| 1);
        assert_eq!(chart.slots.last().map(|slot| slot.at.as_str()), Some(name));
        assert_eq!(chart.slots.iter().filter(|slot| slot.at.ends_with("so far")).count(), 1);
        let partial = chart.plots[0].bars.iter().map(|bar| bar.is_partial);
        assert!(
            partial.rev().eq(std::iter::once(true).chain([false].repeat(chart.slots.len() - 1)))
        );
    }
}

#[test]
fn without_requests_there_is_no_chart() {
    assert!(Chart::new(&series(Period::Days30, |_| 0), None, NOW).is_none());
}

#[test]
fn denied_requests_lead_to_the_list_of_their_day() {
    let mut series = series(Period::Hours24, |_| 0);
    series.bars[0].denied = 3;
    let key = KeyId::parse("key_0123456789AB");
    let links = |key: Option<&KeyId>| {
        let chart = Chart::new(&series, key, NOW).expect("a chart");
        chart.slots.into_iter().filter_map(|slot| slot.denials).collect::<Vec<_>>()
    };
    assert_eq!(links(None), ["/usage/denials?day=2026-11-22"]);
    assert_eq!(links(key.as_ref()), ["/usage/denials?key=key_0123456789AB&day=2026-11-22"]);
}

#[test]
fn hours_are_named_with_their_day() {
    let day = chart(Period::Hours24, |_| 1);
    assert_eq!(day.slots[0].at, "22 Nov, 15:00");
    assert_eq!(day.labels, ["15:00", "20:00", "02:00", "08:00", "Now"]);
    let week = chart(Period::Days7, |_| 1);
    assert_eq!(week.labels.first().map(String::as_str), Some("17 Nov"));
    assert_eq!(week.labels.last().map(String::as_str), Some("Today"));
}

proptest! {
    #[test]
    fn no_bar_leaves_its_plot(values in proptest::collection::vec(0..i64::MAX / 400, 90)) {
        let value = |index: i64| values[usize::try_from(index).expect("few")];
        let chart = Chart::new(&series(Period::Days90, value), None, NOW);
        for bar in chart.iter().flat_map(|chart| &chart.plots[0].bars) {
            let [left, width, height, _] =
                bar.place.each_ref().map(|text| text.parse::<f64>().expect("a number"));
            prop_assert!(left >= 0.0 && left + width <= WIDTH + 0.1);
            prop_assert!((MIN_HEIGHT..=HEIGHTS[0] + 0.1).contains(&height));
        }
    }
}
