//! EWS.

use m365_probe::sim::{Licence, Running, Tenant, start};

use crate::peer::{Answer, PRAXIS, Peer, form, post, token};

/// The request Microsoft documents: FindFolder with impersonation.
pub const FIND_FOLDER: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"
    xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"
    xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">
  <soap:Header>
    <t:RequestServerVersion Version="Exchange2013_SP1"/>
    <t:ExchangeImpersonation><t:ConnectingSID><t:SmtpAddress>praxis@contoso.example</t:SmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>
  </soap:Header>
  <soap:Body>
    <m:FindFolder Traversal="Shallow">
      <m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>
      <m:IndexedPageFolderView MaxEntriesReturned="1" Offset="0" BasePoint="Beginning"/>
      <m:ParentFolderIds><t:DistinguishedFolderId Id="msgfolderroot"/></m:ParentFolderIds>
    </m:FindFolder>
  </soap:Body>
</soap:Envelope>"#;

/// Posts `body` with `token`.
pub async fn call(tenant: &Running, token: &str, body: &str) -> Result<Answer, String> {
    let peer = Peer::tls(tenant, tenant.ports().ews, "outlook.office365.com").await?;
    let head = format!(
        "POST /EWS/Exchange.asmx HTTP/1.1\r\nHost: outlook.office365.com\r\nContent-Type: text/xml; charset=utf-8\r\n\
         X-AnchorMailbox: {PRAXIS}\r\nAuthorization: Bearer {token}"
    );
    Ok(peer.request(&head, body).await)
}

#[tokio::test]
async fn folders_are_found_and_got() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let token = token(&tenant).await;
    let get_folder = FIND_FOLDER
        .replace("m:FindFolder", "m:GetFolder")
        .replace(" Traversal=\"Shallow\"", "")
        .replace("<m:IndexedPageFolderView MaxEntriesReturned=\"1\" Offset=\"0\" BasePoint=\"Beginning\"/>", "")
        .replace("ParentFolderIds", "FolderIds");
    let root = r#"<m:RootFolder IndexedPagingOffset="1" TotalItemsInView="12" IncludesLastItemInRange="false"><t:Folders><t:Folder><t:FolderId Id=""#;
    for (body, piece) in [
        (FIND_FOLDER.to_owned(), root),
        (
            FIND_FOLDER
                .replace("t:", "types:")
                .replace("soap:", "")
                .replace("<Envelope xmlns:soap", "<Envelope xmlns")
                .replace("xmlns:t=", "xmlns:types="),
            root,
        ),
        (
            FIND_FOLDER.replace("msgfolderroot", "calendar"),
            r#"TotalItemsInView="0" IncludesLastItemInRange="true"><t:Folders></t:Folders>"#,
        ),
        (FIND_FOLDER.replace("Shallow", "Deep").replace("msgfolderroot", "root"), r#"TotalItemsInView="13""#),
        (FIND_FOLDER.replace("Beginning", "End").replace("IdOnly", "Default"), "<t:DisplayName>Tasks</t:DisplayName>"),
        (FIND_FOLDER.replace("\"IndexedPageFolderView", "x"), "NoError"),
        (
            get_folder.replace("msgfolderroot", "inbox").replace("IdOnly", "Default"),
            "<t:TotalCount>12</t:TotalCount><t:ChildFolderCount>0</t:ChildFolderCount><t:UnreadCount>4</t:UnreadCount>",
        ),
        (get_folder.replace("msgfolderroot", "voicemail"), "<m:ResponseCode>ErrorFolderNotFound</m:ResponseCode>"),
    ] {
        let answer = call(&tenant, &token, &body).await.unwrap();
        assert_eq!(answer.status(), 200, "{answer:?}");
        assert!(answer.body.contains(piece), "{piece} not in {}", answer.body);
        for header in ["request-id", "x-feserver", "x-beserver", "x-diaginfo", "x-calculatedbetarget"] {
            assert!(!answer.header(header).is_empty(), "{header}");
        }
    }
}

#[tokio::test]
async fn a_request_that_breaks_the_schema_is_a_fault() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let token = token(&tenant).await;
    let view = "<m:IndexedPageFolderView MaxEntriesReturned=\"1\" Offset=\"0\" BasePoint=\"Beginning\"/>";
    let shape = "<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>";
    let impersonation = "<t:SmtpAddress>praxis@contoso.example</t:SmtpAddress>";
    let schema = "ErrorSchemaValidation";
    for (from, to, code) in [
        (" Traversal=\"Shallow\"", "", schema),
        ("Shallow", "Sideways", schema),
        (shape, "", schema),
        (view, "<m:IndexedPageItemView Offset=\"0\" BasePoint=\"Beginning\"/>", schema),
        (" BasePoint=\"Beginning\"", "", schema),
        (" Offset=\"0\"", " Offset=\"-1\"", schema),
        ("IdOnly", "Everything", schema),
        ("msgfolderroot", "kalender", schema),
        ("<t:DistinguishedFolderId Id=\"msgfolderroot\"/>", "", schema),
        ("m:ParentFolderIds", "t:ParentFolderIds", schema),
        ("<m:FindFolder", "<m:Frobnicate", schema),
        ("</soap:Envelope>", "", schema),
        ("<?xml version=\"1.0\" encoding=\"utf-8\"?>", "<!DOCTYPE x [<!ENTITY a \"b\">]>", schema),
        (impersonation, "<t:SmtpAddress>a</t:SmtpAddress><t:PrincipalName>a</t:PrincipalName>", schema),
        ("Exchange2013_SP1", "V2018_01_08", "ErrorInvalidServerVersion"),
        (impersonation, "<t:SID>S-1</t:SID>", "ErrorInvalidUserSid"),
        (impersonation, "<t:PrimarySmtpAddress>info@contoso.example</t:PrimarySmtpAddress>", "ErrorNonExistentMailbox"),
        (FIND_FOLDER, "", "ErrorInvalidRequest"),
    ] {
        let answer = call(&tenant, &token, &FIND_FOLDER.replace(from, to)).await.unwrap();
        assert_eq!(answer.status(), 500, "{to}: {answer:?}");
        assert!(answer.body.contains(&format!(">a:{code}</faultcode>")), "{from} -> {to}: {}", answer.body);
        assert!(!answer.body.contains("Header"), "faults come without a header");
    }
}

#[tokio::test]
async fn only_the_primary_address_is_primary() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    tenant.change(|tenant| tenant.mailbox_mut(PRAXIS).unwrap().aliases.push("info@contoso.example".to_owned()));
    let token = token(&tenant).await;
    let alias = FIND_FOLDER.replace(PRAXIS, "info@contoso.example");
    assert_eq!(call(&tenant, &token, &alias).await.unwrap().status(), 200);
    let answer = call(&tenant, &token, &alias.replace("SmtpAddress", "PrimarySmtpAddress")).await.unwrap();
    assert!(answer.body.contains("ErrorNonPrimarySmtpAddress"), "{answer:?}");
}

#[tokio::test]
async fn each_refusal_in_http_has_its_status_and_header() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let good = token(&tenant).await;
    let mut graph = form(&tenant);
    graph[3].1 = "https://graph.microsoft.com/.default".to_owned();
    let graph = post(&tenant, "contoso.example", &graph).await.unwrap().json()["access_token"].as_str().unwrap().to_owned();
    for (token, code) in [(graph.as_str(), "2000003;"), ("not.a.token", "2000001;"), (&good[..good.len() - 8], "2000000;")] {
        let answer = call(&tenant, token, FIND_FOLDER).await.unwrap();
        assert_eq!(answer.status(), 401);
        assert!(answer.header("x-ms-diagnostics").starts_with(code), "{answer:?}");
        assert!(answer.header("www-authenticate").ends_with("error=\"invalid_token\""), "{answer:?}");
    }
    tenant.expire_tokens();
    assert!(call(&tenant, &good, FIND_FOLDER).await.unwrap().header("x-ms-diagnostics").starts_with("2000002;"));
    let good = token(&tenant).await;
    assert_eq!(call(&tenant, &good, FIND_FOLDER).await.unwrap().status(), 200, "a fresh token is good again");
    tenant.change(|tenant| tenant.mailbox_mut(PRAXIS).unwrap().licence = Licence::Kiosk);
    let answer = call(&tenant, &good, FIND_FOLDER).await.unwrap();
    assert_eq!((answer.status(), answer.header("x-ews-policy-reason"), answer.body.as_str()), (403, "", ""));
}

#[tokio::test]
async fn without_a_token_there_is_a_challenge() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    for (method, path) in [("GET", "/"), ("HEAD", "/EWS/Exchange.asmx"), ("POST", "/ews/exchange.asmx")] {
        let peer = Peer::tls(&tenant, tenant.ports().ews, "outlook.office365.com").await.unwrap();
        let answer = peer.request(&format!("{method} {path} HTTP/1.1\r\nHost: outlook.office365.com"), "").await;
        assert_eq!(answer.status(), 401);
        assert!(answer.header("www-authenticate").starts_with("Bearer client_id=\"00000002-0000-0ff1-ce00-000000000000\""));
        assert!(!answer.header("www-authenticate").contains("error=") && answer.header("x-ms-diagnostics").is_empty());
    }
}
