//! What a client asks, which secret keys it sends, in which order, and the status that it expects.

const AUTHORIZE: &str = "/v1/authorize?scope=orders:read&environment=production";
const EXT_AUTHZ: &str =
    "/v1/ext-authz/scope=orders:read&environment=production/orders/4711?expand=lines";

/// The secret keys that a client sends.
pub struct Load<'a> {
    secrets: &'a [String],
    order: Order,
    status: u16,
    /// The path and query of every request.
    pub target: &'static str,
}

enum Order {
    /// One after another, from this index on.
    Each(usize),
    /// Each is equally likely every time.
    AtRandom,
}

impl<'a> Load<'a> {
    /// Sends `secrets` one after another, repeatedly.
    pub fn each(secrets: &'a [String]) -> Self {
        Self { secrets, order: Order::Each(0), status: 200, target: AUTHORIZE }
    }

    /// Sends `secrets` at random.
    pub fn at_random(secrets: &'a [String]) -> Self {
        Self { secrets, order: Order::AtRandom, status: 200, target: AUTHORIZE }
    }

    /// Asks in the form for gateways that append their client's path.
    pub fn with_path(self) -> Self {
        Self { target: EXT_AUTHZ, ..self }
    }

    /// Expects all of them to be denied.
    pub fn denied(self) -> Self {
        Self { status: 401, ..self }
    }

    /// The next secret key.
    pub fn next(&mut self) -> &'a str {
        let index = match &mut self.order {
            Order::Each(next) => {
                let index = *next;
                *next = (index + 1) % self.secrets.len();
                index
            }
            Order::AtRandom => rand::random_range(0..self.secrets.len()),
        };
        &self.secrets[index]
    }

    /// Asserts the status of a response. Figures for unexpected responses would be worthless.
    pub fn check(&self, status: u16) {
        assert_eq!(status, self.status, "the status of a response");
    }
}
