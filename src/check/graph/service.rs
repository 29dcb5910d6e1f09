//! Microsoft Graph of a cloud, and requests to it with a token.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request};

use crate::check::Cx;
use crate::check::with_token::{self, NeededToken};
use crate::cloud::{Cloud, HttpsEndpoint};
use crate::kind::Resource;
use crate::net::BoxStream;
use crate::net::http::HttpResponse;
use crate::outcome::{Fault, Phase};
use crate::reason::Reason;
use crate::token::Token;
use crate::wire::Refusal;
use crate::wire::graph;
use crate::wire::http::ResponseHead;

/// Microsoft Graph of a cloud.
#[derive(Clone, Debug)]
pub struct GraphService {
    /// Its host.
    pub at: HttpsEndpoint,
    scope: String,
}

impl GraphService {
    /// Returns that of `cloud`.
    ///
    /// # Errors
    /// A message that says that none is known.
    pub fn of(cloud: &Cloud) -> Result<Self, String> {
        let service = cloud.graph.clone().zip(cloud.graph_scope.clone());
        let (at, scope) = service.ok_or_else(|| format!("no Graph host is known for the cloud `{}`", cloud.name))?;
        Ok(Self { at, scope })
    }

    /// Returns the need of a token for it with one of `roles`.
    pub fn needed_token(&self, roles: &'static [&'static str]) -> NeededToken<'_> {
        NeededToken { scope: &self.scope, resource: Resource::Graph, roles }
    }

    /// Gets `path` in `phase`, and parses the response.
    ///
    /// # Errors
    /// The refusal; those of [`with_token::exchange`].
    pub async fn read<T>(
        &self,
        cx: &mut Cx<'_>,
        token: &Token,
        path: &str,
        phase: Phase,
        parse: fn(ResponseHead<'_>, &[u8]) -> Result<T, Refusal>,
    ) -> Result<T, Fault> {
        self.request(cx, token, Method::GET, path, phase, parse).await.map(|(parsed, _)| parsed)
    }

    /// Sends a request without a body in `phase`, and returns what is parsed of the response with the response.
    ///
    /// # Errors
    /// The refusal; those of [`with_token::exchange`].
    pub async fn request<T>(
        &self,
        cx: &mut Cx<'_>,
        token: &Token,
        method: Method,
        path: &str,
        phase: Phase,
        parse: fn(ResponseHead<'_>, &[u8]) -> Result<T, Refusal>,
    ) -> Result<(T, HttpResponse), Fault> {
        let request = request(method, path, Full::default())?;
        let response = with_token::exchange(cx, token, &self.at, request, phase, graph::diagnostic_ids).await?;
        match parse(response.head(), &response.body) {
            Ok(parsed) => Ok((parsed, response)),
            Err(refusal) => Err(response.refusal_fault(cx.trace, refusal)),
        }
    }

    /// Sends `body`, JSON, to `path` over a `stream` to its host, in `phase`.
    ///
    /// # Errors
    /// Those of [`with_token::exchange`].
    pub async fn post_over(
        &self,
        cx: &mut Cx<'_>,
        stream: BoxStream,
        token: &Token,
        (path, body): (&str, String),
        phase: Phase,
    ) -> Result<HttpResponse, Fault> {
        let mut request = request(Method::POST, path, Full::new(Bytes::from(body)))?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        with_token::exchange_over(cx, stream, token, &self.at, request, phase, graph::diagnostic_ids).await
    }
}

fn request(method: Method, target: &str, body: Full<Bytes>) -> Result<Request<Full<Bytes>>, Fault> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = target.parse().map_err(|_| Fault::new(Reason::RequestRejected))?;
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json, text/plain")); // text: a whole mail
    Ok(request)
}
