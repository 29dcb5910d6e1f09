//! The options that say whom to look at, and whom to ask instead.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::cloud::Cloud;

/// The heading of the options that take the place of a configuration.
const AD_HOC: &str = "Without a configuration";

/// The tenants and mailboxes to look at: those of a configuration file, or one tenant given here.
#[derive(Debug, Args)]
pub struct Selection {
    /// The configuration.
    #[arg(long, alias = "config.file", env = "M365_PROBE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Only this tenant of the configuration.
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// Only this mailbox, by address or name; without a configuration, its address. May be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub mailbox: Vec<String>,
    /// The Microsoft cloud.
    #[arg(long, help_heading = AD_HOC, value_name = "NAME", value_parser = PossibleValuesParser::new(Cloud::built_in_names()))]
    pub cloud: Option<String>,
    /// The tenant's id, or a verified domain.
    #[arg(long, help_heading = AD_HOC, value_name = "ID")]
    pub tenant_id: Option<String>,
    /// Application (client) id.
    #[arg(long, help_heading = AD_HOC, value_name = "ID")]
    pub client_id: Option<String>,
    /// File with the client secret; else the variable M365_PROBE_CLIENT_SECRET is used.
    #[arg(long, help_heading = AD_HOC, value_name = "FILE")]
    pub client_secret_file: Option<PathBuf>,
    /// PEM file with the application's certificate, in place of a client secret.
    #[arg(long, help_heading = AD_HOC, value_name = "FILE", conflicts_with = "client_secret_file")]
    pub certificate_file: Option<PathBuf>,
    /// PEM file with the certificate's private key, where it stands in a file of its own.
    #[arg(long, help_heading = AD_HOC, value_name = "FILE", requires = "certificate_file")]
    pub private_key_file: Option<PathBuf>,
    /// File with a token of another identity provider, in place of a client secret.
    #[arg(long, help_heading = AD_HOC, value_name = "FILE", conflicts_with_all = ["client_secret_file", "certificate_file"])]
    pub federated_token_file: Option<PathBuf>,
    /// The managed identity of this Azure machine, in place of a client secret; ID is the client id, `object_id=ID` or the resource id of a user-assigned one.
    #[arg(long, help_heading = AD_HOC, value_name = "ID", num_args = 0..=1, default_missing_value = "system", conflicts_with_all = ["client_secret_file", "certificate_file", "federated_token_file"])]
    pub managed_identity: Option<String>,
}

impl Selection {
    /// Returns the first option given that takes the place of a configuration.
    pub fn ad_hoc_option(&self) -> Option<&'static str> {
        let given = [
            ("--cloud", self.cloud.is_some()),
            ("--tenant-id", self.tenant_id.is_some()),
            ("--client-id", self.client_id.is_some()),
            ("--client-secret-file", self.client_secret_file.is_some()),
            ("--certificate-file", self.certificate_file.is_some()),
            ("--private-key-file", self.private_key_file.is_some()),
            ("--federated-token-file", self.federated_token_file.is_some()),
            ("--managed-identity", self.managed_identity.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(option, _)| option)
    }
}

/// A running `serve` that is asked for its results.
#[derive(Debug, Args)]
pub struct From {
    /// Do not log in: report the results of the `serve` at this URL (`http://HOST:10365`, or `unix:PATH` of its socket) as if they had been obtained here.
    #[arg(long = "from", value_name = "URL")]
    pub url: Option<String>,
    /// With --from: PEM file of certificates trusted in addition to the system's.
    #[arg(long = "from-ca-file", value_name = "FILE", requires = "url")]
    pub ca_file: Option<PathBuf>,
    /// With --from: the user to log in as.
    #[arg(long = "from-user", value_name = "NAME", requires = "url", requires = "password_file")]
    pub user: Option<String>,
    /// With --from: file with the password of --from-user.
    #[arg(long = "from-password-file", value_name = "FILE", requires = "url", requires = "user")]
    pub password_file: Option<PathBuf>,
}
