//! The pages, documents and standards the texts rest on.

pub(super) const DNS: &str = "RFC 1035";
pub(super) const SEARCH_LISTS: &str = "RFC 1535";
pub(super) const DNS_TCP: &str = "RFC 7766";
pub(super) const DNS_NAMES: &str = "RFC 2308";
pub(super) const TCP: &str = "RFC 9293";
pub(super) const ICMP: &str = "RFC 1812, section 5.2.7.1";
pub(super) const HTTP: &str = "RFC 9110";
pub(super) const TLS: &str = "RFC 8446";
pub(super) const TLS_OLD: &str = "https://aka.ms/smtp_auth_tls";
pub(super) const CERTIFICATES: &str = "RFC 5280";
pub(super) const CERTIFICATE_NAMES: &str = "RFC 9525";
pub(super) const REVOCATION: &str = "RFC 6960";
pub(super) const MAIL_OVER_TLS: &str = "RFC 8314";
pub(super) const STARTTLS: &str = "RFC 3207";
pub(super) const SASL: &str = "RFC 4422";
pub(super) const ENDPOINTS: &str = "https://learn.microsoft.com/microsoft-365/enterprise/urls-and-ip-address-ranges";
pub(super) const ERROR_CODES: &str = "https://learn.microsoft.com/entra/identity-platform/reference-error-codes";
pub(super) const CLIENT_CREDENTIALS: &str =
    "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow";
pub(super) const ASSERTIONS: &str = "https://learn.microsoft.com/entra/identity-platform/certificate-credentials";
pub(super) const FEDERATION: &str = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation";
pub(super) const IDENTITY_TOKENS: &str =
    "https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token";
pub(super) const IDENTITY_ASSIGNMENT: &str =
    "https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-configure-managed-identities";
pub(super) const ARC_IDENTITY: &str = "https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication";
pub(super) const CLAIMS: &str = "https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference";
pub(super) const WORKLOAD_IDENTITY: &str = "https://learn.microsoft.com/entra/identity/conditional-access/workload-identity";
pub(super) const TENANT_LIFECYCLE: &str = "https://aka.ms/TenantLifecycle";
pub(super) const MISSING_SERVICE_PRINCIPAL: &str = "https://go.microsoft.com/fwlink/?linkid=2225119";
pub(super) const MAIL_OAUTH: &str = "Microsoft: Authenticate an IMAP, POP or SMTP connection using OAuth";
pub(super) const SMTP_AUTH: &str = "https://aka.ms/smtp_auth_disabled";
pub(super) const SMTP_SUBMISSION: &str = "Microsoft: SMTP AUTH client submission improvements";
pub(super) const CONTINUOUS_ERRORS: &str =
    "https://learn.microsoft.com/exchange/mail-flow-best-practices/continuous-error-throttling-smtp-auth-submissions";
pub(super) const EWS_OAUTH: &str = "Microsoft: Authenticate an EWS application by using OAuth";
pub(super) const EWS_ACCESS: &str = "Microsoft: Control access to EWS in Exchange";
pub(super) const EWS_DEPRECATION: &str = "Microsoft: Deprecation of Exchange Web Services in Exchange Online";
pub(super) const RESTRICTED_ENTITIES: &str = "Microsoft: Remove blocked users from the Restricted entities page";
pub(super) const RBAC: &str = "Microsoft: Role Based Access Control for Applications in Exchange Online";
pub(super) const EWS_DIAGNOSTICS: &str = "Microsoft: Instrumenting client requests for EWS and REST in Exchange";
pub(super) const EWS_THROTTLING: &str = "Microsoft: EWS throttling in Exchange";
pub(super) const RESPONSE_CODES: &str = "Microsoft: ResponseCode (Exchange Web Services reference)";
pub(super) const MAILBOX_SCOPE: &str = "https://learn.microsoft.com/graph/auth-limit-mailbox-access";
