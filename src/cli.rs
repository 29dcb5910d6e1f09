//! The command line: from arguments to an exit code.

mod args;
mod check;
mod demo;
mod doctor;
mod print;
mod select;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use crate::{config, serve, sink};
use args::{Cli, Command, Config, LogFormat};
