//! A fault as a user writes it: what goes wrong, in which services, for which mailbox.

use std::str::FromStr;

use super::{Fault, FaultScope, Service};

/// A fault and what it affects: `NAME` all it can, `NAME@SERVICE` one service, `NAME@MAILBOX` one mailbox,
/// `NAME@SERVICE@MAILBOX` one service of one mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveFault {
    /// The fault in force.
    pub fault: Fault,
    /// The services that it affects.
    pub services: Vec<Service>,
    /// The only mailbox concerned: its address, or what stands before the `@` in it. `None` is every mailbox.
    pub mailbox: Option<String>,
}

impl ActiveFault {
    /// Tells whether the mailbox of that address is affected.
    pub fn concerns(&self, address: &str) -> bool {
        let short = address.split('@').next().unwrap_or(address);
        self.mailbox.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(address) || name.eq_ignore_ascii_case(short))
    }
}

impl FromStr for ActiveFault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, place) = text.split_once('@').map_or((text, None), |(name, place)| (name, Some(place)));
        let fault = Fault::from_name(name).ok_or_else(|| format!("there is no fault `{name}`"))?;
        let (services, mailbox) = match place {
            None => (None, None),
            Some(place) => {
                let (first, rest) = place.split_once('@').map_or((place, None), |(first, rest)| (first, Some(rest)));
                match Service::from_name(first) {
                    Some(service) => (Some(vec![allowed(fault, service)?]), rest),
                    None if !fault.is_per_mailbox() => return Err(no_place(fault, first)),
                    None => (None, Some(place)),
                }
            }
        };
        if mailbox.is_some() && !fault.is_per_mailbox() {
            return Err(format!("`{fault}` concerns no single mailbox; leave `@{}` out", mailbox.unwrap_or_default()));
        }
        let services = services.unwrap_or_else(|| fault.services().to_vec());
        Ok(Self { fault, services, mailbox: mailbox.map(str::to_owned) })
    }
}

fn allowed(fault: Fault, service: Service) -> Result<Service, String> {
    if !fault.services().contains(&service) {
        return Err(no_place(fault, service.name()));
    }
    match fault.scope() {
        FaultScope::Each => Ok(service),
        FaultScope::Whole => Err(format!("`{fault}` affects all its services together; leave `@{}` out", service.name())),
    }
}

fn no_place(fault: Fault, place: &str) -> String {
    let names: Vec<_> = fault.services().iter().map(|service| service.name()).collect();
    format!("`{fault}` cannot affect `{place}`; it can affect {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ActiveFault, String> {
        text.parse()
    }

    #[test]
    fn a_fault_affects_all_its_services_or_one() {
        assert_eq!(read("no_greeting").expect("known").services, [Service::Pop3, Service::Imap, Service::Smtp]);
        assert_eq!(read("no_greeting@imap").expect("known").services, [Service::Imap]);
        for (text, words) in [
            ("gremlins", "there is no fault `gremlins`"),
            ("no_greeting@ews", "cannot affect `ews`; it can affect pop3, imap, smtp"),
            ("no_greeting@labor", "cannot affect `labor`; it can affect pop3, imap, smtp"),
            ("no_greeting@imap@labor", "concerns no single mailbox; leave `@labor` out"),
            ("exchange_service_principal_missing@imap", "leave `@imap` out"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_fault_affects_every_mailbox_or_one() {
        for (text, services, mailbox) in [
            ("protocol_disabled", &[Service::Pop3, Service::Imap][..], None),
            ("protocol_disabled@labor", &[Service::Pop3, Service::Imap], Some("labor")),
            ("protocol_disabled@pop3@labor", &[Service::Pop3], Some("labor")),
            ("protocol_disabled@pop3@labor@contoso.example", &[Service::Pop3], Some("labor@contoso.example")),
            ("mailbox_not_found@labor@contoso.example", Fault::MailboxNotFound.services(), Some("labor@contoso.example")),
        ] {
            let active = read(text).expect(text);
            assert_eq!((active.services.as_slice(), active.mailbox.as_deref()), (services, mailbox), "{text}");
            assert!(active.concerns("Labor@Contoso.example"), "{text}");
            assert_eq!(active.concerns("praxis@contoso.example"), mailbox.is_none(), "{text}");
        }
    }
}
