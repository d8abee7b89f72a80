//! Whatever happens in whatever order, somebody can sign in and manage members.

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::domain::activity::Context;
use crate::domain::members::{self, Email, Member, MemberId, Permission, RequestedAccess, ways_in};
use crate::domain::sign_in::fixture::Fixture;
use crate::domain::sign_in::{access, reset, two_step};

const ISSUERS: [&str; 2] = ["https://one.example.com", "https://two.example.com"];

/// An organisation of three members, the first of whom may do everything.
struct World {
    fixture: Fixture,
    ids: Vec<MemberId>,
}

impl World {
    fn new() -> Self {
        let fixture = Fixture::new();
        let ids = ["a@example.com", "b@example.com", "c@example.com"];
        let ids = ids.map(|email| fixture.member(email, Some("hash")).id).to_vec();
        Self { fixture, ids }
    }

    fn command_line(&self) -> Context {
        Context::command_line(self.fixture.keyring.clone(), self.fixture.now())
    }

    fn member(&self, who: usize) -> Option<Member> {
        self.fixture.read(|c| members::find(c, &self.ids[who]))
    }

    /// Does something; what is denied changes nothing.
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn step(&self, kind: u8, by: usize, who: usize, bits: u16) {
        let context = match self.member(by) {
            Some(author) if bits & 1 == 0 => self
                .fixture
                .context([192, 0, 2, 1])
                .as_member(author.id.as_str(), author.name.as_str()),
            _ => self.command_line(),
        };
        let id = &self.ids[who];
        if kind == 12 {
            return self.fixture.enrol(id);
        }
        let permissions = Permission::ALL.into_iter().enumerate();
        let permissions = permissions.filter(|(at, _)| bits >> (at + 2) & 1 == 1);
        let permissions = permissions.map(|(_, one)| one.as_str().to_owned()).collect();
        let super_manager = if bits & 2 == 0 { "yes" } else { "" }.to_owned();
        let requested = RequestedAccess { super_manager, permissions };
        let _ = self.fixture.db.write_blocking(|tx| {
            let provider = provider(tx, &context.keyring)?;
            let member = members::find(tx, id)?;
            match (kind, provider, member) {
                (0..=2, Some(provider), _) => {
                    sign_in(tx, &provider, &person(&provider, who, bits), None, &context).map(drop)
                }
                (3, _, Some(member)) => {
                    access::edit(tx, id, &requested, member.version, &context).map(drop)
                }
                (4, ..) => access::disable(tx, id, &context).map(drop),
                (5, ..) => members::access::enable(tx, id, &context).map(drop),
                (6, ..) if bits.is_multiple_of(5) => {
                    members::access::remove(tx, id, &context).map(drop)
                }
                (7, Some(provider), Some(member)) => {
                    let subject = format!("s{who}");
                    ways_in::link(tx, &member, (&provider.issuer, &subject), &context)
                }
                (8, Some(provider), Some(member)) => {
                    ways_in::unlink(tx, &member, &provider.issuer, &context)
                }
                (9, ..) => {
                    let draft = MappingDraft { group: format!("g{}", bits % 3), requested };
                    let all = mappings(tx)?;
                    let same = all.iter().find(|one| one.group == draft.group);
                    save_mapping(tx, same.map(|one| &one.id), &draft, &context).map(drop)
                }
                (10, ..) => match mappings(tx)?.first() {
                    Some(mapping) => delete_mapping(tx, &mapping.id, &context).map(drop),
                    None => Ok(()),
                },
                (11, ..) => {
                    let chosen = self.ids.iter().enumerate();
                    let chosen = chosen.filter(|(at, _)| bits >> (at + 2) & 1 == 1);
                    let chosen: Vec<_> = chosen.map(|(_, id)| id.clone()).collect();
                    break_glass::choose(tx, &chosen, &context).map(drop)
                }
                (13, ..) => two_step::remove_for_member(tx, id, &context).map(drop),
                (14, ..) => reset::begin_for(tx, id, &context).map(drop),
                (_, provider, _) => {
                    let draft = draft(bits);
                    let version = provider.map_or(0, |provider| provider.version);
                    let (now, policy) = (Some(context.now), Policy::default());
                    change(tx, &draft, version, now, &policy, &context).map(drop)
                }
            }
        });
    }

    /// Whether passwords are allowed, or a break-glass member could sign in.
    fn has_break_glass(&self) -> bool {
        self.fixture.read(|c| {
            Ok(!ways_in::passwords_are_off(c)? || ways_in::has_ready_break_glass(c, None)?)
        })
    }

    /// Whether an active member who manages members has a way in.
    fn somebody_manages(&self) -> bool {
        self.fixture.read(|c| {
            let provider = provider(c, &self.fixture.keyring)?;
            for id in &self.ids {
                let Some(member) = members::find(c, id)? else { continue };
                if !member.is_active() || !member.may(Permission::ManageMembers) {
                    continue;
                }
                let has_password = ways_in::of(c, id)?.password;
                let is_linked = match &provider {
                    Some(provider) => ways_in::subject_of(c, id, &provider.issuer)?.is_some(),
                    None => false,
                };
                if has_password || is_linked {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }
}

fn person(provider: &Provider, who: usize, bits: u16) -> Person {
    let groups = (0..3).filter(|at| bits >> (at + 3) & 1 == 1).map(|at| format!("g{at}"));
    Person {
        issuer: provider.issuer.clone(),
        subject: format!("s{who}"),
        verified_email: None,
        email: Email::parse("x@example.com").ok().map(|email| email.as_str().to_owned()),
        name: None,
        groups: if bits & 4 == 0 { Groups::Listed(groups.collect()) } else { Groups::Missing },
        authenticated_at: None,
        session_expires_in: None,
    }
}

fn draft(bits: u16) -> Draft {
    let pick = |at: u16, of: [&str; 2]| of[usize::from(bits >> at & 1)].to_owned();
    let is_off = bits.is_multiple_of(7);
    Draft {
        issuer: if is_off { String::new() } else { pick(4, ISSUERS) },
        client_id: "latchkey".into(),
        client_secret: Zeroizing::new("secret".into()),
        new_members: pick(5, ["refuse", "mapped"]),
        passwords: pick(6, ["allowed", "break_glass_only"]),
        ..Draft::of(None)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_order_of_mappings_and_edits_leaves_somebody_who_manages_members(
        steps in prop::collection::vec((0_u8..18, 0_usize..3, 0_usize..3, any::<u16>()), 1..40)
    ) {
        let world = World::new();
        // So that most orders get as far as mappings and passwords that are off.
        world.step(17, 0, 0, 1);
        world.step(7, 0, 0, 1);
        world.step(12, 0, 1, 1);
        for (kind, by, who, bits) in steps {
            world.step(kind, by, who, bits);
            prop_assert!(world.somebody_manages(), "after {kind} {by} {who} {bits}");
            prop_assert!(world.has_break_glass(), "after {kind} {by} {who} {bits}");
        }
    }
}
