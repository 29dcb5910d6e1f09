//! What is shown of outcomes, whatever the format: every output is made of this.

pub mod term;
