//! The pages of usage, and the usage figures on other pages.

mod address;
mod addresses;
mod chart;
mod denial_group;
mod denial_groups;
mod denials;
mod export;
mod figures;
mod index;
mod seen;
mod words;

pub use denial_groups::DenialGroupView;
pub use figures::{Figures, Parameters, span};
pub use seen::SeenView;
pub use words::reason;

use crate::web::routes::Routes;

/// The routes of usage.
pub fn routes(routes: &mut Routes) {
    routes.get("/usage", index::page);
    routes.get("/usage/export.csv", export::comma_separated);
    routes.get("/usage/denials", denials::page);
    routes.get("/usage/address", address::page);
    routes.get("/usage/denials/{request_id}", denial_group::page);
    routes.get("/api-keys/{key_id}/addresses", addresses::page);
}
