//! The newest keys: the ones that people see first.

use crate::api_keys::Environment::{self, Production, Staging};

/// A key, in days before today.
pub(super) struct Shown {
    pub name: &'static str,
    pub environment: Environment,
    /// The role's slug.
    pub role: &'static str,
    pub created: i64,
    /// Days from today to its last day; negative when it is over.
    pub left: i64,
    /// When its secret key was made.
    pub secret: i64,
}

const fn shown(
    name: &'static str,
    environment: Environment,
    role: &'static str,
    [created, left, secret]: [i64; 3],
) -> Shown {
    Shown { name, environment, role, created, left, secret }
}

pub(super) const KEYS: [Shown; 12] = [
    shown("Mobile app backend – staging", Staging, "read-and-write", [3, 87, 3]),
    shown("Warehouse scanner gateway", Production, "warehouse", [35, 145, 12]),
    shown("Customs declaration service", Production, "read-and-write", [42, 138, 19]),
    shown("Carrier webhook relay", Production, "webhooks", [56, 124, 8]),
    shown("Customer portal – production", Production, "read-only", [80, 9, 80]),
    shown("Billing worker – production", Production, "read-and-write", [81, 99, 26]),
    shown("Support console", Production, "read-and-write", [89, 91, 21]),
    shown("Grafana metrics exporter", Production, "read-only", [144, 218, 144]),
    shown("Load test runner – Q3", Staging, "full-access", [145, -54, 145]),
    shown("Data warehouse sync", Production, "read-only", [165, 199, 165]),
    shown("Nightly invoice export", Production, "billing", [203, -23, 203]),
    shown("Partner API – Norlund Shipping", Production, "read-only", [351, 13, 27]),
];
