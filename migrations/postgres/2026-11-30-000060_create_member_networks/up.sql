-- Networks that each member signed in from: a sign-in from another one is reported to the member.
CREATE TABLE member_networks (
    member_id TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    network TEXT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (member_id, network)
);
CREATE INDEX member_networks_by_time ON member_networks (last_at, member_id, network);
