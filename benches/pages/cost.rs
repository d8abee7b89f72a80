//! Response times of the list of keys, at a client on the same machine.

use std::time::{Duration, Instant};

use crate::Scale;
use crate::program::Program;

/// A page and its name in the table of figures.
pub struct Case {
    name: String,
    path: String,
    /// Whether the ratio should be at most 1.5.
    has_budget: bool,
}

impl Case {
    fn new(name: &str, query: &str) -> Self {
        Self { name: name.into(), path: format!("/api-keys{query}"), has_budget: true }
    }

    fn without_budget(self) -> Self {
        Self { has_budget: false, ..self }
    }
}

/// How long one page is measured, after a few requests.
const MAX_TIME: Duration = Duration::from_secs(10);

const VIEWS: [&str; 4] = ["all", "attention", "expired", "revoked"];
const SORTS: [&str; 4] = ["created", "name", "last_used", "expires"];

/// The pages to compare. Searches use Key IDs from `program`.
pub fn cases(program: &Program) -> Vec<Case> {
    let mut cases =
        vec![Case::new("(only the server: /healthz)", "").at("/healthz").without_budget()];
    for view in VIEWS {
        cases.push(Case::new(&format!("view {view}"), &format!("?view={view}")));
    }
    for sort in SORTS {
        for dir in ["asc", "desc"] {
            let query = format!("?sort={sort}&dir={dir}");
            cases.push(Case::new(&format!("sort {sort} {dir}"), &query));
        }
    }
    for view in ["attention", "expired", "revoked"] {
        for sort in SORTS {
            let query = format!("?view={view}&sort={sort}");
            cases.push(Case::new(&format!("view {view}, sort {sort}"), &query));
        }
    }
    cases.extend(middle_pages());
    let page = program.get("/api-keys");
    let start = page.find("key_").expect("a key");
    let id = &page[start..start + 16];
    for length in [16, 10, 7, 6, 5] {
        let name = format!("search Key ID, {} of 12 digits", length - 4);
        cases.push(Case::new(&name, &format!("?q={}", &id[..length])));
    }
    cases.push(Case::new("search Key ID, none found", "?q=key_000000000000"));
    for (name, query) in [
        ("view attention, sort expires desc", "?view=attention&sort=expires&dir=desc"),
        ("filter by role", "?role=webhooks"),
        ("filter by environment", "?environment=development"),
        ("search name, many found", "?q=gateway"),
        ("search name, none found", "?q=zzzzzz"),
    ] {
        cases.push(Case::new(name, query).without_budget());
    }
    cases
}

/// Pages in the middle of the list, for every order.
fn middle_pages() -> impl Iterator<Item = Case> {
    let now = latchkey::base::clock::Clock::System.now();
    let (created_at, expires_at) = (now.plus(-17_280_000_000), now.plus(7_776_000_000));
    let page_after = |sort: &str, value: String| {
        let query = format!("?sort={sort}&after=500%7Ekey_G00000000000%7E{value}");
        Case::new(&format!("sort {sort}, in the middle"), &query)
    };
    [
        page_after("created", created_at.millis().to_string()),
        page_after("name", "m".to_owned()),
        page_after("last_used", "0".to_owned()),
        page_after("expires", expires_at.millis().to_string()),
    ]
    .into_iter()
}

/// The pages of the activity to compare.
pub fn activity_cases() -> Vec<Case> {
    let all = |name: &str, query: &str| {
        Case::new(&format!("activity, {name}"), "").at(&format!("/activity?period=all{query}"))
    };
    let month = Case::new("activity, last 30 days", "").at("/activity");
    let mut cases = vec![
        month,
        all("all time", ""),
        all("in the middle", &format!("&after=500%7E500%7E{}", a_year_ago())),
        all("events of a kind", "&event=api_key"),
        all("one event", "&event=api_key.revoked"),
        all("an event that is rare", "&event=organisation.set_up"),
        all("a person", "&person=mem_7"),
        all("the command line", "&person=command-line"),
        all("a key", "&key=key_000000000007"),
        all("search Key ID", "&q=key_000000000007"),
        all("search address", "&q=203.0.113.7"),
    ];
    cases.push(all("search name, many found", "&q=member+7").without_budget());
    cases.push(all("search name, none found", "&q=zzzzzz").without_budget());
    cases
}

fn a_year_ago() -> i64 {
    latchkey::base::clock::Clock::System.now().plus(-31_536_000_000).millis()
}

/// The pages of views with very few keys.
pub fn sparse_cases() -> Vec<Case> {
    let views = ["attention", "expired", "revoked"];
    let all = views.iter().flat_map(|view| SORTS.map(|sort| (view, sort)));
    all.map(|(view, sort)| {
        Case::new(&format!("view {view}, sort {sort}"), &format!("?view={view}&sort={sort}"))
    })
    .collect()
}

impl Case {
    fn at(self, path: &str) -> Self {
        Self { path: path.into(), ..self }
    }
}

/// Requests each page from both programs in turn, and prints the medians and their ratio.
pub fn compare([small, large]: &[Program; 2], cases: &[Case], scale: &Scale) {
    println!("\n{:<36} {:>10} {:>10} {:>7}", "GET", "1,000", scale.keys, "ratio");
    for Case { name, path, has_budget } in cases {
        let mut times = [Vec::new(), Vec::new()];
        let end = Instant::now() + MAX_TIME;
        for round in 0..scale.requests {
            // The order alternates, because the second request is slightly slower.
            for index in [round % 2, 1 - round % 2] {
                let begin = Instant::now();
                [small, large][index].get(path);
                times[index].push(begin.elapsed());
            }
            if round > 4 && Instant::now() > end {
                break;
            }
        }
        let [small, large] = times.map(median);
        let ratio = large.as_secs_f64() / small.as_secs_f64();
        let verdict = match (*has_budget, ratio > 1.5) {
            (true, true) => "above the budget of 1.5",
            (true, false) => "",
            (false, _) => "no budget",
        };
        println!("{name:<36} {:>7.2} ms {:>7.2} ms {ratio:>7.2} {verdict}", ms(small), ms(large));
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The time in milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
