//! Changes to the tenant by a fault, as an administrator or Microsoft would have made them.

use std::time::{Duration, SystemTime};

use super::{ActiveFault, Fault};
use crate::secret::Secret;
use crate::sim::client_certificate::ClientCertificate;
use crate::sim::identifiers;
use crate::sim::machine::{Identity, Machine, MachineKind};
use crate::sim::mailbox::{Delivery, FolderAccess, Licence, Listing, Mailbox, SubmissionRefusal};
use crate::sim::protocol::{Protocol, Trouble};
use crate::sim::tenant::{Application, FederatedCredential, Tenant};

/// The time by which mail is late.
const LATE: Duration = Duration::from_secs(2);
/// A day.
const DAY: Duration = Duration::from_secs(86_400);

impl ActiveFault {
    /// Puts it into `tenant`. Faults of the connection change nothing.
    pub(in crate::sim) fn apply_to(&self, tenant: &mut Tenant) {
        let protocols: Vec<Protocol> = self.services.iter().filter_map(|service| service.protocol()).collect();
        match self.fault {
            Fault::MailboxNotFound => tenant.mailboxes.retain(|mailbox| !self.concerns(&mailbox.address)),
            fault if fault.is_per_mailbox() => {
                let concerned = tenant.mailboxes.iter_mut().filter(|mailbox| self.concerns(&mailbox.address));
                concerned.for_each(|mailbox| apply_to_mailbox(fault, &protocols, mailbox));
            }
            fault => apply_to_tenant(fault, &protocols, tenant),
        }
    }
}

fn apply_to_tenant(fault: Fault, protocols: &[Protocol], tenant: &mut Tenant) {
    let application = &mut tenant.application;
    let exchange = &mut tenant.exchange;
    match fault {
        Fault::ClientSecretWrong => application.secret = Secret::new(identifiers::guid()),
        Fault::ClientSecretExpired => application.secret_expired = true,
        Fault::CredentialExpiring => expire_soon(application),
        Fault::ClientAssertionOutOfTime => application.assertion_clock = 3600,
        Fault::ClientCertificateNotRegistered => application.certificates.clear(),
        Fault::ClientCertificateExpired => each_certificate(application, |certificate| certificate.validity = (0, 1)),
        Fault::ClientCertificateNotYetValid => {
            each_certificate(application, |certificate| certificate.validity = (253_402_214_400, 253_402_300_799));
        }
        Fault::ClientCertificateRevoked => each_certificate(application, |certificate| certificate.revoked = true),
        Fault::ClientAssertionSignatureWrong => each_certificate(application, replace_key),
        Fault::FederatedCredentialMissing => application.federated_credentials.clear(),
        Fault::FederatedIssuerDiffers => each_federated(application, |known| known.issuer += "v2.0"),
        Fault::FederatedSubjectDiffers => each_federated(application, |known| known.subject += "-old"),
        Fault::FederatedAudienceDiffers => each_federated(application, |known| known.audience += "USGov"),
        Fault::ManagedIdentityNotAssigned => machine(tenant, |machine| (machine.own, machine.assigned) = (None, Vec::new())),
        Fault::ManagedIdentityAmbiguous => machine(tenant, |machine| {
            let other = |name| Identity::new(name, &identifiers::guid(), &identifiers::guid());
            (machine.own, machine.assigned) = (None, vec![other("kubelet"), other("backup")]);
        }),
        Fault::ManagedIdentityKeyRefused | Fault::ManagedIdentityKeyUnreadable => {
            machine(tenant, |machine| machine.kind = MachineKind::Arc);
        }
        Fault::ApplicationNotFound => application.client_id = identifiers::guid(),
        Fault::ServicePrincipalMissing => application.has_service_principal = false,
        Fault::ApplicationDisabled => application.enabled = false,
        Fault::ConditionalAccessBlocked => application.conditional_access_blocked = true,
        Fault::TokenExpired => application.token_seconds = -60,
        Fault::TokenRoleMissing => {
            let needed = |role: &str| protocols.iter().any(|protocol| protocol.roles().contains(&role));
            application.roles.retain(|role| !needed(role));
        }
        Fault::TenantNotFound => tenant.exists = false,
        Fault::ResourceNotFound => exchange.present = false,
        Fault::ResourceDisabled => exchange.lapsed = true,
        Fault::ApplicationNotAssigned => exchange.unassigned = true,
        Fault::ExchangeServicePrincipalMissing => exchange.service_principals.clear(),
        Fault::SmtpAuthDisabledTenant => exchange.smtp_auth_disabled = true,
        Fault::EwsBlockedByPolicy => (exchange.ews_enabled, exchange.ews_allowed_app_ids) = (Some(true), Vec::new()),
        Fault::UserAgentBlocked => exchange.user_agents_blocked = true,
        Fault::AccessTooBroad => {
            let closed = tenant.mailboxes.iter_mut().filter(|mailbox| mailbox.must_stay_closed);
            closed.for_each(|mailbox| (mailbox.full_access, mailbox.in_scope) = (true, true));
        }
        Fault::PropagationPending => {
            application.created = SystemTime::now() - Duration::from_secs(1800);
            exchange.refuses_everything = true;
        }
        Fault::AccessRefusedEverywhere => exchange.refuses_everything = true,
        Fault::ServerUnavailable => {
            exchange.trouble.extend(protocols.iter().map(|protocol| (*protocol, Trouble::Unavailable)));
        }
        _ => {}
    }
}

/// Lets the secret end in five days and a half, and the certificate in five days.
fn expire_soon(application: &mut Application) {
    application.secret_expires = SystemTime::now() + 5 * DAY + DAY / 2;
    if let (false, Ok(certificate)) = (application.certificates.is_empty(), ClientCertificate::expiring()) {
        application.certificates = vec![certificate];
    }
}

fn machine(tenant: &mut Tenant, change: fn(&mut Machine)) {
    tenant.machine.iter_mut().for_each(change);
}

fn each_federated(application: &mut Application, change: fn(&mut FederatedCredential)) {
    application.federated_credentials.iter_mut().for_each(change);
}

fn each_certificate(application: &mut Application, change: fn(&mut ClientCertificate)) {
    application.certificates.iter_mut().for_each(change);
}

/// Registers another application's key under the thumbprint; without one the certificate stays as it is.
fn replace_key(certificate: &mut ClientCertificate) {
    if let Ok(foreign) = ClientCertificate::foreign() {
        *certificate = certificate.clone().with_key_of(&foreign);
    }
}

fn apply_to_mailbox(fault: Fault, protocols: &[Protocol], mailbox: &mut Mailbox) {
    let mut trouble = |trouble| mailbox.trouble.extend(protocols.iter().map(|protocol| (*protocol, trouble)));
    match fault {
        Fault::MailboxFull => {
            let storing = protocols.iter().filter(|protocol| **protocol != Protocol::Smtp);
            mailbox.trouble.extend(storing.map(|protocol| (*protocol, Trouble::Full)));
            if protocols.contains(&Protocol::Smtp) {
                mailbox.submission = Some(SubmissionRefusal::MailboxFull);
            }
        }
        Fault::SenderBlocked => mailbox.submission = Some(SubmissionRefusal::SenderBlocked),
        Fault::SendAsDenied => mailbox.submission = Some(SubmissionRefusal::SendAsDenied),
        Fault::MessageTooLarge => mailbox.submission = Some(SubmissionRefusal::TooLarge),
        Fault::SubmissionQuotaExceeded => mailbox.submission = Some(SubmissionRefusal::QuotaReached),
        Fault::SubmissionDeferred => mailbox.submission = Some(SubmissionRefusal::Deferred),
        Fault::MailJunked => mailbox.delivery = Delivery::Junked,
        Fault::MailDelayed => mailbox.delivery = Delivery::Late(LATE),
        Fault::MailBounced => mailbox.delivery = Delivery::Bounced,
        Fault::MailLost => mailbox.delivery = Delivery::Lost,
        Fault::MailPilesUp => mailbox.pile_up(30 * DAY),
        Fault::Throttled => trouble(Trouble::Throttled),
        Fault::TooManyConnections => trouble(Trouble::TooManyConnections),
        Fault::SessionInvalidated => trouble(Trouble::Invalidated),
        Fault::MailboxPermissionMissing => mailbox.full_access = false,
        Fault::SmtpAuthDisabledMailbox => mailbox.smtp_auth_disabled = Some(true),
        Fault::ProtocolDisabled => {
            mailbox.pop_enabled &= !protocols.contains(&Protocol::Pop3);
            mailbox.imap_enabled &= !protocols.contains(&Protocol::Imap);
        }
        Fault::EwsDisabled => mailbox.ews_enabled = Some(false),
        Fault::EwsNotLicensed => mailbox.licence = Licence::Kiosk,
        Fault::AddressNotPrimary => mailbox.listing = Listing::Alias,
        Fault::AddressAmbiguous => mailbox.listing = Listing::Ambiguous,
        Fault::MailboxElsewhere => mailbox.listing = Listing::Elsewhere,
        Fault::LicenseInvalid => mailbox.licence = Licence::Missing,
        Fault::AccountDisabled => mailbox.account_enabled = false,
        Fault::ImpersonationDenied => mailbox.in_scope = false,
        Fault::AccessDenied => mailbox.folder_access = FolderAccess::Denied,
        Fault::FolderNotFound => mailbox.folder_access = FolderAccess::Hidden,
        Fault::MailboxUnavailable => mailbox.online = false,
        _ => {}
    }
}
