//! A separate database for each test.

use std::net::IpAddr;

use tempfile::TempDir;

use super::store::rows;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::{Connection, Db, Location, Transaction};
use crate::domain::activity::{Actor, Context, Origin};
use crate::domain::members::{self, Email, Member, MemberId, MemberName, NewMember, Permissions};
use crate::domain::settings;

pub(crate) struct Fixture {
    _folder: TempDir,
    pub db: Db,
    pub keyring: Keyring,
    now: Timestamp,
}

impl Fixture {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let db = Db::open(&Location::Sqlite(folder.path().join("latchkey.db"))).expect("open");
        let keyring = Keyring::from_bytes(&[7; 32]);
        db.write_blocking(|tx| settings::prepare(tx, &keyring)).expect("prepared");
        Self { _folder: folder, db, keyring, now: Timestamp::from_millis(1_795_000_000_000) }
    }

    /// The number of sessions.
    pub fn sessions(&self) -> i64 {
        self.read(|connection| Ok(rows::count(connection).0))
    }

    /// Drops the sessions table.
    pub fn drop_sessions(&self) {
        self.write(|tx| {
            rows::drop_sessions(tx);
            Ok(())
        });
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub fn context(&self, address: [u8; 4]) -> Context {
        Context {
            actor: Actor::Anonymous,
            origin: Origin { address: Some(IpAddr::from(address)), ..Origin::default() },
            now: self.now(),
            keyring: self.keyring.clone(),
        }
    }

    pub fn read<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> T {
        self.db.read_blocking(work).expect("read")
    }

    pub fn write<T>(&self, work: impl FnOnce(&mut Transaction<'_>) -> Result<T>) -> T {
        self.db.write_blocking(work).expect("write")
    }

    pub fn member(&self, email: &str, password_hash: Option<&str>) -> Member {
        let new = NewMember {
            name: MemberName::parse("Ines Okafor").expect("a name"),
            email: Email::parse(email).expect("an address"),
            password_hash: password_hash.map(str::to_owned),
            super_manager: true,
            permissions: Permissions::all(),
        };
        let context = Context::command_line(self.keyring.clone(), self.now());
        self.write(|tx| members::add(tx, &new, &context))
    }

    pub fn disable(&self, member: &MemberId) {
        self.write(|tx| {
            rows::disable(tx, member, self.now());
            Ok(())
        });
    }

    /// Gives the member a second factor.
    pub fn enrol(&self, member: &MemberId) {
        self.write(|tx| {
            rows::enrol(tx, member, self.now());
            Ok(())
        });
    }

    pub fn events(&self) -> Vec<(String, Option<String>, String)> {
        self.read(|connection| Ok(rows::events(connection)))
    }

    pub fn event_names(&self) -> Vec<String> {
        self.events().into_iter().map(|(event, ..)| event).collect()
    }
}
