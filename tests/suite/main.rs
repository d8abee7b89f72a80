//! The behaviour of the program, through HTTP, on SQLite or on the PostgreSQL that
//! `LATCHKEY_TEST_POSTGRES` names.

mod support;

mod api_keys;
