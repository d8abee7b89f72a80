//! The newest keys, which people see first.

use super::traffic::Shape::{Even, Nightly, Office, Steady};
use super::traffic::{Pattern, Shape, Story};
use crate::domain::api_keys::Environment::{self, Production, Staging};

/// A key, with times in days before today.
pub(super) struct ShowcaseKey {
    pub name: &'static str,
    pub environment: Environment,
    pub role: &'static str,
    pub created: i64,
    /// Days from today to its last day; negative if it has expired.
    pub left: i64,
    /// When its current secret key was created.
    pub secret: i64,
    /// Its selected scopes of the role; empty for all of them.
    pub scopes: &'static [&'static str],
    /// The addresses that may use it, one per line.
    pub whitelist: &'static str,
    pub pattern: Pattern,
    pub story: Story,
}

const fn shown(
    name: &'static str,
    environment: Environment,
    role: &'static str,
    [created, left, secret]: [i64; 3],
) -> ShowcaseKey {
    let pattern = Pattern { shape: Steady, daily: 0, weekend: 0 };
    let (scopes, whitelist, story) = (&[], "", Story::Usual);
    ShowcaseKey {
        name,
        environment,
        role,
        created,
        left,
        secret,
        scopes,
        whitelist,
        pattern,
        story,
    }
}

impl ShowcaseKey {
    /// Sets the number of requests on a working day, and the percentage of it at the weekend.
    const fn with_traffic(self, shape: Shape, daily: i64, weekend: i64) -> Self {
        Self { pattern: Pattern { shape, daily, weekend }, ..self }
    }

    const fn only(self, scopes: &'static [&'static str], whitelist: &'static str) -> Self {
        Self { scopes, whitelist, ..self }
    }

    const fn with(self, story: Story) -> Self {
        Self { story, ..self }
    }
}

/// The scopes that the billing worker needs, and one more.
const BILLING: &[&str] = &["customers:read", "invoices:read", "invoices:write", "orders:read"];

pub(super) const KEYS: [ShowcaseKey; 15] = [
    shown("Mobile app backend – staging", Staging, "read-and-write", [3, 87, 3])
        .with_traffic(Office, 420, 10),
    shown("Warehouse scanner gateway", Production, "warehouse", [35, 145, 12])
        .only(&[], "198.51.100.20")
        .with_traffic(Steady, 9_100, 45),
    shown("Customs declaration service", Production, "read-and-write", [42, 138, 19])
        .with_traffic(Office, 2_600, 12),
    shown("Carrier webhook relay", Production, "webhooks", [56, 124, 8])
        .with_traffic(Steady, 5_200, 75),
    shown(super::scenes::ROTATED, Staging, "read-only", [61, 29, 61])
        .with_traffic(Office, 260, 0)
        .with(Story::Quiet),
    shown("Customer portal – production", Production, "read-only", [80, 9, 80])
        .with_traffic(Steady, 12_400, 85)
        .with(Story::NewAddress),
    shown("Billing worker – production", Production, "read-and-write", [81, 99, 26])
        .only(BILLING, "198.51.100.7\n203.0.113.24\n2001:db8:41::1f")
        .with_traffic(Steady, 13_600, 60)
        .with(Story::Burst),
    shown("Support console", Production, "read-and-write", [89, 91, 21])
        .with_traffic(Office, 900, 8),
    shown("Grafana metrics exporter", Production, "read-only", [144, 218, 144])
        .with_traffic(Even, 1_440, 100),
    shown("Load test runner – Q3", Staging, "full-access", [145, -54, 145])
        .with_traffic(Office, 3_000, 0),
    shown("Data warehouse sync", Production, "read-only", [165, 199, 165])
        .with_traffic(Nightly, 240, 100)
        .with(Story::Quiet),
    shown("Nightly invoice export", Production, "billing", [203, -23, 203])
        .with_traffic(Nightly, 60, 100)
        .with(Story::KeepsTryingAfterExpiry),
    shown("Partner API – Norlund Shipping", Production, "read-only", [351, 13, 27])
        .only(&[], "192.0.2.61")
        .with_traffic(Steady, 1_800, 70),
    shown(super::scenes::TRIAL, Staging, "read-only", [118, 62, 52])
        .with_traffic(Office, 350, 0)
        .with(Story::Quiet),
    shown(super::scenes::LEGACY, Production, "warehouse", [210, 95, 55])
        .with_traffic(Steady, 640, 60)
        .with(Story::Quiet),
];
