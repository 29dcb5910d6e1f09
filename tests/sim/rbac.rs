//! Access given by RBAC for Applications, of which the token tells nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use m365_probe::check::Means;
use m365_probe::kind::Check;
use m365_probe::probe::{Probe, Slots};
use m365_probe::reason::Reason;
use m365_probe::settings::Authorization;
use m365_probe::sim::{Protocol, Tenant, start};

use crate::peer::PRAXIS;

/// A tenant whose application has no role in its token, and by RBAC what there is by RBAC.
fn by_rbac() -> Tenant {
    let mut tenant = Tenant::contoso();
    tenant.application.roles.clear();
    tenant.exchange.role_assignments = vec![Protocol::Smtp, Protocol::Ews, Protocol::Graph];
    tenant.mailbox_mut(PRAXIS).unwrap().full_access = false;
    tenant
}

/// Runs each check of the first mailbox with its access declared to be given by `authorization`, and returns their reasons.
async fn reasons(tenant: Tenant, authorization: Authorization) -> BTreeMap<&'static str, Option<Reason>> {
    let tenant = start(tenant).await.unwrap();
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("rbac-{}", tenant.ports().login));
    std::fs::create_dir_all(&directory).unwrap();
    let settings = tenant.settings(&tenant.write_ca(&directory).unwrap());
    let (means, slots) = (Means::new(&settings.network).unwrap(), Slots::default());
    let mut reasons = BTreeMap::new();
    for mut probe in settings.probes {
        if probe.address.as_deref() == Some(PRAXIS) {
            probe.authorization = authorization;
            let outcome = Probe::new(probe, &slots).unwrap().run(&means, None).await;
            reasons.insert(outcome.probe.check.name(), outcome.failure().map(|failure| failure.reason));
        }
    }
    std::fs::remove_dir_all(&directory).unwrap();
    reasons
}

#[tokio::test]
async fn role_missing_from_the_token_is_no_failure_under_rbac() {
    for authorization in [Authorization::Permissions, Authorization::Rbac] {
        let told = reasons(by_rbac(), authorization).await;
        for check in [Check::Smtp, Check::Ews, Check::Graph] {
            assert_eq!(told[check.name()], None, "{check} under {authorization:?}");
        }
    }
}

#[tokio::test]
async fn mailbox_out_of_rbac_scope_is_impersonation_denied_or_auth_refused() {
    let mut tenant = by_rbac();
    tenant.mailbox_mut(PRAXIS).unwrap().in_scope = false;
    let told = reasons(tenant, Authorization::Rbac).await;
    assert_eq!([told["ews"], told["graph"]], [Some(Reason::ImpersonationDenied); 2]);
    assert_eq!(told["smtp"], Some(Reason::AuthRefused));
}

#[tokio::test]
async fn missing_assignment_is_role_missing_or_impersonation_denied_as_declared() {
    for (authorization, reason) in
        [(Authorization::Permissions, Reason::TokenRoleMissing), (Authorization::Rbac, Reason::ImpersonationDenied)]
    {
        let mut tenant = by_rbac();
        tenant.exchange.role_assignments.clear();
        let told = reasons(tenant, authorization).await;
        assert_eq!([told["ews"], told["graph"]], [Some(reason); 2], "{authorization:?}");
    }
}
