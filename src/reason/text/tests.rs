//! Laws over the texts: complete, alike in both languages, and no command or parameter that does not exist.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::reason::CredentialForm;
use crate::reason::Owner;

/// Every cmdlet a text may name, with its parameters.
const CMDLETS: &[(&str, &[&str])] = &[
    ("Add-MailboxPermission", &["Identity", "User", "AccessRights"]),
    ("Add-RecipientPermission", &["Identity", "Trustee", "AccessRights"]),
    ("Connect-ExchangeOnline", &["Organization"]),
    ("Connect-MgGraph", &["Scopes"]),
    ("Format-List", &[]),
    ("Format-Table", &[]),
    ("Get-CASMailbox", &["Identity"]),
    ("Enable-Mailbox", &["Identity", "Archive"]),
    ("Get-EXOMailbox", &["Identity"]),
    ("Get-InboxRule", &["Mailbox"]),
    ("Get-MessageTraceV2", &["SenderAddress"]),
    ("Get-Mailbox", &["Identity"]),
    ("Get-EXOMailboxStatistics", &["Identity"]),
    ("Get-MgServicePrincipal", &["Filter"]),
    ("Get-MgServicePrincipalAppRoleAssignment", &["ServicePrincipalId"]),
    ("Get-MoveRequest", &["Identity"]),
    ("Get-OrganizationConfig", &["RetrieveEwsOperationAccessPolicy"]),
    ("Get-Recipient", &["Identity"]),
    ("Get-MailboxPermission", &["Identity"]),
    ("Get-ServicePrincipal", &[]),
    ("Get-TransportConfig", &[]),
    ("New-ManagementScope", &["Name", "RecipientRestrictionFilter"]),
    ("New-ManagementRoleAssignment", &["Name", "App", "Role", "CustomResourceScope"]),
    ("New-MgServicePrincipalAppRoleAssignment", &["ServicePrincipalId", "PrincipalId", "ResourceId", "AppRoleId"]),
    ("New-ServicePrincipal", &["AppId", "ObjectId", "DisplayName"]),
    ("Remove-MailboxPermission", &["Identity", "User", "AccessRights"]),
    ("Remove-ServicePrincipal", &["Identity"]),
    ("Set-CASMailbox", &["Identity", "PopEnabled", "ImapEnabled", "EwsEnabled", "SmtpClientAuthenticationDisabled"]),
    (
        "Set-Mailbox",
        &[
            "Identity",
            "MaxReceiveSize",
            "MaxSendSize",
            "MessageCopyForSMTPClientSubmissionEnabled",
            "ProhibitSendQuota",
            "ProhibitSendReceiveQuota",
        ],
    ),
    ("Set-OrganizationConfig", &["EwsEnabled", "EwsAllowedAppIDs", "EwsAllowList"]),
    ("Set-TransportConfig", &["SmtpClientAuthenticationDisabled"]),
    ("Test-ApplicationAccessPolicy", &["Identity", "AppId"]),
    ("Test-ServicePrincipalAuthorization", &["Identity", "Resource"]),
    ("Where-Object", &["eq"]),
];

/// Every property a text may list.
const PROPERTIES: &[&str] = &[
    "AppId",
    "AppRoleId",
    "MaxReceiveSize",
    "MaxSendSize",
    "ObjectId",
    "ResourceDisplayName",
    "DisplayName",
    "PopEnabled",
    "ImapEnabled",
    "EwsEnabled",
    "SmtpClientAuthenticationDisabled",
    "EwsAllowedAppIDs",
    "EwsApplicationAccessPolicy",
    "EwsAllowList",
    "EwsBlockList",
    "TotalItemSize",
    "TotalDeletedItemSize",
    "ProhibitSendQuota",
    "ProhibitSendReceiveQuota",
];

/// Every program of a shell that a text may call, with its options.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("az", &["--resource-group", "--name", "--identities"]),
    ("curl", &["--noproxy", "--max-time", "-i", "-H"]),
    ("ss", &["-ltnp"]),
    ("usermod", &["-aG"]),
];

const VERBS: &[&str] =
    &["Add", "Connect", "Disable", "Enable", "Format", "Get", "Install", "New", "Remove", "Set", "Test", "Update", "Where"];

fn every_text() -> impl Iterator<Item = (Reason, Lang, &'static Text)> {
    Reason::ALL.iter().flat_map(|reason| Lang::ALL.map(|lang| (*reason, lang, reason.text(lang))))
}

/// Tenants may forbid client secrets: whoever is told to create one is told what to do there.
#[test]
fn step_that_creates_a_client_secret_says_what_to_do_where_the_tenant_forbids_them() {
    let (mut found, words) = (0, ["new client secret", "neuer geheimer clientschlüssel", "neuen geheimen clientschlüssel"]);
    for (reason, lang, text) in every_text() {
        let text = text.steps.iter().map(|step| step.to_string().to_lowercase()).collect::<String>();
        let creates = words.iter().any(|word| text.contains(word));
        found += usize::from(creates);
        assert!(!creates || text.contains("forbids") || text.contains("verbietet"), "{reason} {lang:?}: {text}");
        let first = reason.remedy();
        assert!(!first.contains("new client secret") || first.contains("forbids secrets"), "{reason}: {first}");
    }
    assert!(found >= 10, "{found}");
}

/// Iterates over the pieces that stand in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Words shaped like a cmdlet.
fn cmdlets(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.filter(|word| word.split_once('-').is_some_and(|(verb, noun)| VERBS.contains(&verb) && !noun.is_empty()))
}

/// The meaning and each step in one text.
fn sentences(text: &Text) -> Vec<String> {
    text.steps.iter().map(ToString::to_string).chain([text.meaning.to_owned()]).collect()
}

fn commands(text: &str) -> Vec<&str> {
    let is_command = |command: &&str| {
        let first = command.split(' ').next().unwrap();
        cmdlets(first).next().is_some()
            || first.starts_with('$') && command.contains(' ')
            || command.contains(' ') && program(first).is_some()
    };
    quoted(text).filter(is_command).collect()
}

/// Returns the options of a program.
fn program(name: &str) -> Option<&'static [&'static str]> {
    PROGRAMS.iter().find(|(known, _)| *known == name).map(|(_, options)| *options)
}

/// Names in braces, sorted.
fn placeholders(text: &str) -> Vec<&str> {
    let mut names: Vec<_> = text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn text_of_every_reason_is_its_own_and_translated() {
    for reason in Reason::ALL {
        assert_eq!(ENTRIES[*reason as usize].reason, *reason);
        assert_eq!(reason.text(Lang::En).title, reason.title());
        assert_ne!(reason.text(Lang::De).title, reason.title(), "{reason}: not translated");
        assert_ne!(reason.text(Lang::De).meaning, reason.text(Lang::En).meaning, "{reason}: not translated");
    }
}

#[test]
fn text_of_every_reason_has_phrases_as_titles_and_whole_sentences_elsewhere() {
    for (reason, lang, text) in every_text() {
        let phrases = [Some(text.title), text.applies, text.source];
        for phrase in phrases.into_iter().flatten() {
            assert!(!phrase.is_empty() && phrase == phrase.trim() && !phrase.ends_with('.'), "{reason} {lang}: {phrase}");
        }
        assert!(!text.title.contains(['\n', '|']), "{reason} {lang}");
        assert!(!text.steps.is_empty(), "{reason} {lang}");
        for sentence in &sentences(text) {
            let whole = sentence.ends_with('.') && !sentence.starts_with(char::is_whitespace) && !sentence.contains('\n');
            assert!(whole && !sentence.contains("  "), "{reason} {lang}: {sentence}");
            assert_eq!(sentence.matches('`').count() % 2, 0, "{reason} {lang}: {sentence}");
        }
    }
}

#[test]
fn text_of_every_reason_has_only_known_placeholders() {
    for (reason, lang, text) in every_text() {
        for sentence in &sentences(text) {
            let unknown: Vec<_> = placeholders(sentence).into_iter().filter(|name| !placeholder::NAMES.contains(name)).collect();
            assert!(unknown.is_empty(), "{reason} {lang}: {unknown:?}");
        }
    }
}

#[test]
fn text_of_every_reason_has_commands_only_as_command_pieces() {
    for (reason, lang, text) in every_text() {
        for piece in text.steps.iter().flat_map(|step| step.0) {
            match piece {
                Piece::Command(command) => assert_eq!(commands(&format!("`{command}`")), [*command], "{reason} {lang}"),
                Piece::Prose(prose) => {
                    let bare = commands(prose).into_iter().all(|quoted| !quoted.contains(' '));
                    assert!(bare, "{reason} {lang}: a command in prose: {prose}");
                }
            }
        }
    }
}

#[test]
fn text_of_every_reason_has_only_existing_cmdlets_and_parameters() {
    for (reason, lang, text) in every_text() {
        for sentence in &sentences(text) {
            for cmdlet in cmdlets(sentence) {
                assert!(CMDLETS.iter().any(|(name, _)| *name == cmdlet), "{reason} {lang}: {cmdlet}");
            }
            for command in commands(sentence) {
                let command = command.replace("{switches}", "-PopEnabled $true");
                command.split(['|', ';']).for_each(|part| assert_command(part.trim()));
            }
            let prose: Vec<_> = sentence.split('`').step_by(2).collect();
            assert!(!prose.concat().contains(" -"), "{reason} {lang}: a parameter outside a command: {sentence}");
        }
    }
}

/// One command of a pipeline: a program with its options, or a cmdlet.
#[track_caller]
fn assert_command(part: &str) {
    let part = part.split_once("= ").filter(|(name, _)| name.starts_with('$')).map_or(part, |(_, command)| command);
    let mut words = part.split_ascii_whitespace();
    let Some(options) = program(words.next().unwrap()) else { return assert_cmdlet(part) };
    for option in words.filter(|word| word.starts_with('-')) {
        assert!(options.contains(&option), "{part}: {option}");
    }
}

/// One cmdlet of a pipeline, with its parameters; ids only inside double quotes.
#[track_caller]
fn assert_cmdlet(part: &str) {
    assert_eq!(part.matches('"').count() % 2, 0, "{part}");
    let outside = part.split('"').step_by(2).collect::<String>();
    assert!(placeholders(&outside).is_empty() && !outside.contains('<'), "an id outside double quotes: {part}");
    let mut words = outside.split_ascii_whitespace();
    let name = words.next().unwrap();
    let (_, parameters) = CMDLETS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name}"));
    for word in words {
        match word.strip_prefix('-') {
            Some(parameter) => assert!(parameters.contains(&parameter), "{name} has no -{parameter}"),
            None if name.starts_with("Format-") => {
                word.split(',').for_each(|property| assert!(PROPERTIES.contains(&property), "{property}"));
            }
            None => {
                let known = ["$true", "$false", "$null", "FullAccess", "SendAs", ",", "Value", ").Id"].contains(&word);
                assert!(known || ["$api.Id", "($api.AppRoles"].contains(&word), "{part}: {word}");
            }
        }
    }
}

#[test]
fn text_of_every_reason_has_the_same_commands_and_placeholders_in_both_languages() {
    for reason in Reason::ALL {
        let (en, de) = (reason.text(Lang::En), reason.text(Lang::De));
        assert_eq!(en.steps.len(), de.steps.len(), "{reason}");
        assert_eq!(en.applies.is_some(), de.applies.is_some(), "{reason}");
        assert_eq!(en.source, de.source, "{reason}");
        for (en, de) in sentences(en).iter().zip(&sentences(de)) {
            let alike = |text: &str| commands(text).into_iter().map(without_stand_ins).collect::<Vec<_>>();
            assert_eq!(alike(en), alike(de), "{reason}");
            assert_eq!(placeholders(en), placeholders(de), "{reason}: {en}");
            assert_eq!(long_numbers(en), long_numbers(de), "{reason}: {en}");
        }
    }
}

/// The command with what the reader has to put in left open: that is named in the language of the text.
fn without_stand_ins(command: &str) -> String {
    let mut pieces = command.split('<');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |command, piece| command + "<" + piece.split_once('>').map_or(piece, |(_, rest)| rest))
}

/// Years, and the numbers of AADSTS and x-ms-diagnostics; sorted.
fn long_numbers(text: &str) -> Vec<&str> {
    let mut numbers: Vec<_> = text.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() >= 4).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn steps_of_every_reason_hold_what_its_remedy_names() {
    for reason in Reason::ALL {
        let steps = sentences(reason.text(Lang::En)).concat();
        for word in quoted(reason.remedy()).chain(cmdlets(reason.remedy())) {
            assert!(steps.contains(word), "{reason}: {word}");
        }
    }
}

/// Alerts go to the owner, who finds in the first step what to look at.
#[test]
fn first_step_of_every_reason_is_for_its_owner() {
    for reason in Reason::ALL {
        let first = reason.text(Lang::En).steps[0].to_string();
        let owner = match &*first {
            _ if first.contains("this machine's clock") => Owner::Here,
            _ if ["proxy", "mail proxy", "filter", "mail filter"]
                .iter()
                .any(|it| first.starts_with(&format!("Look for a {it}"))) =>
            {
                Owner::Network
            }
            _ => continue,
        };
        assert_eq!(reason.owner(), owner, "{reason}: {first}");
    }
}

#[test]
fn source_of_every_reason_is_microsoft_s_or_a_standard() {
    let places = ["https://learn.microsoft.com/", "https://aka.ms/", "https://go.microsoft.com/", "RFC ", "Microsoft: "];
    for (reason, _, text) in every_text() {
        let Some(source) = text.source else { continue };
        assert!(places.iter().any(|place| source.starts_with(place)), "{reason}: {source}");
    }
}

#[test]
fn lang_name_is_read_back_and_an_unknown_one_refused() {
    for lang in Lang::ALL {
        assert_eq!(lang.name().parse(), Ok(lang));
    }
    assert!("la".parse::<Lang>().is_err());
}

#[test]
fn steps_with_a_credential_are_whole_alike_in_both_languages_and_have_only_existing_commands() {
    for (credentials, reason, en, de) in credential_steps::rows() {
        assert_eq!(en.len(), de.len(), "{reason}");
        for (en, de) in en.iter().map(ToString::to_string).zip(de.iter().map(ToString::to_string)) {
            let alike = |text| commands(text).into_iter().map(without_stand_ins).collect::<Vec<_>>();
            assert_eq!((alike(&en), placeholders(&en)), (alike(&de), placeholders(&de)), "{reason}");
            for text in [&en, &de] {
                assert!(text.ends_with('.') && !text.contains("  "), "{reason}: {text}");
                assert!(placeholders(text).iter().all(|name| placeholder::NAMES.contains(name)), "{reason}: {text}");
                let is_of_identity = credentials.contains(&CredentialForm::ManagedIdentity);
                let names_none =
                    ["App registrations", "App-Registrierungen", "secret", "geheime"].iter().all(|it| !text.contains(it));
                assert!(!is_of_identity || names_none, "{reason}: {text}");
                for command in commands(text).iter().map(|command| command.replace("{switches}", "-PopEnabled $true")) {
                    command.split(['|', ';']).for_each(|part| assert_command(part.trim()));
                }
            }
        }
        let meanings = Lang::ALL.map(|lang| meaning_with(credentials[0], reason.text(lang), lang));
        if let [Some(en), Some(de)] = meanings {
            let numbers = long_numbers(en);
            assert_eq!((placeholders(en), &numbers), (placeholders(de), &long_numbers(de)), "{reason}");
            assert!([en, de].iter().all(|text| text.ends_with('.') && !text.contains("  ")), "{reason}: {en} {de}");
        }
        for (lang, credential) in Lang::ALL.into_iter().flat_map(|lang| credentials.iter().map(move |one| (lang, *one))) {
            assert!(steps_with(credential, reason.text(lang), lang).is_some(), "{reason}");
            let remedy = reason.remedy_with(Some(credential));
            assert!(remedy == reason.remedy() || !remedy.ends_with('.') && !remedy.contains(['\n', '|']), "{reason}: {remedy}");
        }
    }
    assert_eq!(steps_with(CredentialForm::ManagedIdentity, Reason::MailboxFull.text(Lang::En), Lang::En), None);
    assert_eq!(Reason::TokenRoleMissing.remedy_with(None), Reason::TokenRoleMissing.remedy());
}

/// Reasons that Entra's token endpoint alone gives, which a managed identity never asks, and those of other credentials.
const NOT_OF_IDENTITY: &[&str] = &["client_", "credential_", "federated_", "managed_identity_has_no_secret", "secret_unreadable"];

#[test]
fn steps_with_a_managed_identity_name_no_app_registration_and_no_secret() {
    for (reason, lang, text) in every_text() {
        if NOT_OF_IDENTITY.iter().any(|start| reason.code().starts_with(start)) {
            continue;
        }
        let identity = CredentialForm::ManagedIdentity;
        let steps = steps_with(identity, text, lang).unwrap_or(text.steps).iter().chain(reason.sign(Some(identity), lang));
        for step in steps.map(ToString::to_string) {
            for word in ["App registrations", "App-Registrierungen", "client secret", "geheime", "Service principal sign-ins"] {
                assert!(!step.contains(word), "{reason} {lang:?}: {step}");
            }
        }
    }
}

#[test]
fn sign_of_a_reason_is_whole_alike_in_both_languages_and_has_only_existing_commands() {
    for reason in Reason::ALL {
        let signs = Lang::ALL.map(|lang| reason.sign(None, lang).map(ToString::to_string));
        let [Some(en), Some(de)] = &signs else {
            assert_eq!(signs, [None, None], "{reason}");
            continue;
        };
        assert_eq!(placeholders(en), placeholders(de), "{reason}");
        for text in [en, de] {
            assert!(text.ends_with('.') && !text.contains("  "), "{reason}: {text}");
            assert!(placeholders(text).iter().all(|name| placeholder::NAMES.contains(name)), "{reason}: {text}");
            for part in commands(text).iter().flat_map(|command| command.split('|')) {
                assert_cmdlet(part.trim());
            }
        }
        assert_eq!(commands(en), commands(de), "{reason}");
    }
}
