//! An EWS request read from SOAP, held to the order and the values its schema demands.

use super::names;
use super::xml::{Element, Namespace};

/// A request the service understands.
#[derive(Debug)]
pub(super) struct Request {
    /// The user that the application wants to act as.
    pub impersonated: Option<Impersonated>,
    /// The requested operation.
    pub operation: Operation,
    /// The requested properties of each folder.
    pub shape: Shape,
    /// The folders named.
    pub folders: Vec<FolderName>,
}

/// `t:ConnectingSID`.
#[derive(Debug)]
pub(super) enum Impersonated {
    /// `t:PrimarySmtpAddress`: only the primary address will do.
    Primary(String),
    /// `t:SmtpAddress` or `t:PrincipalName`.
    Any(String),
    /// `t:SID`, which nobody has here.
    Sid,
}

impl Impersonated {
    /// The address; empty for a SID.
    pub(super) fn address(&self) -> &str {
        match self {
            Self::Primary(address) | Self::Any(address) => address,
            Self::Sid => "",
        }
    }
}

/// A requested operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// `m:FindFolder`: the folders below the ones named.
    FindFolder {
        /// The depth of the search below the folder.
        traversal: Traversal,
        /// The requested part of the list.
        page: Page,
    },
    /// `m:GetFolder`: the folders named.
    GetFolder,
    /// `m:ConvertId`: the ids named, in another notation. Clients ask it to learn the server's version.
    ConvertId,
}

impl Operation {
    /// Its name in the schema.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::FindFolder { .. } => "FindFolder",
            Self::GetFolder => "GetFolder",
            Self::ConvertId => "ConvertId",
        }
    }
}

/// `Traversal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Traversal {
    /// One level.
    Shallow,
    /// All levels.
    Deep,
    /// Deleted folders.
    SoftDeleted,
}

/// A part of a list: at most `most` entries from `offset` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// Everything.
    Whole,
    /// `m:IndexedPageFolderView`.
    Indexed {
        /// Entries passed over.
        offset: usize,
        /// Entries wanted.
        most: usize,
        /// `BasePoint="End"`: counted from the end.
        from_end: bool,
    },
    /// `m:FractionalPageFolderView`.
    Fractional {
        /// Place in the list, in parts.
        numerator: usize,
        /// The number of parts of the list.
        denominator: usize,
        /// Entries wanted.
        most: usize,
    },
}

/// `m:FolderShape`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// `t:BaseShape`.
    pub base: Base,
    /// `folder:` properties asked for besides.
    pub additional: Vec<String>,
}

/// `t:BaseShape`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// The id only.
    IdOnly,
    /// The usual properties.
    Default,
    /// All there are.
    AllProperties,
}

/// A folder as a request names it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FolderName {
    /// `t:DistinguishedFolderId`.
    Distinguished(String),
    /// `t:FolderId`, as this server gave it out.
    Id(String),
}

/// The reason why a request is not served: a SOAP fault.
#[derive(Debug)]
pub(super) struct Invalid {
    /// The response code.
    pub code: &'static str,
    /// The words.
    pub text: String,
    /// The content of `t:MessageXml`.
    pub xml: String,
}

/// Reads a request.
pub(super) fn read(document: &[u8]) -> Result<Request, Invalid> {
    if document.is_empty() {
        return Err(Invalid { code: "ErrorInvalidRequest", text: "The request is invalid.".to_owned(), xml: String::new() });
    }
    let envelope = std::str::from_utf8(document)
        .ok()
        .and_then(Element::read)
        .ok_or_else(|| violation("The request is not well-formed XML"))?;
    if !envelope.is(Namespace::Soap, "Envelope") {
        return Err(violation(&format!("The '{}' element is not the SOAP envelope", envelope.name)));
    }
    let impersonated = match envelope.child(Namespace::Soap, "Header") {
        Some(header) => head(header)?,
        None => None,
    };
    let body = envelope.child(Namespace::Soap, "Body").ok_or_else(|| violation("The envelope has no body"))?;
    let [call] = body.children.as_slice() else { return Err(violation("The body does not hold exactly one request")) };
    let (operation, shape, folders) = match call.name.as_str() {
        _ if call.namespace != Namespace::Messages => return Err(unexpected(call)),
        "FindFolder" => find_folder(call)?,
        "GetFolder" => {
            let [shape, ids] = call.children.as_slice() else { return Err(incomplete(call)) };
            (Operation::GetFolder, folder_shape(shape)?, folder_names(ids, "FolderIds")?)
        }
        "ConvertId" => (Operation::ConvertId, Shape { base: Base::IdOnly, additional: Vec::new() }, alternate_ids(call)?),
        _ => return Err(unexpected(call)),
    };
    Ok(Request { impersonated, operation, shape, folders })
}

fn head(header: &Element) -> Result<Option<Impersonated>, Invalid> {
    if let Some(version) = header.child(Namespace::Types, "RequestServerVersion") {
        let version = version.attribute("Version").unwrap_or_default();
        if !names::is_version(version) {
            let text = "The specified server version is invalid.".to_owned();
            return Err(Invalid { code: "ErrorInvalidServerVersion", text, xml: String::new() });
        }
    }
    let Some(impersonation) = header.child(Namespace::Types, "ExchangeImpersonation") else { return Ok(None) };
    let sid = impersonation.child(Namespace::Types, "ConnectingSID").ok_or_else(|| incomplete(impersonation))?;
    let [who] = sid.children.as_slice() else {
        return Err(violation("The element 'ConnectingSID' does not hold exactly one name"));
    };
    let address = who.text.trim().to_owned();
    match who.name.as_str() {
        _ if who.namespace != Namespace::Types => Err(unexpected(who)),
        "PrimarySmtpAddress" => Ok(Some(Impersonated::Primary(address))),
        "SmtpAddress" | "PrincipalName" => Ok(Some(Impersonated::Any(address))),
        "SID" => Ok(Some(Impersonated::Sid)),
        _ => Err(unexpected(who)),
    }
}

/// `FolderShape`, at most one view, at most one restriction, `ParentFolderIds`: in this order.
fn find_folder(call: &Element) -> Result<(Operation, Shape, Vec<FolderName>), Invalid> {
    let traversal = match call.attribute("Traversal") {
        Some("Shallow") => Traversal::Shallow,
        Some("Deep") => Traversal::Deep,
        Some("SoftDeleted") => Traversal::SoftDeleted,
        Some(other) => return Err(invalid_attribute("Traversal", other)),
        None => return Err(violation("The required attribute 'Traversal' is missing")),
    };
    let (shape, rest) = call.children.split_first().ok_or_else(|| incomplete(call))?;
    let shape = folder_shape(shape)?;
    let (parents, between) = rest.split_last().ok_or_else(|| incomplete(call))?;
    let mut page = Page::Whole;
    let mut between = between.iter().peekable();
    if let Some(view) = between.next_if(|view| view.namespace == Namespace::Messages && view.name.ends_with("PageFolderView")) {
        page = folder_view(view)?;
    }
    between.next_if(|restriction| restriction.is(Namespace::Messages, "Restriction"));
    match between.next() {
        Some(stranger) => Err(unexpected(stranger)),
        None => Ok((Operation::FindFolder { traversal, page }, shape, folder_names(parents, "ParentFolderIds")?)),
    }
}

fn folder_view(view: &Element) -> Result<Page, Invalid> {
    let number = |name: &str| match view.attribute(name).map(str::parse::<usize>) {
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => Err(invalid_attribute(name, view.attribute(name).unwrap_or_default())),
        None => Ok(None),
    };
    let required = |name: &str| number(name)?.ok_or_else(|| violation(&format!("The required attribute '{name}' is missing")));
    let most = number("MaxEntriesReturned")?.unwrap_or(usize::MAX);
    match (view.name.as_str(), view.attribute("BasePoint")) {
        ("IndexedPageFolderView", Some(point @ ("Beginning" | "End"))) => {
            Ok(Page::Indexed { offset: required("Offset")?, most, from_end: point == "End" })
        }
        ("IndexedPageFolderView", Some(other)) => Err(invalid_attribute("BasePoint", other)),
        ("IndexedPageFolderView", None) => Err(violation("The required attribute 'BasePoint' is missing")),
        ("FractionalPageFolderView", _) => {
            Ok(Page::Fractional { numerator: required("Numerator")?, denominator: required("Denominator")?.max(1), most })
        }
        _ => Err(unexpected(view)),
    }
}

fn folder_shape(element: &Element) -> Result<Shape, Invalid> {
    if !element.is(Namespace::Messages, "FolderShape") {
        return Err(unexpected(element));
    }
    let (base, rest) = element.children.split_first().ok_or_else(|| incomplete(element))?;
    if !base.is(Namespace::Types, "BaseShape") {
        return Err(unexpected(base));
    }
    let base = match base.text.trim() {
        "IdOnly" => Base::IdOnly,
        "Default" => Base::Default,
        "AllProperties" => Base::AllProperties,
        other => return Err(violation(&format!("The 'BaseShape' element is invalid - The value '{other}' is invalid"))),
    };
    let mut additional = Vec::new();
    match rest {
        [] => {}
        [properties] if properties.is(Namespace::Types, "AdditionalProperties") => {
            // Extended and indexed properties are taken, and no folder here has any.
            let named = properties.children.iter().filter(|property| property.is(Namespace::Types, "FieldURI"));
            additional.extend(named.filter_map(|property| property.attribute("FieldURI")).map(str::to_owned));
        }
        [stranger, ..] => return Err(unexpected(stranger)),
    }
    Ok(Shape { base, additional })
}

fn folder_names(element: &Element, name: &str) -> Result<Vec<FolderName>, Invalid> {
    if !element.is(Namespace::Messages, name) {
        return Err(unexpected(element));
    }
    if element.children.is_empty() {
        return Err(incomplete(element));
    }
    element.children.iter().map(folder_name).collect()
}

fn folder_name(element: &Element) -> Result<FolderName, Invalid> {
    let id = element.attribute("Id").ok_or_else(|| violation("The required attribute 'Id' is missing"));
    if element.is(Namespace::Types, "DistinguishedFolderId") {
        let id = id?;
        return if names::is_distinguished(id) {
            Ok(FolderName::Distinguished(id.to_owned()))
        } else {
            Err(invalid_attribute("Id", id))
        };
    }
    if element.is(Namespace::Types, "FolderId") { Ok(FolderName::Id(id?.to_owned())) } else { Err(unexpected(element)) }
}

/// `SourceIds` of `ConvertId`.
fn alternate_ids(call: &Element) -> Result<Vec<FolderName>, Invalid> {
    let [sources] = call.children.as_slice() else { return Err(incomplete(call)) };
    if call.attribute("DestinationFormat").is_none() {
        return Err(violation("The required attribute 'DestinationFormat' is missing"));
    }
    let id = |source: &Element| {
        let id = source.attribute("Id").filter(|_| source.is(Namespace::Types, "AlternateId"));
        id.map(|id| FolderName::Id(id.to_owned())).ok_or_else(|| unexpected(source))
    };
    sources.children.iter().map(id).collect()
}

fn unexpected(element: &Element) -> Invalid {
    violation(&format!("The element '{}' has an invalid place or name", element.name))
}

fn incomplete(element: &Element) -> Invalid {
    violation(&format!("The element '{}' has incomplete content", element.name))
}

fn invalid_attribute(name: &str, value: &str) -> Invalid {
    violation(&format!("The '{name}' attribute is invalid - The value '{value}' is invalid according to its datatype"))
}

/// A violation of the schema, told as Exchange tells it; line and position are not kept here.
fn violation(what: &str) -> Invalid {
    let text = format!("The request failed schema validation: {what}.");
    let xml = format!(
        "<t:LineNumber>0</t:LineNumber><t:LinePosition>0</t:LinePosition><t:Violation>{}.</t:Violation>",
        super::xml::escaped(what)
    );
    Invalid { code: "ErrorSchemaValidation", text, xml }
}
