//! Every output over the same outcomes: golden files, and the laws of each format.

mod any;
mod doctor;
mod document;
mod facts;
mod golden;
mod nagios;
mod others;
mod page_size;
mod pages;
mod prometheus;
mod sample;
mod steady;
