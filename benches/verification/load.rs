//! What is asked about, in which order, and the answer that is due.

/// Secret keys to ask about.
pub struct Load<'a> {
    secrets: &'a [String],
    order: Order,
    status: u16,
}

enum Order {
    /// One after another, from that one on.
    Each(usize),
    /// Each as likely as any other, every time.
    AtRandom,
}

impl<'a> Load<'a> {
    /// Each of `secrets`, one after another, again and again.
    pub fn each(secrets: &'a [String]) -> Self {
        Self { secrets, order: Order::Each(0), status: 200 }
    }

    /// Any of `secrets`.
    pub fn at_random(secrets: &'a [String]) -> Self {
        Self { secrets, order: Order::AtRandom, status: 200 }
    }

    /// The same, but none of them must pass.
    pub fn refused(self) -> Self {
        Self { status: 401, ..self }
    }

    /// The next one.
    pub fn next(&mut self) -> &'a str {
        let place = match &mut self.order {
            Order::Each(place) => {
                let this = *place;
                *place = (this + 1) % self.secrets.len();
                this
            }
            Order::AtRandom => rand::random_range(0..self.secrets.len()),
        };
        &self.secrets[place]
    }

    /// Checks an answer: figures about something else would be worth nothing.
    pub fn check(&self, status: u16) {
        assert_eq!(status, self.status, "the status of an answer");
    }
}
