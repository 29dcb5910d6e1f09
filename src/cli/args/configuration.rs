//! The command line of `config`: the commands about configuration files.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use crate::cloud::Cloud;
use crate::kind;

/// `config`
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Read a configuration and print every mistake in it.
    Check {
        /// The configuration.
        file: PathBuf,
        /// The file is a web configuration, as for `serve --web.config.file`.
        #[arg(long)]
        web: bool,
    },
    /// Write a first configuration: from options, and from questions where there is a terminal. A file that exists is left alone.
    Init(Box<Init>),
    /// Print a complete, commented configuration.
    Example,
    /// Print a complete, commented web configuration, for `serve --web.config.file`.
    WebExample,
    /// Print the JSON Schema of the configuration.
    Schema,
    /// Print the address ranges that DNS answers are compared with, in Microsoft's endpoint format, with their date.
    Ranges(RangesInUse),
}

/// `config init`
#[derive(Debug, Args)]
pub struct Init {
    /// The file to write.
    #[arg(default_value = "m365-probe.yml")]
    pub file: PathBuf,
    /// The tenant's id, or a verified domain.
    #[arg(long, value_name = "ID")]
    pub tenant_id: Option<String>,
    /// Application (client) id.
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// File with the client secret.
    #[arg(long, value_name = "FILE")]
    pub client_secret_file: Option<PathBuf>,
    /// PEM file with the application's certificate, in place of a client secret.
    #[arg(long, value_name = "FILE", conflicts_with = "client_secret_file")]
    pub certificate_file: Option<PathBuf>,
    /// PEM file with the certificate's private key, where it stands in a file of its own.
    #[arg(long, value_name = "FILE", requires = "certificate_file")]
    pub private_key_file: Option<PathBuf>,
    /// File with a token of another identity provider, in place of a client secret.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["client_secret_file", "certificate_file"])]
    pub federated_token_file: Option<PathBuf>,
    /// Managed identity of this machine, in place of a client secret: `system`, or the client id, object_id=ID or the resource id of
    /// a user-assigned one.
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = "system",
          conflicts_with_all = ["client_secret_file", "certificate_file", "federated_token_file"])]
    pub managed_identity: Option<String>,
    /// Address of a mailbox; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub mailbox: Vec<String>,
    /// Check of each mailbox, as the application is permitted; may be repeated. Without it: all but `graph` and `roundtrip`.
    #[arg(long, value_name = "CHECK", value_parser = mailbox_check_names())]
    pub check: Vec<String>,
    /// The tenant's name in metrics and reports; by default made of its domain or the first mailbox's.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// `config ranges`
#[derive(Debug, Args)]
pub struct RangesInUse {
    /// The Microsoft cloud whose ranges to print.
    #[arg(long, value_name = "NAME", default_value = "global", value_parser = PossibleValuesParser::new(Cloud::built_in_names()))]
    pub cloud: String,
    /// A configuration, whose `network.ranges_file` replaces the built-in ranges.
    #[arg(long, alias = "config.file", env = "M365_PROBE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

fn mailbox_check_names() -> PossibleValuesParser {
    PossibleValuesParser::new(kind::Check::ALL.iter().filter(|check| check.is_of_mailbox()).map(|check| check.name()))
}
