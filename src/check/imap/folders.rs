//! Looks into the folders of an IMAP session that has logged in, and deletes from them.

use crate::net::Conn;
use crate::outcome::Fault;
use crate::wire::imap::Step;
use crate::wire::imap::folder::{self, FetchedText, ListedFolder, SelectedFolder};

use super::{Reply, Session};

impl Session {
    /// Lists the folders at the top.
    ///
    /// # Errors
    /// The refusal, or the fault of the connection.
    pub async fn folders(&mut self, conn: &mut Conn<'_>) -> Result<Vec<ListedFolder>, Fault> {
        let data = self.command(conn, folder::LIST).await?;
        Ok(data.iter().filter_map(|line| folder::parse_list(line)).collect())
    }

    /// Opens a folder.
    ///
    /// # Errors
    /// The refusal, or the fault of the connection.
    pub async fn select(&mut self, conn: &mut Conn<'_>, name: &str) -> Result<SelectedFolder, Fault> {
        let mut selected = SelectedFolder::default();
        self.command(conn, &folder::select(name)).await?.iter().for_each(|line| selected.read(line));
        Ok(selected)
    }

    /// Reads texts of messages with one of the commands of [`folder`].
    ///
    /// # Errors
    /// The refusal, or the fault of the connection.
    pub async fn texts(&mut self, conn: &mut Conn<'_>, command: &str) -> Result<Vec<FetchedText>, Fault> {
        conn.count_anew();
        let mut texts = Vec::new();
        for line in self.command(conn, command).await? {
            texts.extend(conn.accept(folder::parse_fetch(&line).map_err(Into::into))?);
        }
        Ok(texts)
    }

    /// Deletes one message of the open folder.
    ///
    /// # Errors
    /// The refusal, or the fault of the connection.
    pub async fn delete(&mut self, conn: &mut Conn<'_>, uid: u32) -> Result<(), Fault> {
        conn.count_anew();
        for command in folder::delete(uid) {
            self.command(conn, &command).await?;
        }
        Ok(())
    }

    pub(super) async fn command(&mut self, conn: &mut Conn<'_>, command: &str) -> Result<Vec<String>, Fault> {
        let tag = self.tag();
        conn.send(&format!("{tag} {command}")).await?;
        Reply::new(&tag, Step::Mailbox).read(conn).await
    }
}
