//! Closed sets: enums whose words are stored, sent, or used in URLs and forms.

/// Defines an enum with the word of each variant and, where people see it, its label: `Production =
/// "production" "Production",`.
macro_rules! closed_set {
    ($(#[$meta:meta])* $vis:vis enum $name:ident {
        $($(#[$attribute:meta])* $variant:ident = $word:literal $($label:literal)?,)+
    }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(strum::EnumString, strum::IntoStaticStr)]
        #[strum(const_into_str)]
        $(#[$meta])*
        $vis enum $name {
            $($(#[$attribute])* #[strum(serialize = $word)] $variant,)+
        }

        impl $name {
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word of this variant.
            pub const fn as_str(&self) -> &'static str {
                self.into_str()
            }

            /// The variant with this word.
            pub fn parse(word: &str) -> Option<Self> {
                word.parse().ok()
            }
        }

        $crate::base::word::word!($name, |one| one.as_str(), $name::parse);

        // Not every set uses both `ALL` and `parse`.
        const _: (&[$name], fn(&str) -> Option<$name>) = (&$name::ALL, $name::parse);

        $crate::base::closed_set::closed_set!(@labels $name $($variant $($label)?)+);
    };
    (@labels $name:ident $($variant:ident)+) => {};
    (@labels $name:ident $($variant:ident $label:literal)+) => {
        impl $name {
            /// The text that people see.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }
        }
    };
}
pub(crate) use closed_set;
