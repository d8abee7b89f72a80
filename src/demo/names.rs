//! Unique key names, from what the application is about, what it does and where it runs.

use crate::domain::api_keys::Environment::{self, Development, Production, Staging};

/// The numbers of words have no common divisor, so that all combinations occur before one is
/// repeated, and neighbours share no word.
const SUBJECTS: [&str; 37] = [
    "Track and trace",
    "Dock door",
    "Freight rate",
    "Driver app",
    "Container yard",
    "Returns desk",
    "Proof of delivery",
    "Credit note",
    "Customer statement",
    "Parcel locker",
    "Route planner",
    "Cold chain",
    "Pallet label",
    "Fuel surcharge",
    "Carrier portal",
    "Claims desk",
    "Cross-dock",
    "Last mile",
    "Rail terminal",
    "Air cargo",
    "Ocean booking",
    "Dangerous goods",
    "Toll invoice",
    "Fleet telematics",
    "Yard camera",
    "Weighbridge",
    "Packing line",
    "Gate kiosk",
    "Tariff",
    "Delivery slot",
    "Stock count",
    "Supplier",
    "Broker",
    "Consignee",
    "Quotation",
    "Damage report",
    "Empty container",
];
const ROLES: [&str; 41] = [
    "worker",
    "gateway",
    "import",
    "dashboard",
    "sync",
    "mailer",
    "archive",
    "export",
    "notifier",
    "service",
    "planner",
    "monitor",
    "printer",
    "calculator",
    "sign-up",
    "intake",
    "scheduler",
    "tracker",
    "connector",
    "feed",
    "reconciliation",
    "checker",
    "indexer",
    "reader",
    "bridge",
    "poller",
    "cache",
    "backup",
    "bot",
    "console",
    "adapter",
    "collector",
    "relay",
    "forecast",
    "audit",
    "lookup",
    "resolver",
    "viewer",
    "uploader",
    "router",
    "client",
];
const WHERE: [(&str, Environment); 21] = [
    ("production", Production),
    ("staging", Staging),
    ("Rotterdam", Production),
    ("development", Development),
    ("Norlund Shipping", Production),
    ("Gdynia", Production),
    ("rehearsal", Staging),
    ("Felixstowe", Production),
    ("sandbox", Development),
    ("Aarhus", Production),
    ("Ostrava depot", Production),
    ("load test", Staging),
    ("Brightwater Foods", Production),
    ("Le Havre", Production),
    ("pilot", Staging),
    ("Castellan Tyres", Production),
    ("training", Staging),
    ("Trieste", Production),
    ("nightly build", Development),
    ("Gothenburg", Production),
    ("laptop", Development),
];

/// The `index`th name, and its environment.
pub(super) fn name(index: usize) -> (String, Environment) {
    let (place, environment) = WHERE[index % WHERE.len()];
    let about = SUBJECTS[index % SUBJECTS.len()];
    let does = ROLES[index % ROLES.len()];
    match index / (SUBJECTS.len() * ROLES.len() * WHERE.len()) {
        0 => (format!("{about} {does} – {place}"), environment),
        round => (format!("{about} {does} – {place} {}", round + 1), environment),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::demo::showcase;
    use crate::domain::api_keys::KeyName;

    #[test]
    fn a_million_names_differ_whatever_their_case() {
        let mut seen: HashSet<String> =
            showcase::KEYS.iter().map(|key| key.name.to_lowercase()).collect();
        for index in 0..1_000_000 {
            let name = name(index).0.to_lowercase();
            assert!(seen.insert(name), "{index}");
        }
    }

    #[test]
    fn names_are_valid_even_with_a_large_number() {
        for index in (0..40_000).chain([usize::try_from(u32::MAX).expect("64 bits")]) {
            let (name, _) = name(index);
            assert!(KeyName::parse(&name).is_ok_and(|valid| valid.as_str() == name), "{name}");
        }
    }
}
