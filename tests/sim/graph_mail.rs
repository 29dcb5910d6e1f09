//! The mail of the simulated tenant's Graph, as any client may ask for it.

use m365_probe::sim::{Running, Tenant, start};

use crate::peer::{Answer, PRAXIS, Peer};

async fn call(tenant: &Running, token: &str, head: &str, body: &str) -> Answer {
    let peer = Peer::tls(tenant, tenant.ports().graph, "graph.microsoft.com").await.unwrap();
    let (method, target) = head.split_once(' ').unwrap();
    let media = if body.starts_with('{') { "application/json" } else { "text/plain" };
    let head = format!(
        "{method} /v1.0/users/{PRAXIS}/{target} HTTP/1.1\r\nHost: graph.microsoft.com\r\nContent-Type: {media}\r\nAuthorization: Bearer {token}"
    );
    peer.request(&head, body).await
}

const JSON: &str = r#"{"message":{"subject":"A","body":{"contentType":"Text","content":"b\nc"},
    "toRecipients":[{"emailAddress":{"address":"praxis@contoso.example"}}],
    "internetMessageHeaders":[{"name":"x-own","value":"1"}]}}"#;

#[tokio::test]
async fn mail_sent_with_graph_is_listed_shown_and_deleted() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let token = crate::graph::token(&tenant).await;
    let without_copy = JSON.trim_end_matches('}').to_owned() + "},\"saveToSentItems\":false}";
    // `Subject: B`, in MIME with line feeds.
    let mime = "RnJvbTogcHJheGlzQGNvbnRvc28uZXhhbXBsZQpUbzogPHByYXhpc0Bjb250b3NvLmV4YW1wbGU+ClN1YmplY3Q6IEIKCmIK";
    for (body, status, piece) in [
        (JSON, 202, ""),
        (&without_copy, 202, ""),
        (mime, 202, ""),
        ("%%%", 400, "ErrorMimeContentInvalidBase64String"),
        ("{}", 400, "RequestBodyRead"),
        (r#"{"message":{}}"#, 400, "ErrorInvalidRecipients"),
        (&JSON.replace("x-own", "Auto-Submitted"), 400, "InvalidInternetMessageHeader"),
        (
            &JSON.replace(r#""subject""#, r#""from":{"emailAddress":{"address":"x@contoso.example"}},"subject""#),
            403,
            "ErrorSendAsDenied",
        ),
    ] {
        let answer = call(&tenant, &token, "POST sendMail", body).await;
        assert_eq!(answer.status(), status, "{body}: {answer:?}");
        assert!(answer.body.contains(piece) && (status != 202 || answer.body.is_empty()), "{body}: {answer:?}");
    }
    let order = "$orderby=receivedDateTime%20desc";
    for (target, status, count) in [
        ("mailFolders/inbox/messages?$top=100".to_owned(), 200, 15),
        ("mailFolders/sentitems/messages".to_owned(), 200, 2),
        ("messages?$top=100".to_owned(), 200, 17),
        (
            format!("mailFolders/inbox/messages?$filter=receivedDateTime%20ge%202000-01-01T00:00:00Z&{order}&$top=10&$skip=10"),
            200,
            5,
        ),
        (format!("mailFolders/inbox/messages?$filter=receivedDateTime%20gt%202100-01-01T00:00:00Z&{order}"), 200, 0),
        ("messages?$filter=internetMessageId%20eq%20'%3C1.befund@fabrikam.example%3E'".to_owned(), 200, 1),
        (format!("messages?$filter=internetMessageId%20eq%20'%3C1%3E'&{order}"), 400, 0),
        ("messages?$filter=contains(subject,'A')".to_owned(), 400, 0),
    ] {
        let answer = call(&tenant, &token, &format!("GET {target}"), "").await;
        assert_eq!(answer.status(), status, "{target}: {answer:?}");
        assert_eq!(answer.json()["value"].as_array().map_or(0, Vec::len), count, "{target}: {answer:?}");
    }
    let select = "$select=subject,internetMessageHeaders&$top=1";
    for (folder, shows) in [("inbox", true), ("sentitems", false)] {
        let list = call(&tenant, &token, &format!("GET mailFolders/{folder}/messages?{select}&{order}"), "").await.json();
        assert_eq!(list["value"][0].get("internetMessageHeaders").is_some(), shows, "{list}");
        assert!(list["value"][0].get("receivedDateTime").is_none(), "{list}");
        let id = list["value"][0]["id"].as_str().unwrap().to_owned();
        let text = call(&tenant, &token, &format!("GET messages/{id}/$value"), "").await.body;
        assert!(text.contains("Subject: B\r\n") && text.contains("Message-ID: <"), "{text}");
        for status in [204, 404] {
            let deleted = call(&tenant, &token, &format!("DELETE mailFolders/{folder}/messages/{id}"), "").await;
            assert_eq!(deleted.status(), status, "{deleted:?}");
        }
    }
}

#[tokio::test]
async fn each_call_for_mail_needs_its_own_permission() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    for (role, allowed) in [
        ("Mail.ReadBasic.All", [true, false, false, false]),
        ("Mail.Read", [true, true, false, false]),
        ("Mail.ReadWrite", [true, true, true, false]),
        ("Mail.Send", [false, false, false, true]),
    ] {
        tenant.change(|tenant| tenant.application.roles = vec![role.to_owned()]);
        let token = crate::graph::token(&tenant).await;
        let calls = ["GET messages", "GET messages/x/$value", "DELETE messages/x", "POST sendMail"];
        for (head, allowed) in calls.into_iter().zip(allowed) {
            let body = if head.starts_with("POST") { JSON } else { "" };
            let status = call(&tenant, &token, head, body).await.status();
            assert_eq!((status != 403, status != 401), (allowed, true), "{role} {head}");
        }
    }
}
