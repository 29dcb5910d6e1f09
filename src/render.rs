//! Outcomes in, text out: all that anybody sees, each format in a file of its own.

pub mod checkmk;
pub mod debug;
pub mod doctor;
pub mod json;
pub mod log;
pub mod nagios;
pub mod page;
pub mod prometheus;
pub mod words;

// Former names, for the page until it uses those of `report`.
pub(crate) use crate::report::{JudgedOutcome as Judged, latest as judged};
pub(crate) mod cause {
    //! Former names of `report::root_cause`.
    pub(crate) use crate::report::root_cause::{RootCauseGroup as Case, diagnose as of, group as cases};
}
pub(crate) mod remedy {
    //! Former names of `report::remedy`.
    pub(crate) use crate::report::remedy::{Concern, StepPart as Part};
}
pub(crate) mod ends {
    //! Former names of `report::expiry`.
    pub(crate) use crate::report::expiry::warning_title as told;
}
