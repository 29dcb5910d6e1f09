//! Monitors OAuth access to mail and calendars in Microsoft 365.
//!
//! Every check is a conversation over one dialed connection with a cursor that says which phase is open; what it
//! learns becomes one plain [`outcome::Outcome`]; everything the user sees is made from outcomes and nothing else.
//!
//! The modules stand in floors: a file names only files on lower floors (`tests/laws.rs` holds that).

pub mod ceiling;
pub mod check;
pub mod cli;
pub mod clock;
pub mod cloud;
pub mod compressed;
pub mod config;
pub mod credential;
pub mod diagnosis;
pub mod document;
pub mod fact;
pub mod file;
pub mod heap;
pub mod kind;
pub mod lang;
pub mod levels;
pub mod net;
pub mod outcome;
pub mod phase;
pub mod probe;
pub mod random;
pub mod reason;
pub mod registration;
pub mod remote;
pub mod render;
pub mod report;
pub mod round_trip;
pub mod sanitize;
pub mod schedule;
pub mod secret;
pub mod serve;
pub mod settings;
pub mod sim;
pub mod small_map;
pub mod spelling;
pub mod store;
pub mod token;
pub mod trace;
pub mod wire;
pub mod x509;
