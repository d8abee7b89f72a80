//! A member who left, and one who was invited and has not accepted yet.

use super::{Scene, Stage};
use crate::domain::members::RequestedAccess;
use crate::domain::members::invitation::Draft;
use crate::domain::sign_in::{access, invitation};

pub(super) fn scenes<'a>(stage: &'a Stage<'a>) -> Vec<Scene<'a>> {
    let left = stage.context(0, stage.ago(48, 2));
    let invited = stage.context(0, stage.ago(1, 2));
    let draft = Draft {
        name: "Marek Dvorak".into(),
        email: "marek@meridianfreight.example".into(),
        requested: RequestedAccess {
            super_manager: "yes".into(),
            permissions: vec!["api.key.view".into(), "api.key.create".into()],
        },
    };
    vec![
        (left.now, Box::new(move |tx| access::disable(tx, &stage.former.id, &left).map(drop))),
        (invited.now, Box::new(move |tx| invitation::invite(tx, &draft, &invited).map(drop))),
    ]
}
