//! One client credentials request: RFC 6749 section 4.4, as Entra wants it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{HeaderMap, header};
use oauth2::{AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse, Scope, TokenResponse as _, TokenUrl};

use crate::cloud::HttpsEndpoint;
use crate::net::Net;
use crate::net::http::{self, Answer};
use crate::outcome::{Fault, Phase, TokenFacts};
use crate::reason::Reason;
use crate::secret::{Secret, Sent};
use crate::settings::Tenant;
use crate::trace::Trace;

pub(super) async fn token(trace: &mut Trace, net: &Net, tenant: &Tenant, scope: &str) -> Result<(Secret, TokenFacts), Fault> {
    let _ = (trace, net, tenant, scope);
    Err(Fault::new(Reason::Internal))
}
