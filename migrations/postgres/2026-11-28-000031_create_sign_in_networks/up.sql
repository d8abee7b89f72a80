-- Networks from which somebody signed in: their passwords wait in a lane of their own.
CREATE TABLE sign_in_networks (
    network TEXT PRIMARY KEY NOT NULL,
    last_signed_in_at BIGINT NOT NULL
);
CREATE INDEX sign_in_networks_by_last_sign_in ON sign_in_networks (last_signed_in_at, network);
