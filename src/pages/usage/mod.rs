//! The pages of usage, and the usage figures on other pages.

mod address;
mod addresses;
mod chart;
mod denials;
mod export;
mod figures;
mod index;
mod seen;
mod words;

pub use chart::Chart;
pub use figures::{Figures, Parameters};
pub use seen::SeenView;
pub use words::{Advice, advice, reason};

use crate::web::routes::Routes;

/// The routes of usage.
pub fn routes(routes: &mut Routes) {
    routes.get("/usage", index::page);
    routes.get("/usage/export.csv", export::comma_separated);
    routes.get("/usage/denials", denials::page);
    routes.get("/usage/address", address::page);
    routes.get("/api-keys/{key_id}/addresses", addresses::page);
}
