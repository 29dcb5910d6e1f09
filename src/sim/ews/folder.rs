//! A mailbox's folders as EWS shows them.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::sim::http::HttpResponse;
use crate::sim::mailbox::{Folder, FolderAccess, Mailbox};

use super::request::{Base, FolderName, Operation, Page, Request, Shape, Traversal};
use super::response::{self, Message};
use super::xml::escaped;

/// Answers a request.
pub(super) fn answer(mailbox: &Mailbox, request: &Request) -> HttpResponse {
    if mailbox.folder_access == FolderAccess::Denied {
        return response::errors(request, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
    }
    let nodes = nodes(mailbox);
    let message = |name: &FolderName| {
        let Some(node) = find(&nodes, mailbox, name) else {
            return match name {
                FolderName::Distinguished(_) => {
                    Message::Error("ErrorFolderNotFound", "The specified folder could not be found in the store.")
                }
                FolderName::Id(_) => Message::Error("ErrorInvalidIdMalformed", "Id is malformed."),
            };
        };
        Message::Success(match &request.operation {
            Operation::ConvertId => node.alternate_id(),
            Operation::GetFolder => format!("<m:Folders>{}</m:Folders>", node.xml(&request.shape)),
            Operation::FindFolder { traversal, page } => root_folder(&below(&nodes, node, *traversal), *page, &request.shape),
        })
    };
    response::messages(request, request.folders.iter().map(message))
}

/// A folder in the tree: `root` holds `msgfolderroot`, which holds the mailbox's folders.
struct Node<'m> {
    /// The text that its id is made of.
    key: &'m str,
    parent: Option<&'m str>,
    owner: &'m str,
    name: &'m str,
    distinguished: &'m str,
    class: &'m str,
    total: usize,
    unread: usize,
    children: usize,
}

fn nodes(mailbox: &Mailbox) -> Vec<Node<'_>> {
    if mailbox.folder_access == FolderAccess::Hidden {
        return Vec::new();
    }
    let root = Node::above(mailbox, "root", None, "root", "", 1);
    let top = Node::above(mailbox, "msgfolderroot", Some("root"), "Top of Information Store", "IPF", mailbox.folders.len());
    [top, root].into_iter().chain(mailbox.folders.iter().map(|folder| Node::new(mailbox, folder))).collect()
}

impl<'m> Node<'m> {
    /// A folder above those of the mailbox: it holds no items.
    fn above(
        mailbox: &'m Mailbox,
        key: &'m str,
        parent: Option<&'m str>,
        name: &'m str,
        class: &'m str,
        children: usize,
    ) -> Self {
        Self { key, parent, owner: &mailbox.address, name, distinguished: key, class, total: 0, unread: 0, children }
    }

    /// A folder of the mailbox; what the inbox holds is known.
    fn new(mailbox: &'m Mailbox, folder: &'m Folder) -> Self {
        let inbox = folder.distinguished == "inbox";
        Self {
            key: &folder.name,
            parent: Some("msgfolderroot"),
            owner: &mailbox.address,
            name: &folder.name,
            distinguished: folder.distinguished,
            class: folder.class,
            total: mailbox.messages_of(folder).len() + folder.total as usize,
            unread: if inbox { mailbox.unseen() } else { 0 },
            children: 0,
        }
    }
}

fn find<'n, 'm>(nodes: &'n [Node<'m>], mailbox: &Mailbox, name: &FolderName) -> Option<&'n Node<'m>> {
    match name {
        FolderName::Distinguished(id) => nodes.iter().find(|node| node.distinguished == id),
        FolderName::Id(id) => nodes.iter().find(|node| node_id(&mailbox.address, node.key) == *id),
    }
}

/// A folder's id: opaque to clients, and of the shape of a real one.
fn node_id(owner: &str, key: &str) -> String {
    BASE64.encode(format!("\0\0\u{1}{owner}\0{key}"))
}

fn below<'n, 'm>(nodes: &'n [Node<'m>], top: &Node<'_>, traversal: Traversal) -> Vec<&'n Node<'m>> {
    let children = |key: &str| nodes.iter().filter(|node| node.parent == Some(key)).collect::<Vec<_>>();
    match traversal {
        Traversal::Shallow => children(top.key),
        Traversal::SoftDeleted => Vec::new(),
        Traversal::Deep => {
            let mut found = children(top.key);
            let mut at = 0;
            while let Some(node) = found.get(at) {
                found.extend(children(node.key));
                at += 1;
            }
            found
        }
    }
}

fn root_folder(nodes: &[&Node<'_>], page: Page, shape: &Shape) -> String {
    let count = nodes.len();
    let (from, most, fractional) = match page {
        Page::Whole => (0, usize::MAX, false),
        Page::Indexed { offset, most, from_end: false } => (offset, most, false),
        Page::Indexed { offset, most, from_end: true } => {
            (count.saturating_sub(offset).saturating_sub(most), most.min(count.saturating_sub(offset)), false)
        }
        Page::Fractional { numerator, denominator, most } => (count.saturating_mul(numerator) / denominator, most, true),
    };
    let shown: Vec<_> = nodes.iter().skip(from).take(most).collect();
    let next = from.saturating_add(shown.len());
    let last = next >= count;
    let position = match page {
        Page::Whole => String::new(),
        _ if fractional => format!("NumeratorOffset=\"{next}\" AbsoluteDenominator=\"{count}\" "),
        _ => format!("IndexedPagingOffset=\"{next}\" "),
    };
    let folders: String = shown.iter().map(|node| node.xml(shape)).collect();
    format!(
        "<m:RootFolder {position}TotalItemsInView=\"{count}\" IncludesLastItemInRange=\"{last}\"><t:Folders>{folders}</t:Folders></m:RootFolder>"
    )
}

impl Node<'_> {
    /// The element its class has in the schema.
    fn element(&self) -> &'static str {
        match self.class {
            "IPF.Appointment" => "CalendarFolder",
            "IPF.Contact" => "ContactsFolder",
            "IPF.Task" => "TasksFolder",
            _ => "Folder",
        }
    }

    /// Its id as `ConvertId` answers it.
    fn alternate_id(&self) -> String {
        format!(
            "<m:AlternateId xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"t:AlternateIdType\" Format=\"EwsId\" \
             Id=\"{}\" Mailbox=\"{}\"/>",
            node_id(self.owner, self.key),
            escaped(self.owner)
        )
    }

    /// The folder with the properties asked for, in the order of the schema's `BaseFolderType`.
    fn xml(&self, shape: &Shape) -> String {
        let element = self.element();
        let id = |key: &str| format!("Id=\"{}\" ChangeKey=\"AQAAABYAAAA=\"", node_id(self.owner, key));
        let wanted = |name: &str, base: bool| match shape.base {
            Base::AllProperties => true,
            Base::Default if base => true,
            _ => shape.additional.iter().any(|property| property.strip_prefix("folder:") == Some(name)),
        };
        let mut xml = format!("<t:{element}><t:FolderId {}/>", id(self.key));
        if let Some(parent) = self.parent.filter(|_| wanted("ParentFolderId", false)) {
            let _ = write!(xml, "<t:ParentFolderId {}/>", id(parent));
        }
        let properties = [
            ("FolderClass", false, self.class.to_owned(), !self.class.is_empty()),
            ("DisplayName", true, escaped(self.name), true),
            ("TotalCount", true, self.total.to_string(), true),
            ("ChildFolderCount", true, self.children.to_string(), true),
            ("DistinguishedFolderId", false, self.distinguished.to_owned(), !self.distinguished.is_empty()),
            // Calendars and contacts have no unread count in the schema.
            ("UnreadCount", true, self.unread.to_string(), matches!(element, "Folder" | "TasksFolder")),
        ];
        for (name, base, value, has) in properties {
            if has && wanted(name, base) {
                let _ = write!(xml, "<t:{name}>{value}</t:{name}>");
            }
        }
        xml + &format!("</t:{element}>")
    }
}
