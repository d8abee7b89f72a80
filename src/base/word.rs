//! Values that are one word in a query string: closed sets and ids.

/// Makes serde write a value as its word and read only known words.
macro_rules! word {
    ($type:ty, $word:expr, $parse:expr) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let word: fn(&Self) -> &str = $word;
                serializer.serialize_str(word(self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                let parse: fn(&str) -> Option<Self> = $parse;
                parse(&text).ok_or_else(|| serde::de::Error::custom("an unknown word"))
            }
        }
    };
}
pub(crate) use word;
