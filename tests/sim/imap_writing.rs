//! IMAP commands that write: folders are made and removed, messages added, copied and moved.

use m365_probe::sim::{Mailbox, Running, Tenant, start};

use crate::peer::{PRAXIS, Peer, token, xoauth2};

/// A tenant in which one mailbox has five messages of a known day.
async fn contoso() -> Running {
    let mut tenant = Tenant::contoso();
    tenant.mailboxes[0] = Mailbox::new(PRAXIS).with_messages(5);
    start(tenant).await.unwrap()
}

/// A session of `praxis` that has opened the inbox by `SELECT` or `EXAMINE`.
async fn opened(tenant: &Running, command: &str) -> Peer {
    let sasl = xoauth2(PRAXIS, &token(tenant).await);
    let mut peer = Peer::tls(tenant, tenant.ports().imaps, "outlook.office365.com").await.unwrap();
    peer.play(&format!("S: * OK…\nC: a1 AUTHENTICATE XOAUTH2 {sasl}\nS: a1 OK…\nC: a2 {command} INBOX\nS: * 5 EXISTS")).await;
    while !peer.line().await.starts_with("a2 OK") {}
    peer
}

#[tokio::test]
async fn imap_copy_and_move_tell_the_unique_ids_of_originals_and_copies() {
    let tenant = contoso().await;
    opened(&tenant, "SELECT")
        .await
        .play(
            "C: b1 COPY 2:3,5 Archive
             S: b1 OK [COPYUID 14 2:3,5 6:8] COPY completed.
             C: b2 UID MOVE 1:2 \"Deleted Items\"
             S: * OK [COPYUID 14 1:2 9:10]
             S: * 1 EXPUNGE
             S: * 1 EXPUNGE
             S: b2 OK MOVE completed.
             C: b3 UID COPY 5 INBOX
             S: * 4 EXISTS
             S: b3 OK [COPYUID 14 5 11] COPY completed.
             C: b4 UID COPY 99 Archive
             S: b4 OK COPY completed.
             C: b5 MOVE 1 Nowhere
             S: b5 NO [TRYCREATE] The destination mailbox could not be found.
             C: b6 STATUS Archive (MESSAGES UNSEEN UIDNEXT)
             S: * STATUS Archive (MESSAGES 3 UNSEEN 1 UIDNEXT 12)
             S: b6 OK STATUS completed.
             C: b7 UID SEARCH ALL
             S: * SEARCH 3 4 5 11
             S: b7 OK SEARCH completed.",
        )
        .await;
    opened_read_only(&tenant).await;
}

async fn opened_read_only(tenant: &Running) {
    let sasl = xoauth2(PRAXIS, &token(tenant).await);
    let mut peer = Peer::tls(tenant, tenant.ports().imaps, "outlook.office365.com").await.unwrap();
    peer.play(&format!("S: * OK…\nC: a1 AUTHENTICATE XOAUTH2 {sasl}\nS: a1 OK…\nC: a2 EXAMINE INBOX\nS: * 4 EXISTS")).await;
    while !peer.line().await.starts_with("a2 OK [READ-ONLY]") {}
    peer.play("C: b1 MOVE 1 Archive\nS: b1 NO MOVE failed.\nC: b2 COPY 1 Archive\nS: b2 OK [COPYUID…").await;
}

#[tokio::test]
async fn imap_append_keeps_date_and_flags_and_tells_the_unique_id() {
    let tenant = contoso().await;
    opened(&tenant, "SELECT")
        .await
        .play(
            "C: b1 APPEND INBOX (\\Seen) \" 2-Nov-2026 08:00:00 +0100\" {14+}
             C: Subject: x
             C:
             C:
             S: * 6 EXISTS
             S: b1 OK [APPENDUID 14 6] APPEND completed.
             C: b2 FETCH 6 (FLAGS INTERNALDATE RFC822.SIZE)
             S: * 6 FETCH (FLAGS (\\Seen) INTERNALDATE \"02-Nov-2026 07:00:00 +0000\" RFC822.SIZE 14)
             S: b2 OK FETCH completed.
             C: b3 APPEND Nowhere {14}
             S: + Ready for additional command text.
             C: Subject: x
             C:
             C:
             S: b3 NO [TRYCREATE] The destination mailbox could not be found.
             C: b4 APPEND INBOX \"yesterday\" {1+}
             C: x
             S: b4 BAD Command Argument Error. 11",
        )
        .await;
}

#[tokio::test]
async fn imap_folders_of_a_user_are_made_renamed_listed_by_level_and_removed() {
    let tenant = contoso().await;
    opened(&tenant, "SELECT")
        .await
        .play(
            "C: b1 CREATE \"Rechnungen/&ANw-berf&AOQ-llig\"
             S: b1 OK CREATE completed.
             C: b2 LIST \"\" \"Rech*\"
             S: * LIST (\\HasChildren) \"/\" Rechnungen
             S: * LIST (\\HasNoChildren) \"/\" \"Rechnungen/&ANw-berf&AOQ-llig\"
             S: b2 OK LIST completed.
             C: b3 LIST \"\" \"Rech%\"
             S: * LIST (\\HasChildren) \"/\" Rechnungen
             S: b3 OK LIST completed.
             C: b4 LIST Rechnungen/ %
             S: * LIST (\\HasNoChildren) \"/\" \"Rechnungen/&ANw-berf&AOQ-llig\"
             S: b4 OK LIST completed.
             C: b5 CREATE Rechnungen/
             S: b5 NO [ALREADYEXISTS] Mailbox already exists.
             C: b6 RENAME Rechnungen Ablage/2026
             S: b6 OK RENAME completed.
             C: b7 STATUS \"Ablage/2026/&ANw-berf&AOQ-llig\" (MESSAGES)
             S: * STATUS \"Ablage/2026/&ANw-berf&AOQ-llig\" (MESSAGES 0)
             S: b7 OK STATUS completed.
             C: b8 RENAME INBOX Other
             S: b8 NO [CANNOT] The folder is one of Exchange's own.
             C: b9 DELETE \"Sent Items\"
             S: b9 NO [CANNOT] The folder is one of Exchange's own.
             C: c1 DELETE Ablage
             S: c1 OK DELETE completed.
             C: c2 LIST \"\" \"Ablage*\"
             S: c2 OK LIST completed.
             C: c3 DELETE Ablage
             S: c3 NO [NONEXISTENT] Mailbox doesn't exist.
             C: c4 CREATE a//b
             S: c4 NO CREATE failed.",
        )
        .await;
}

#[tokio::test]
async fn imap_idle_tells_of_a_message_that_another_client_moves_here() {
    let tenant = contoso().await;
    let (mut idle, mut other) = (opened(&tenant, "SELECT").await, opened(&tenant, "SELECT").await);
    other.play("C: b1 COPY 1 Archive\nS: b1 OK…\nC: b2 SELECT Archive\nS: * 1 EXISTS").await;
    idle.play("C: b1 IDLE\nS: + IDLE accepted, awaiting DONE command.").await;
    while !other.line().await.starts_with("b2 OK") {}
    other.play("C: b3 MOVE 1 INBOX\nS: * OK [COPYUID 14 6 7]\nS: * 1 EXPUNGE\nS: b3 OK MOVE completed.").await;
    idle.play("S: * 6 EXISTS\nC: DONE\nS: b1 OK IDLE completed.").await;
}
