//! The names that the set-up has for the protocols concerned: switches of a mailbox, permissions, roles of RBAC for Applications.

use crate::kind::Access;

/// The rights for some protocols, each once and in the order of the table of checks.
#[derive(Clone, Copy, Debug)]
pub struct Protocols<'a>(pub &'a [&'static Access]);

impl<'a> Protocols<'a> {
    /// The parameters of `Set-CASMailbox` that switch them on; `None` if there is none.
    pub fn switches(self) -> Option<String> {
        let switches: Vec<_> = self.concerned().filter_map(|access| access.switch).collect();
        (!switches.is_empty()).then(|| switches.join(" "))
    }

    /// The permissions they need.
    pub fn permissions(self) -> Vec<String> {
        self.concerned().map(|access| access.permission.to_owned()).collect()
    }

    /// The APIs that those permissions belong to, in backquotes.
    pub fn apis(self) -> Vec<String> {
        let mut apis: Vec<_> = self.concerned().map(|access| format!("`{}`", access.resource.name())).collect();
        apis.dedup();
        apis
    }

    /// Each permission by itself, the least of several that will do, and the application id of its API.
    pub fn grants(self) -> Vec<(&'static str, &'static str)> {
        let least = |access: &'static Access| access.permission.split(" / ").next().unwrap_or_default();
        self.concerned().map(|access| (least(access), access.resource.id())).collect()
    }

    /// Their roles of RBAC for Applications.
    pub fn roles(self) -> Vec<&'static str> {
        self.concerned().filter_map(|access| access.rbac_role).collect()
    }

    fn concerned(self) -> impl Iterator<Item = &'static Access> + 'a {
        self.0.iter().copied()
    }
}
