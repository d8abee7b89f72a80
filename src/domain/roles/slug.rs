//! The name by which gateways refer to a role. It cannot change later, because gateway
//! configurations contain it.

use super::Role;
use crate::base::text::{self, TypedText};

/// The maximum length of a slug, in characters, before a number is added to make it unique.
const MAX_LENGTH: usize = 40;

/// Whether `text` has the form of a slug. The role need not exist.
pub fn is_slug(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The slug that was typed for a role called `name`, or one made from the name. `new` is not allowed
/// because it is the address of a page.
pub(super) fn choose(typed: &str, name: &str, known: &[Role]) -> Result<String, String> {
    let slug = text::one_line(TypedText::from(typed), "Slug", MAX_LENGTH)?;
    if slug.is_empty() {
        return free(name, known)
            .ok_or_else(|| "Enter a slug: it cannot be made from this role name".into());
    }
    let has_valid_hyphens = !slug.starts_with('-') && !slug.ends_with('-') && !slug.contains("--");
    if !is_slug(&slug) || !has_valid_hyphens || slug == "new" {
        return Err("Slug must be lower-case letters, digits and single hyphens, for example \
                    billing-reader"
            .into());
    }
    if known.iter().any(|role| role.slug == slug) {
        return Err(format!("Another role already has the slug {slug}"));
    }
    Ok(slug)
}

/// A slug for `name` that no role has; `None` if the name has no ASCII letter or digit.
fn free(name: &str, known: &[Role]) -> Option<String> {
    let slug = text::slug(name, MAX_LENGTH);
    let is_free = |slug: &String| slug != "new" && known.iter().all(|role| role.slug != *slug);
    let numbered = (2..).map(|number| format!("{slug}-{number}"));
    let mut slugs = std::iter::once(slug.clone()).chain(numbered);
    (!slug.is_empty()).then(|| slugs.find(is_free)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn known() -> [Role; 3] {
        ["read-only", "billing", "billing-2"]
            .map(|slug| Role::custom(slug, slug, slug, "", std::collections::BTreeSet::new()))
    }

    #[test]
    fn a_slug_is_made_from_the_name_and_is_unique() {
        for (name, slug) in [
            ("Auditor", "auditor"),
            ("Billing", "billing-3"),
            ("Read only", "read-only-2"),
            ("New", "new-2"),
            ("東京 2", "2"),
            ("../<b>\u{202e}", "b"),
        ] {
            assert_eq!(choose(" ", name, &known()).as_deref(), Ok(slug), "{name}");
        }
        assert!(choose("", "日本語", &known()).expect_err("no slug").starts_with("Enter a slug"));
    }

    #[test]
    fn a_typed_slug_is_used_unchanged_or_rejected() {
        assert_eq!(choose(" nihongo ", "日本語", &known()).as_deref(), Ok("nihongo"));
        assert_eq!(
            choose("billing", "日本語", &known()),
            Err("Another role already has the slug billing".into())
        );
        for slug in ["new", "Nihongo", "日本", "a b", "-a", "a-", "a--b", "a/b", &"a".repeat(41)]
        {
            assert!(choose(slug, "日本語", &known()).is_err(), "{slug}");
        }
    }

    proptest! {
        #[test]
        fn every_accepted_slug_is_valid(typed in "\\PC{0,50}", name in "\\PC{1,80}") {
            if let Ok(slug) = choose(&typed, &name, &known()) {
                prop_assert!(is_slug(&slug) && !slug.is_empty() && slug != "new");
            }
        }
    }
}
