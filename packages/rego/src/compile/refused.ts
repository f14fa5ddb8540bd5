/** Builtins that OPA has and this engine does not offer, and why. */
const network = 'a decision must not depend on the network; hand the answer in as input or data';
const certificates =
	'certificates and private keys are not parsed inside a policy; hand the fields in as input or data';
const graphql = 'GraphQL is not parsed inside a policy; hand the parsed query in as input';

const reasons: ReadonlyMap<string, string> = new Map([
	['http.send', network],
	['net.lookup_ip_addr', network],
	['opa.runtime', 'a decision must not depend on the process it runs in; hand what it needs in as data'],
	['strings.render_template', 'Go templates are not offered; use a template string or sprintf'],
	['providers.aws.sign_req', 'a policy must not hold cloud credentials'],
	['crypto.x509.parse_certificates', certificates],
	['crypto.x509.parse_and_verify_certificates', certificates],
	['crypto.x509.parse_and_verify_certificates_with_options', certificates],
	['crypto.x509.parse_certificate_request', certificates],
	['crypto.x509.parse_keypair', certificates],
	['crypto.x509.parse_rsa_private_key', certificates],
	['crypto.parse_private_keys', certificates],
	['graphql.is_valid', graphql],
	['graphql.parse', graphql],
	['graphql.parse_and_verify', graphql],
	['graphql.parse_query', graphql],
	['graphql.parse_schema', graphql],
	['graphql.schema_is_valid', graphql],
]);

/** Whether OPA has a builtin of this name that is refused here. */
export function isRefused(name: string): boolean {
	return reasons.has(name);
}

/** Why a builtin is refused: shown as the hint of the error. */
export function refusalOf(name: string): string {
	return `${name} is not offered: ${reasons.get(name) ?? 'unknown builtin'}`;
}
