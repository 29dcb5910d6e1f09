// ews-javascript-api: FindFolder and a refusal, read by a port of Microsoft's own managed API.
"use strict";
const assert = require("node:assert");
const dns = require("node:dns");
const fs = require("node:fs");
const https = require("node:https");

const T = JSON.parse(fs.readFileSync(process.argv[2]));

// Microsoft's names lead to this machine.
const lookup = dns.lookup;
dns.lookup = (host, options, done) => {
  if (typeof options === "function") [options, done] = [{}, options];
  lookup(/\.(microsoftonline|office365)\.com$/.test(host) ? "127.0.0.1" : host, options, done);
};

function token() {
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: T.client_id,
    client_secret: T.client_secret,
    scope: "https://outlook.office365.com/.default",
  }).toString();
  const options = { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded", "Content-Length": form.length } };
  const url = `https://login.microsoftonline.com:${T.login}/${T.tenant_id}/oauth2/v2.0/token`;
  return new Promise((resolve, reject) => {
    const request = https.request(url, options, (answer) => {
      let body = "";
      answer.on("data", (piece) => (body += piece));
      answer.on("end", () => resolve(JSON.parse(body).access_token));
    });
    request.on("error", reject);
    request.end(form);
  });
}

async function main() {
  const ews = require("ews-javascript-api");
  const service = (mailbox, bearer) => {
    const service = new ews.ExchangeService(ews.ExchangeVersion.Exchange2013_SP1);
    service.Url = new ews.Uri(`https://outlook.office365.com:${T.ews}/EWS/Exchange.asmx`);
    service.Credentials = new ews.OAuthCredentials(bearer);
    service.ImpersonatedUserId = new ews.ImpersonatedUserId(ews.ConnectingIdType.SmtpAddress, mailbox);
    return service;
  };
  const bearer = await token();
  const root = ews.WellKnownFolderName.MsgFolderRoot;
  const found = await service(T.mailbox, bearer).FindFolders(root, new ews.FolderView(5));
  assert.strictEqual(found.TotalCount, 12);
  assert.strictEqual(found.Folders.length, 5);
  assert.ok(found.MoreAvailable);
  const inbox = await ews.Folder.Bind(service(T.mailbox, bearer), ews.WellKnownFolderName.Inbox);
  assert.strictEqual(inbox.TotalCount, 12);
  assert.strictEqual(inbox.UnreadCount, 4);

  const refused = (mailbox, bearer, words) =>
    service(mailbox, bearer).FindFolders(root, new ews.FolderView(5)).then(
      () => assert.fail("not refused"),
      (error) => assert.ok(JSON.stringify([error.message, error.ErrorCode, error]).includes(words), `${words}: ${error.message}`),
    );
  await refused("nobody@contoso.example", bearer, "The SMTP address has no mailbox associated with it.");
  await refused(T.mailbox, "not.a.token", "401");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
