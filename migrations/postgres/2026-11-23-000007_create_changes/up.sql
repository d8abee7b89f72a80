-- What other processes and nodes must hear of, in the order of commits.
CREATE TABLE changes (
    number BIGINT PRIMARY KEY NOT NULL,
    what TEXT NOT NULL
);
