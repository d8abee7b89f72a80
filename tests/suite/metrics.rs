//! `docs/metrics.md` and `packaging/prometheus-rules.yml` name exactly the metrics that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::verification::Key;
use crate::verification::process::Process;
use crate::verification::wire::Request;

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect(file)
}

/// A metric with the names of its labels, as `latchkey_lookups_total{result}`, and its type.
type Metric = (String, String);

/// The metrics that a process serves.
fn served() -> BTreeSet<Metric> {
    let process = Process::start(&[]);
    let key = Key::new(&process.manager, &[]);
    Request::new(&process.programs, "GET", "/v1/authorize").bearer(&key.secret).send();
    let text = Request::new(&process.programs, "GET", "/metrics").send().body;
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let metric = |(name, kind): (&str, &str)| {
        let label = text.lines().find_map(|line| {
            let label = line.strip_prefix(name)?.strip_prefix('{')?.split('=').next()?;
            Some(format!("{{{label}}}"))
        });
        (format!("{name}{}", label.unwrap_or_default()), kind.to_owned())
    };
    types.map(metric).collect()
}

/// The first two columns of the tables of metrics.
fn documented() -> BTreeSet<Metric> {
    let text = read("docs/metrics.md");
    let rows = text.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        let kind = rest.split(" |").next()?;
        ["counter", "gauge", "histogram"]
            .contains(&kind)
            .then(|| (name.to_owned(), kind.to_owned()))
    });
    rows.collect()
}

/// The names in a text that look like those of metrics.
fn mentioned(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("latchkey_") || word.starts_with("process_")).collect()
}

#[test]
fn every_metric_is_documented_with_its_type_and_label() {
    assert_eq!(documented(), served());
}

#[test]
fn rules_and_documentation_name_only_metrics_that_exist() {
    let documented = documented();
    let (mut plain, mut histograms) = (BTreeSet::new(), BTreeSet::new());
    for (name, kind) in &documented {
        let name = name.split('{').next().expect("a name");
        if kind == "histogram" {
            histograms.insert(name)
        } else {
            plain.insert(name)
        };
    }
    let series = |name: &str| {
        let ends = ["_bucket", "_sum", "_count"];
        ends.iter().any(|end| name.strip_suffix(end).is_some_and(|name| histograms.contains(name)))
    };
    for file in ["docs/metrics.md", "docs/operations.md", "packaging/prometheus-rules.yml"] {
        let text = read(file);
        for name in mentioned(&text) {
            let is_histogram = file.starts_with("docs/") && histograms.contains(name);
            assert!(plain.contains(name) || series(name) || is_histogram, "{file}: {name}");
        }
    }
}

#[test]
fn the_documentation_lists_every_alert() {
    let (text, rules) = (read("docs/metrics.md"), read("packaging/prometheus-rules.yml"));
    let alerts: BTreeSet<&str> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let (_, table) = text.split_once("## Worth an alarm").expect("a section");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    let listed: BTreeSet<&str> =
        rows.flat_map(|cell| cell.split('`')).filter(|part| part.starts_with("Latchkey")).collect();
    assert_eq!(listed, alerts);
}
