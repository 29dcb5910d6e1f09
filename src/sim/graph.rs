//! Microsoft Graph, as far as mailboxes go: who may call, which mailbox, and its folders or its calendar, in JSON.

mod folders;
mod messages;
mod sending;

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::outcome::Phase;

use super::authorization::{self, Refusal};
use super::client_certificate::ClientCertificate;
use super::connection::pause;
use super::http::{HttpRequest, HttpResponse, percent_decoded};
use super::identifiers;
use super::jwt::PresentedToken;
use super::mailbox::{FolderAccess, Mailbox};
use super::protocol::Trouble;
use super::state::State;
use super::tenant::{READ_ALL, Tenant};

/// The time for which a throttled client is told to stay away, in seconds.
const RETRY_AFTER: &str = "10";

/// Permissions that open the mail folders, show a mail whole, delete one, send one, and open the calendar.
const MAIL: &[&str] = &["Mail.ReadBasic.All", "Mail.Read", "Mail.ReadWrite"];
const WHOLE_MAIL: &[&str] = &["Mail.Read", "Mail.ReadWrite"];
const DELETION: &[&str] = &["Mail.ReadWrite"];
const SENDING: &[&str] = &["Mail.Send"];
const CALENDARS: &[&str] = &["Calendars.Read", "Calendars.ReadWrite"];

/// Answers any request to the Graph host.
pub(super) async fn answer(state: &Arc<State>, request: &HttpRequest) -> HttpResponse {
    let ids = Ids {
        request: identifiers::guid(),
        client: request.header("client-request-id").map_or_else(identifiers::guid, str::to_owned),
    };
    let answer = match called(state, request).await {
        Ok(answer) => answer,
        Err(error) => error.response(&ids),
    };
    answer
        .header("request-id", &ids.request)
        .header("client-request-id", &ids.client)
        .header("x-ms-ags-diagnostic", DIAGNOSTIC)
        .header("strict-transport-security", "max-age=31536000")
        .header("cache-control", "private")
}

const DIAGNOSTIC: &str = r#"{"ServerInfo":{"DataCenter":"Germany West Central","Slice":"E","Ring":"4","ScaleUnit":"000","RoleInstance":"FR1PEPF00000001"}}"#;

/// The parts of the headers that an error repeats.
struct Ids {
    request: String,
    client: String,
}

/// A call about a mailbox.
#[derive(Clone)]
enum Call {
    Folders,
    /// The folder with this id.
    Folder(String),
    ChildFolders(String),
    Messages(String),
    /// The messages of all folders.
    AllMessages,
    /// The message with this id.
    Message(String),
    /// The text of that message.
    Text(String),
    /// Its deletion.
    Deletion(String),
    Sending,
    Calendar,
    CalendarView,
}

impl Call {
    /// The call and the mailbox that a method and a path name.
    fn from_request(method: &Method, path: &str) -> Option<(Self, String)> {
        let segments: Vec<&str> = path.strip_prefix("/v1.0/users/")?.split('/').collect();
        let (user, rest) = segments.split_first()?;
        let rest = match rest {
            ["mailFolders", _, "messages", id, rest @ ..] => [&["messages", *id], rest].concat(),
            rest => rest.to_vec(),
        };
        let id = |id: &str| percent_decoded(id);
        let call = match (method, rest.as_slice()) {
            (&Method::GET, ["mailFolders"]) => Self::Folders,
            (&Method::GET, ["mailFolders", folder]) => Self::Folder(id(folder)?),
            (&Method::GET, ["mailFolders", folder, "childFolders"]) => Self::ChildFolders(id(folder)?),
            (&Method::GET, ["mailFolders", folder, "messages"]) => Self::Messages(id(folder)?),
            (&Method::GET, ["messages"]) => Self::AllMessages,
            (&Method::GET, ["messages", message]) => Self::Message(id(message)?),
            (&Method::GET, ["messages", message, "$value"]) => Self::Text(id(message)?),
            (&Method::DELETE, ["messages", message]) => Self::Deletion(id(message)?),
            (&Method::POST, ["sendMail"]) => Self::Sending,
            (&Method::GET, ["calendar"]) => Self::Calendar,
            (&Method::GET, ["calendar", "calendarView"] | ["calendarView"]) => Self::CalendarView,
            _ => return None,
        };
        Some((call, percent_decoded(user)?))
    }

    const fn roles(&self) -> &'static [&'static str] {
        match self {
            Self::Folders
            | Self::Folder(_)
            | Self::ChildFolders(_)
            | Self::Messages(_)
            | Self::AllMessages
            | Self::Message(_) => MAIL,
            Self::Text(_) => WHOLE_MAIL,
            Self::Deletion(_) => DELETION,
            Self::Sending => SENDING,
            Self::Calendar | Self::CalendarView => CALENDARS,
        }
    }
}

/// The answer of a success.
async fn called(state: &Arc<State>, request: &HttpRequest) -> Result<HttpResponse, Error> {
    let view = state.view();
    let token = request.header("authorization").and_then(|header| header.split_once(' '));
    let token = token.filter(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty());
    let (_, token) = token.ok_or(Error(401, "InvalidAuthenticationToken", "Access token is empty."))?;
    let token = state.verify_token(token.trim());
    pause(view.tenant.latency(Phase::Auth)).await;
    if request.path == "/v1.0/applications" && request.method == Method::GET {
        return applications(&view.tenant, &token, &request.query).map(|body| json_answer(StatusCode::OK, &body));
    }
    let unknown = Error(400, "BadRequest", "Resource not found for the segment.");
    let (call, user) = Call::from_request(&request.method, &request.path).ok_or(unknown)?;
    let mailbox =
        authorization::graph(&view.tenant, &token, call.roles(), &user, identifiers::unix_now()).map_err(Error::from_refusal)?;
    match mailbox.folder_access {
        FolderAccess::Readable => {}
        FolderAccess::Denied => return Err(ACCESS_DENIED),
        FolderAccess::Hidden => return Err(NOT_FOUND),
    }
    let query = query(&request.query).ok_or(Error(400, "BadRequest", "The query is malformed."))?;
    let body = match call {
        Call::Folders => folders::list(mailbox, &query),
        Call::Folder(id) => folders::one(mailbox, &id, &query),
        Call::ChildFolders(id) => folders::children(mailbox, &id, &query),
        Call::Messages(id) => messages::of_folder(mailbox, folders::find(mailbox, &id)?, &query),
        Call::AllMessages => messages::of_all_folders(mailbox, &query),
        Call::Message(id) => messages::one(mailbox, &id, &query),
        Call::Text(id) => return messages::text(mailbox, &id),
        Call::Deletion(id) => return messages::delete(state, mailbox, &id),
        Call::Sending => return sending::send(state, mailbox, request),
        Call::Calendar => Ok(json!({ "id": entry_id(mailbox, "calendar"), "name": "Calendar" })),
        Call::CalendarView => calendar_view(&query),
    };
    body.map(|body| json_answer(StatusCode::OK, &body))
}

/// The registrations that a filter by application id finds: this tenant's one, or none.
fn applications(tenant: &Tenant, token: &PresentedToken, request: &str) -> Result<Value, Error> {
    authorization::directory(tenant, token, &[READ_ALL], identifiers::unix_now()).map_err(
        |refusal| match Error::from_refusal(refusal) {
            Error(403, ..) => Error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
            error => error,
        },
    )?;
    let application = &tenant.application;
    let query = query(request).ok_or(Error(400, "BadRequest", "The query is malformed."))?;
    let filter = query.iter().find(|(name, _)| name == "$filter").map(|(_, filter)| filter.as_str());
    if filter != Some(format!("appId eq '{}'", application.client_id).as_str()) {
        return Ok(json!({ "value": [] }));
    }
    let time = |at| humantime::format_rfc3339_seconds(at).to_string();
    let hint: String = application.secret.expose().chars().take(3).collect();
    let secret = |hint: &str, expires| {
        json!({ "customKeyIdentifier": null, "displayName": "secret", "endDateTime": time(expires), "hint": hint,
                "keyId": identifiers::guid(), "secretText": null, "startDateTime": time(application.created) })
    };
    // One that nobody deleted, beside the one in use.
    let old = secret("old", application.created + Duration::from_secs(86_400));
    let certificate = |one: &ClientCertificate| {
        let second = |second| time(UNIX_EPOCH + Duration::from_secs(u64::try_from(second).unwrap_or_default()));
        json!({ "customKeyIdentifier": one.key_identifier(), "displayName": "CN=m365-probe", "endDateTime": second(one.validity.1),
                "key": null, "keyId": identifiers::guid(), "startDateTime": second(one.validity.0),
                "type": "AsymmetricX509Cert", "usage": "Verify" })
    };
    let certificates: Vec<Value> = application.certificates.iter().map(certificate).collect();
    Ok(json!({ "value": [{
        "createdDateTime": time(application.created),
        "passwordCredentials": [old, secret(&hint, application.secret_expires)],
        "keyCredentials": certificates,
    }] }))
}

/// Nobody has an appointment here; both ends of the time have to be said all the same.
fn calendar_view(query: &[(String, String)]) -> Result<Value, Error> {
    let moment = |name| {
        let text = query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default();
        humantime::parse_rfc3339_weak(text.trim_end_matches('Z'))
    };
    let (Ok(from), Ok(until)) = (moment("startDateTime"), moment("endDateTime")) else {
        return Err(Error(
            400,
            "ErrorInvalidParameter",
            "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.",
        ));
    };
    if from > until {
        return Err(Error(400, "ErrorInvalidParameter", "The start of the time window lies after its end."));
    }
    top(query, 10)?;
    Ok(json!({ "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/calendar/calendarView(id)", "value": [] }))
}

/// An opaque id, as Exchange makes them: `AAMk` and more.
fn entry_id(mailbox: &Mailbox, name: &str) -> String {
    format!("AAMkA{}", identifiers::hex(format!("{}/{name}", mailbox.address).as_bytes()))
}

/// `$top`, from 1 to 1000.
fn top(query: &[(String, String)], default: usize) -> Result<usize, Error> {
    let Some((_, text)) = query.iter().find(|(name, _)| name == "$top") else { return Ok(default) };
    let number = text.parse().ok().filter(|number| (1..=1000).contains(number));
    number.ok_or(Error(400, "BadRequest", "Invalid value for the query option '$top'."))
}

/// The value of an option of the query.
fn value<'q>(query: &'q [(String, String)], name: &str) -> Option<&'q str> {
    query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Names and values.
fn query(text: &str) -> Option<Vec<(String, String)>> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').and_then(|(name, value)| Some((percent_decoded(name)?, percent_decoded(value)?))))
        .collect()
}

/// Status, code and message.
struct Error(u16, &'static str, &'static str);

const NOT_FOUND: Error = Error(404, "ErrorItemNotFound", "The specified object was not found in the store.");
const ACCESS_DENIED: Error = Error(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");

impl Error {
    fn from_refusal(refusal: Refusal) -> Self {
        let token = |message| Self(401, "InvalidAuthenticationToken", message);
        match refusal {
            Refusal::BadSignature => token("Access token validation failure. Invalid signature."),
            Refusal::Expired => token("Lifetime validation failed, the token is expired."),
            Refusal::WrongAudience => token("Access token validation failure. Invalid audience."),
            Refusal::WrongTenant => token("Access token validation failure. Invalid issuer."),
            Refusal::NoRoles => Self(401, "", "The token contains no permissions, or permissions can not be understood."),
            Refusal::RoleMissing | Refusal::Unexplained => ACCESS_DENIED,
            Refusal::AccountDisabled => Self(403, "ErrorAccountDisabled", "The account is disabled."),
            Refusal::OutOfScope | Refusal::UserAgentBlocked => Self(403, "ErrorAccessDenied", "Access to OData is disabled."),
            Refusal::NoMailbox => Self(404, "ResourceNotFound", "Resource could not be discovered."),
            Refusal::Unlicensed => {
                Self(404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise.")
            }
            Refusal::Offline => Self(
                503,
                "ErrorMailboxStoreUnavailable",
                "The mailbox database is temporarily unavailable., Cannot open mailbox.",
            ),
            Refusal::Trouble(Trouble::Throttled | Trouble::TooManyConnections) => {
                Self(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.")
            }
            Refusal::Trouble(Trouble::Full) => {
                Self(403, "ErrorQuotaExceeded", "The process failed to get the correct properties.")
            }
            Refusal::Trouble(Trouble::Unavailable) => Self(503, "serviceNotAvailable", "The service is temporarily unavailable."),
            _ => token("CompactToken parsing failed with error code: 80049217"),
        }
    }

    fn response(self, ids: &Ids) -> HttpResponse {
        let Self(status, code, message) = self;
        let mut error =
            json!({ "message": message, "innerError": { "request-id": ids.request, "client-request-id": ids.client } });
        if !code.is_empty() {
            error["code"] = json!(code);
        }
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let answer = json_answer(status, &json!({ "error": error }));
        match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => answer.header("retry-after", RETRY_AFTER),
            _ => answer,
        }
    }
}

fn json_answer(status: StatusCode, body: &Value) -> HttpResponse {
    HttpResponse::new(status).body("application/json", body.to_string())
}
