//! Steps with the ids, mailboxes and endpoints of a concern.

use std::time::SystemTime;

use super::*;
use crate::kind::Check;
use crate::outcome::{Evidence, Phase, ProbeId, Verdict};

fn concern<'a>(mailboxes: &[&'a str], endpoints: &[(&'a str, u16)]) -> Concern<'a> {
    let endpoints = endpoints.iter().map(|(host, port)| (*host, Some(*port)));
    Concern {
        client_id: Some("app"),
        object_id: Some("oid"),
        mailboxes: mailboxes.to_vec(),
        endpoints: endpoints.collect(),
        ..Concern::default()
    }
}

fn prose(text: &str) -> StepPart {
    StepPart::Prose(text.to_owned())
}

fn command(text: &str) -> StepPart {
    StepPart::Command(text.to_owned())
}

#[test]
fn step_with_a_command_repeats_it_for_each_mailbox() {
    let step = Step(&[
        Piece::Prose("Grant it ("),
        Piece::Command("Add-X -Identity \"{mailbox}\" -User \"{object_id}\""),
        Piece::Prose("). The user is what Get-X shows of `scope`."),
    ]);
    assert_eq!(
        concern(&["a@x", "b@x"], &[]).step(step, Lang::En),
        [
            prose("Grant it:"),
            command("Add-X -Identity \"a@x\" -User \"oid\""),
            command("Add-X -Identity \"b@x\" -User \"oid\""),
            prose("The user is what Get-X shows of `scope`."),
        ]
    );
    assert_eq!(
        concern(&[], &[]).step(Step(&[Piece::Command("Get-X -Id \"{mailbox}\""), Piece::Prose(".")]), Lang::En),
        [command("Get-X -Id \"<MAILBOX>\"")]
    );
}

#[test]
fn step_with_two_commands_drops_the_and_between_them() {
    let step = Step(&[
        Piece::Prose("Ask both: "),
        Piece::Command("Get-X -A"),
        Piece::Prose(" and "),
        Piece::Command("Get-Y -B"),
        Piece::Prose("."),
    ]);
    assert_eq!(concern(&[], &[]).step(step, Lang::En), [prose("Ask both:"), command("Get-X -A"), command("Get-Y -B")]);
    let step = Step(&[
        Piece::Prose("An: "),
        Piece::Command("Set-X -A"),
        Piece::Prose("; für SMTP "),
        Piece::Command("Set-X -B"),
        Piece::Prose("."),
    ]);
    let expected = [prose("An:"), command("Set-X -A"), prose("für SMTP:"), command("Set-X -B")];
    assert_eq!(concern(&[], &[]).step(step, Lang::De), expected);
}

#[test]
fn step_for_100_mailboxes_names_the_first_few() {
    let addresses: Vec<String> = (1..=100).map(|number| format!("m{number}@x")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let concern = concern(&addresses, &[]);
    let parts = concern
        .step(Step(&[Piece::Prose("Open {mailbox}: "), Piece::Command("Get-X -Id \"{mailbox}\""), Piece::Prose(".")]), Lang::De);
    assert_eq!(parts.first(), Some(&prose("Open m1@x, m2@x, m3@x und 97 weitere:")));
    assert_eq!(parts.get(5), Some(&command("Get-X -Id \"m5@x\"")));
    assert_eq!(parts.get(6..), Some(&[StepPart::More(95)][..]));
}

#[test]
fn prose_with_host_and_port_names_every_endpoint() {
    let concern = concern(&[], &[("a.example", 995), ("a.example", 993), ("b.example", 587)]);
    for (sentence, expected) in [
        ("Reach {host}:{port}.", "Reach a.example:995, a.example:993 and b.example:587."),
        (
            "Open TCP port {port} to {host} outbound.",
            "Open TCP port 995 to a.example, 993 to a.example and 587 to b.example outbound.",
        ),
        ("Exempt {host}.", "Exempt a.example and b.example."),
        ("Port {port}; a rule of {host}.", "Port 995, 993 and 587; a rule of a.example and b.example."),
    ] {
        assert_eq!(concern.prose(sentence, Lang::En), expected);
    }
}

/// Returns the rights for some checks, in the order of the table.
fn rights(checks: &[Check]) -> Vec<&'static Access> {
    Check::ALL.iter().filter(|check| checks.contains(check)).filter_map(|check| check.kind().access.as_ref()).collect()
}

#[test]
fn step_for_some_checks_names_only_their_protocols() {
    for (checks, switches, api, permissions, roles) in [
        (
            &[Check::Imap, Check::Pop3, Check::Imap][..],
            "-PopEnabled $true -ImapEnabled $true",
            "`Office 365 Exchange Online`",
            "POP.AccessAsApp and IMAP.AccessAsApp",
            &["<ROLE>"][..],
        ),
        (
            &[Check::Smtp, Check::Ews],
            "-SmtpClientAuthenticationDisabled $false -EwsEnabled $true",
            "`Office 365 Exchange Online`",
            "SMTP.SendAsApp and full_access_as_app",
            &["Application SMTP.SendAsApp", "Application EWS.AccessAsApp"],
        ),
        (
            &[Check::Graph],
            "-PopEnabled $true -ImapEnabled $true -SmtpClientAuthenticationDisabled $false",
            "`Microsoft Graph`",
            "Mail.ReadBasic.All / Calendars.Read",
            &["Application Mail.Read"],
        ),
    ] {
        let concern = Concern { rights: rights(checks), ..concern(&["a@x"], &[]) };
        assert_eq!(
            concern.step(Step(&[Piece::Command("Set-X {switches}"), Piece::Prose(".")]), Lang::En),
            [command(&format!("Set-X {switches}"))]
        );
        assert_eq!(concern.prose("{api}: {permissions}.", Lang::En), format!("{api}: {permissions}."));
        let expected: Vec<StepPart> = roles.iter().map(|role| command(&format!("New-X -Role \"{role}\""))).collect();
        assert_eq!(concern.step(Step(&[Piece::Command("New-X -Role \"{role}\""), Piece::Prose(".")]), Lang::En), expected);
    }
}

#[test]
fn steps_of_a_missing_role_for_a_managed_identity_grant_each_permission_with_graph_powershell() {
    let text = Reason::TokenRoleMissing.text(Lang::En);
    let app = Concern { rights: rights(&[Check::Pop3, Check::Graph]), ..concern(&[], &[]) };
    let identity = Concern { credential: Some(CredentialForm::ManagedIdentity), ..app.clone() };
    let grant = |api: &str, permission: &str| {
        command(&format!(
            "$api = Get-MgServicePrincipal -Filter \"appId eq '{api}'\"; New-MgServicePrincipalAppRoleAssignment \
             -ServicePrincipalId \"oid\" -PrincipalId \"oid\" -ResourceId $api.Id -AppRoleId ($api.AppRoles | \
             Where-Object Value -eq \"{permission}\").Id"
        ))
    };
    let steps = identity.steps(text, Lang::En);
    assert_eq!(steps[1][1], grant("00000002-0000-0ff1-ce00-000000000000", "POP.AccessAsApp"));
    assert_eq!(steps[1][2], grant("00000003-0000-0000-c000-000000000000", "Mail.ReadBasic.All"));
    assert!(app.lines(text, Lang::En)[0].contains("API permissions > Add a permission"));
    assert!(identity.lines(Reason::TokenRoleMissing.text(Lang::De), Lang::De)[2].contains("App Service"));
}

#[test]
fn lines_of_a_step_have_its_commands_in_backquotes() {
    let text = Text {
        title: "",
        meaning: "",
        steps: &[Step(&[Piece::Prose("Ask "), Piece::Command("Get-X -Id \"{mailbox}\""), Piece::Prose(".")])],
        applies: None,
        source: None,
    };
    assert_eq!(concern(&["a@x", "b@x"], &[]).lines(&text, Lang::En), ["Ask `Get-X -Id \"a@x\"`, `Get-X -Id \"b@x\"`."]);
}

#[test]
fn concern_of_another_reason_names_no_mailbox_that_must_stay_closed() {
    let refused = |mailbox: &str, reason| Outcome {
        address: Some(format!("{mailbox}@x")),
        ..Outcome::new(
            ProbeId { tenant: "t".into(), mailbox: Some(mailbox.into()), check: Check::Pop3 },
            SystemTime::UNIX_EPOCH,
            Verdict::Failed(Failure { phase: Phase::Auth, reason, evidence: Evidence::default() }),
        )
    };
    let outcomes = [refused("open", Reason::AuthRefused), refused("closed", Reason::RefusalAmbiguous)];
    let index = OutcomeIndex::new(&[]);
    let mailboxes = |reason| Concern::new("t", reason, &outcomes, &index).mailboxes().to_vec();
    assert_eq!(mailboxes(Reason::ExchangeServicePrincipalMissing), ["open@x"]);
    assert_eq!(mailboxes(Reason::RefusalAmbiguous), ["open@x", "closed@x"]);
}
