//! The application permissions that let a token open a mailbox, protocol by protocol.
//!
//! A token may lack one and still do: with RBAC for Applications the permission is granted in Exchange and stands in no
//! token. So its absence explains a refusal, and is none by itself.

/// An application role of Exchange Online (resource `00000002-0000-0ff1-ce00-000000000000`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// The value in the token's `roles`.
    pub name: &'static str,
    /// Its id in an application's manifest, where a source gives one.
    pub id: Option<&'static str>,
}

/// The role for POP3. <https://learn.microsoft.com/en-us/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth>
pub const POP3: Role = Role { name: "POP.AccessAsApp", id: Some("cb842b43-da6e-4506-86fe-bb12199c656d") };
/// The role for IMAP; the same page.
pub const IMAP: Role = Role { name: "IMAP.AccessAsApp", id: Some("5e5addcd-3e8d-4e90-baf5-964efab2b20a") };
/// The role for SMTP; the same page.
pub const SMTP: Role = Role { name: "SMTP.SendAsApp", id: None };
/// The role for EWS. <https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-authenticate-an-ews-application-by-using-oauth>
pub const EWS: Role = Role { name: "full_access_as_app", id: Some("dc890d15-9560-4a4c-9b7f-a736ec74ec40") };

/// All roles of Exchange Online.
pub const ALL: [Role; 4] = [POP3, IMAP, SMTP, EWS];

/// The roles for mail over Microsoft Graph (resource `00000003-0000-0000-c000-000000000000`): any of these.
/// <https://learn.microsoft.com/en-us/graph/api/user-list-mailfolders>
pub const GRAPH_MAIL: &[&str] = &["Mail.ReadBasic.All", "Mail.Read", "Mail.ReadWrite"];
/// The roles for reading mail and its header over Microsoft Graph: any of these. Deleting takes the second.
/// <https://learn.microsoft.com/en-us/graph/api/message-delete>
pub const GRAPH_READ: &[&str] = &["Mail.Read", "Mail.ReadWrite"];
/// The role for sending mail over Microsoft Graph. <https://learn.microsoft.com/en-us/graph/api/user-sendmail>
pub const GRAPH_SEND: &[&str] = &["Mail.Send"];
/// The roles for calendars over Microsoft Graph: any of these.
/// <https://learn.microsoft.com/en-us/graph/api/calendar-list-calendarview>
pub const GRAPH_CALENDAR: &[&str] = &["Calendars.Read", "Calendars.ReadWrite"];
