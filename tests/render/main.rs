//! Every output over the same outcomes: golden files, and the laws of each format.

mod any;
mod doctor;
mod golden;
mod nagios;
mod others;
mod prometheus;
mod retold;
mod sample;
mod steady;
