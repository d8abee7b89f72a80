//! Column types: how each stored type of the program is written and read.

use std::str::FromStr;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::sql_types::Text;

use crate::base::clock::Timestamp;

/// Lets diesel use a type for a column: it is written as a borrowed value, and read by `$read`.
macro_rules! column_type {
    ($type:ident: $sql:ident, $raw:ty, |$value:ident| $lent:expr, $read:expr) => {
        const _: () = {
            use diesel::backend::Backend;
            use diesel::deserialize::{self, FromSql, FromSqlRow};
            use diesel::expression::AsExpression;
            use diesel::serialize::{self, Output, ToSql};
            use diesel::sql_types::$sql;

            #[derive(AsExpression, FromSqlRow)]
            #[diesel(foreign_derive)]
            #[diesel(sql_type = $sql)]
            #[expect(dead_code, reason = "only names the type to derive for")]
            struct Proxy($type);

            impl<DB: Backend> ToSql<$sql, DB> for $type
            where
                $raw: ToSql<$sql, DB>,
            {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                    let $value = self;
                    <$raw as ToSql<$sql, DB>>::to_sql($lent, out)
                }
            }

            impl<DB: Backend> FromSql<$sql, DB> for $type
            where
                <$raw as ToOwned>::Owned: FromSql<$sql, DB>,
            {
                fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                    $read(<$raw as ToOwned>::Owned::from_sql(bytes)?)
                }
            }
        };
    };
}
pub(crate) use column_type;

/// Lets diesel use a type for a column by its text, such as a closed set.
macro_rules! text_column {
    ($type:ident) => {
        $crate::db::types::column_type!($type: Text, str, |value| value.as_str(), |text: String| {
            $type::parse(&text).ok_or_else(|| {
                format!("the database has {text:?}, which is no {}", stringify!($type)).into()
            })
        });
    };
}
pub(crate) use text_column;

/// A random identifier that is not secret: a prefix, and a number of characters of an alphabet in
/// `base::random`.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $alphabet:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// A new identifier.
            pub fn random() -> $crate::base::error::Result<Self> {
                use $crate::base::random;
                Ok(Self(format!("{}{}", $prefix, random::text(random::$alphabet, $length)?)))
            }

            /// Parses an identifier from a request; `None` if the text cannot be one.
            pub fn parse(text: &str) -> Option<Self> {
                let rest = text.strip_prefix($prefix)?;
                let is_one = rest.len() == $length
                    && rest.bytes().all(|byte| $crate::base::random::$alphabet.contains(&byte));
                is_one.then(|| Self(text.to_owned()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        $crate::db::types::column_type!($name: Text, str, |id| id.as_str(), |id| Ok(Self(id)));
    };
}
pub(crate) use id;

column_type!(Timestamp: BigInt, i64, |at| at.as_ref(), |millis| Ok(Self::from_millis(millis)));

/// The last time of an event, for columns in which 0 means never.
#[derive(Debug)]
pub struct OrNever(Timestamp);

column_type!(OrNever: BigInt, i64, |at| at.0.as_ref(), |millis| {
    Ok(Self(Timestamp::from_millis(millis)))
});

impl From<OrNever> for Option<Timestamp> {
    fn from(OrNever(at): OrNever) -> Self {
        (at > Timestamp::default()).then_some(at)
    }
}

/// A value of a closed set, or `None` if another version of the program wrote a word that this one
/// does not know.
#[derive(Clone, Debug, FromSqlRow)]
pub struct IfKnown<T>(pub Option<T>);

impl<T: FromStr, DB: Backend> FromSql<Text, DB> for IfKnown<T>
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(String::from_sql(bytes)?.parse().ok()))
    }
}

impl<T> From<IfKnown<T>> for Option<T> {
    fn from(IfKnown(known): IfKnown<T>) -> Self {
        known
    }
}
