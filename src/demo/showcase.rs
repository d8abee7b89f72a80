//! The newest keys: the ones that people see first.

use super::traffic::Shape::{Even, Nightly, Office, Steady};
use super::traffic::{Pattern, Shape, Story};
use crate::domain::api_keys::Environment::{self, Production, Staging};

/// A key, in days before today.
pub(super) struct Shown {
    pub name: &'static str,
    pub environment: Environment,
    pub role: &'static str,
    pub created: i64,
    /// Days from today to its last day; negative when it is over.
    pub left: i64,
    /// When its secret key was made.
    pub secret: i64,
    /// Its own selection of the role's scopes; none for all of them.
    pub scopes: &'static [&'static str],
    /// The addresses that it may be used from, one in a line.
    pub whitelist: &'static str,
    pub pattern: Pattern,
    pub story: Story,
}

const fn shown(
    name: &'static str,
    environment: Environment,
    role: &'static str,
    [created, left, secret]: [i64; 3],
) -> Shown {
    let pattern = Pattern { shape: Steady, daily: 0, weekend: 0 };
    let (scopes, whitelist, story) = (&[], "", Story::Usual);
    Shown { name, environment, role, created, left, secret, scopes, whitelist, pattern, story }
}

impl Shown {
    /// So many requests on a working day, and at the weekend so many percent of that.
    const fn used(self, shape: Shape, daily: i64, weekend: i64) -> Self {
        Self { pattern: Pattern { shape, daily, weekend }, ..self }
    }

    const fn only(self, scopes: &'static [&'static str], whitelist: &'static str) -> Self {
        Self { scopes, whitelist, ..self }
    }

    const fn with(self, story: Story) -> Self {
        Self { story, ..self }
    }
}

/// What the billing worker needs, and a scope more.
const BILLING: &[&str] = &["customers:read", "invoices:read", "invoices:write", "orders:read"];

pub(super) const KEYS: [Shown; 13] = [
    shown("Mobile app backend – staging", Staging, "read-and-write", [3, 87, 3])
        .used(Office, 420, 10),
    shown("Warehouse scanner gateway", Production, "warehouse", [35, 145, 12])
        .only(&[], "198.51.100.20")
        .used(Steady, 9_100, 45),
    shown("Customs declaration service", Production, "read-and-write", [42, 138, 19])
        .used(Office, 2_600, 12),
    shown("Carrier webhook relay", Production, "webhooks", [56, 124, 8]).used(Steady, 5_200, 75),
    shown(super::rotation::ROTATED, Staging, "read-only", [61, 29, 61])
        .used(Office, 260, 0)
        .with(Story::Quiet),
    shown("Customer portal – production", Production, "read-only", [80, 9, 80])
        .used(Steady, 12_400, 85)
        .with(Story::NewAddress),
    shown("Billing worker – production", Production, "read-and-write", [81, 99, 26])
        .only(BILLING, "198.51.100.7\n203.0.113.24\n2001:db8:41::1f")
        .used(Steady, 13_600, 60)
        .with(Story::Burst),
    shown("Support console", Production, "read-and-write", [89, 91, 21]).used(Office, 900, 8),
    shown("Grafana metrics exporter", Production, "read-only", [144, 218, 144])
        .used(Even, 1_440, 100),
    shown("Load test runner – Q3", Staging, "full-access", [145, -54, 145]).used(Office, 3_000, 0),
    shown("Data warehouse sync", Production, "read-only", [165, 199, 165])
        .used(Nightly, 240, 100)
        .with(Story::Quiet),
    shown("Nightly invoice export", Production, "billing", [203, -23, 203])
        .used(Nightly, 60, 100)
        .with(Story::KnocksOn),
    shown("Partner API – Norlund Shipping", Production, "read-only", [351, 13, 27])
        .only(&[], "192.0.2.61")
        .used(Steady, 1_800, 70),
];
