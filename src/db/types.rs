//! What columns hold: each type of the program's that is stored says here, or beside itself, how.

use crate::base::clock::Timestamp;

/// Has diesel take values, and references to them, as expressions; only for [`column_type`].
macro_rules! bound {
    ($($type:ty),+: $sql:ident) => {$(
        impl AsExpression<$sql> for $type {
            type Expression = Bound<$sql, Self>;

            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }

        impl AsExpression<Nullable<$sql>> for $type {
            type Expression = Bound<Nullable<$sql>, Self>;

            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
    )+};
}
pub(crate) use bound;

/// Has diesel take a type for a column: bound by what it lends, read by what makes it.
macro_rules! column_type {
    ($type:ty: $sql:ident, $raw:ty, |$value:ident| $lent:expr, $read:expr) => {
        const _: () = {
            use diesel::backend::Backend;
            use diesel::deserialize::{self, FromSql, Queryable};
            use diesel::expression::AsExpression;
            use diesel::internal::derives::as_expression::Bound;
            use diesel::serialize::{self, Output, ToSql};
            use diesel::sql_types::{Nullable, SingleValue, $sql};

    $crate::db::types::bound!($type, &$type, &&$type: $sql);

            impl<DB: Backend> ToSql<$sql, DB> for $type
            where
                $raw: ToSql<$sql, DB>,
            {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                    let $value = self;
                    <$raw as ToSql<$sql, DB>>::to_sql($lent, out)
                }
            }

            impl<DB: Backend> ToSql<Nullable<$sql>, DB> for $type
            where
                Self: ToSql<$sql, DB>,
            {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                    ToSql::<$sql, DB>::to_sql(self, out)
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

            impl<DB: Backend, ST: SingleValue> Queryable<ST, DB> for $type
            where
                Self: FromSql<ST, DB>,
            {
                type Row = Self;

                fn build(row: Self) -> deserialize::Result<Self> {
                    Ok(row)
                }
            }
        };
    };
}
pub(crate) use column_type;

/// An identifier, random and never secret: a prefix, and so many characters of an alphabet in
/// `base::random`.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $alphabet:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// A new one.
            pub fn random() -> $crate::base::error::Result<Self> {
                use $crate::base::random;
                Ok(Self(format!("{}{}", $prefix, random::text(random::$alphabet, $length)?)))
            }

            /// Reads one that somebody sent; `None` for what cannot be one.
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

/// When something last happened, as a column holds it that has 0 for never.
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
