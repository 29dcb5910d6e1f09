//! Outcome and limits in, Ok, Warning, Critical or Unknown out.

/// What counts as a warning and as critical, beside failing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {}
