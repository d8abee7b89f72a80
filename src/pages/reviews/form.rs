//! The form of a page of decisions: for each key a decision, a note, and the stored decision when
//! the form was issued.

use super::show::Items;
use crate::base::clock::Timestamp;
use crate::base::text;
use crate::domain::api_keys::KeyId;
use crate::domain::reviews::{Decision, MAX_NOTE_LENGTH, RequestedDecision};

/// The maximum number of keys in a form.
const MAX_KEYS: usize = 100;

/// The submitted fields for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SubmittedRow {
    pub key_id: KeyId,
    pub decision: String,
    pub note: String,
    seen: Option<Timestamp>,
    /// The error for this key.
    pub error: Option<String>,
}

/// The submitted form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SubmittedForm {
    pub rows: Vec<SubmittedRow>,
    /// The page that it came from.
    pub place: Items,
}

impl SubmittedForm {
    pub(super) fn read(fields: &[(String, String)]) -> Self {
        let mut sent = Self::default();
        for (name, value) in fields {
            if name == "place" {
                sent.place = Items::read(value);
                continue;
            }
            let Some((what, id)) = name.split_once('_') else { continue };
            let Some(row) = KeyId::parse(id).and_then(|id| sent.row(id)) else { continue };
            match what {
                "decision" => row.decision.clone_from(value),
                "note" => row.note.clone_from(value),
                "seen" => row.seen = value.parse().ok().map(Timestamp::from_millis),
                _ => {}
            }
        }
        sent
    }

    /// The keys in the form.
    pub(super) fn keys(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.key_id.as_str()).collect()
    }

    fn row(&mut self, key_id: KeyId) -> Option<&mut SubmittedRow> {
        let place = self.rows.iter().position(|row| row.key_id == key_id);
        let place = place.or_else(|| {
            let (decision, note) = (String::new(), String::new());
            self.rows.push(SubmittedRow { key_id, decision, note, seen: None, error: None });
            Some(self.rows.len() - 1)
        })?;
        self.rows.get_mut(place).filter(|_| place < MAX_KEYS)
    }

    /// The decisions that were filled in; `None` if there is an error, which is stored with its
    /// key.
    pub(super) fn check(&mut self) -> Option<Vec<RequestedDecision>> {
        self.rows.truncate(MAX_KEYS);
        let mut requested = Vec::new();
        for row in &mut self.rows {
            match row.check() {
                Ok(Some(decided)) => requested.push(decided),
                Ok(None) => {}
                Err(message) => row.error = Some(message),
            }
        }
        self.rows.iter().all(|row| row.error.is_none()).then_some(requested)
    }
}

impl SubmittedRow {
    fn check(&self) -> Result<Option<RequestedDecision>, String> {
        let note = text::one_line(&self.note, "Note", MAX_NOTE_LENGTH)?;
        match (Decision::parse(&self.decision), note.is_empty()) {
            (None, true) if self.decision.is_empty() => Ok(None),
            (None, _) => Err("Choose keep, reduce, rotate, disable or revoke".into()),
            (Some(decision), _) => {
                Ok(Some(RequestedDecision { key_id: self.key_id, decision, note, seen: self.seen }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "key_0123456789AB";

    fn sent(fields: &[(&str, &str)]) -> SubmittedForm {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        SubmittedForm::read(&fields.iter().map(owned).collect::<Vec<_>>())
    }

    #[test]
    fn only_filled_in_decisions_are_read() {
        let mut form = sent(&[
            (&format!("decision_{ID}"), "keep"),
            (&format!("note_{ID}"), " Still needed "),
            (&format!("seen_{ID}"), "7"),
            ("decision_key_0123456789AC", ""),
            ("decision_nothing", "keep"),
            ("place", "view=all"),
        ]);
        let requested = form.check().expect("a valid form");
        assert_eq!(requested.len(), 1);
        assert_eq!(
            (requested[0].decision, requested[0].note.as_str()),
            (Decision::Keep, "Still needed")
        );
        assert_eq!(requested[0].seen, Some(Timestamp::from_millis(7)));
        assert_eq!(form.place.text(), "view=all");
    }

    #[test]
    fn a_note_without_a_decision_or_too_long_is_an_error() {
        for (decision, note) in
            [("", "why"), ("sell", ""), ("keep", &"x".repeat(501)), ("keep", "a\u{202e}b")]
        {
            let mut form =
                sent(&[(&format!("decision_{ID}"), decision), (&format!("note_{ID}"), note)]);
            assert!(form.check().is_none(), "{decision} {note}");
            assert!(form.rows[0].error.is_some());
        }
    }
}
