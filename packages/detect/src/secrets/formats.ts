/**
 * Credential formats that their vendors document: a fixed beginning, an alphabet, a length. Sources are the vendors' own
 * pages on token formats and secret scanning; where a vendor states no length, it is what its examples show.
 */
export type Alphabet = 'alnum' | 'hex' | 'base64url' | 'base64' | 'upper' | 'digits' | 'any';

export interface Format {
	/** Class of the detection. */
	readonly name: string;
	readonly prefix: string;
	readonly alphabet: Alphabet;
	/** Characters after the prefix. */
	readonly min: number;
	readonly max: number;
}

type Row = readonly [name: string, prefixes: string, alphabet: Alphabet, min: number, max?: number];

const rows: readonly Row[] = [
	['github_token', 'ghp_ gho_ ghu_ ghs_ ghr_', 'alnum', 36, 255],
	['github_token', 'github_pat_', 'base64url', 60, 100],
	['gitlab_token', 'glpat- gldt- glrt- glffct- glft-', 'base64url', 20, 60],
	['gitlab_token', 'glsoat- glcbt- glrtr-', 'base64url', 16, 64],
	['gitlab_token', 'glptt-', 'base64url', 40, 40],
	['gitlab_token', 'glimt-', 'base64url', 25, 25],
	['gitlab_token', 'glagent-', 'base64url', 50, 80],
	['gitlab_token', 'gloas-', 'base64url', 64, 64],
	['gitlab_token', 'GR1348941', 'base64url', 20, 20],
	['gitlab_session', '_gitlab_session=', 'alnum', 32, 64],
	['openai_key', 'sk-proj- sk-svcacct- sk-admin-', 'base64url', 40, 250],
	['openai_key', 'sk-', 'alnum', 40, 60],
	['anthropic_key', 'sk-ant-', 'base64url', 80, 140],
	['huggingface_token', 'hf_ api_org_', 'alnum', 30, 44],
	['groq_key', 'gsk_', 'alnum', 52, 52],
	['xai_key', 'xai-', 'alnum', 60, 100],
	['perplexity_key', 'pplx-', 'alnum', 40, 64],
	['replicate_token', 'r8_', 'alnum', 37, 40],
	['langsmith_key', 'lsv2_pt_ lsv2_sk_', 'base64url', 32, 60],
	['stripe_key', 'sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_', 'alnum', 10, 120],
	['stripe_webhook_secret', 'whsec_', 'base64', 24, 80],
	['slack_token', 'xoxb- xoxp- xoxa- xoxo- xoxs- xoxr- xoxe- xoxe.xoxp- xoxe.xoxb- xoxc- xoxd-', 'base64url', 16, 300],
	['slack_token', 'xapp-', 'base64url', 30, 200],
	['google_api_key', 'AIza', 'base64url', 35, 37],
	['google_oauth_token', 'ya29.', 'base64url', 20, 300],
	['google_oauth_secret', 'GOCSPX-', 'base64url', 24, 40],
	['aws_access_key', 'AKIA ASIA ABIA ACCA A3TX', 'upper', 16, 16],
	['aws_bedrock_key', 'ABSK', 'base64', 100, 300],
	['aws_bedrock_key', 'bedrock-api-key-', 'base64', 20, 300],
	['azure_storage_key', 'AccountKey=', 'base64', 80, 100],
	['digitalocean_token', 'dop_v1_ doo_v1_ dor_v1_', 'hex', 60, 64],
	['databricks_token', 'dapi', 'hex', 32, 32],
	['npm_token', 'npm_', 'alnum', 36, 36],
	// A macaroon: an identifier of 36 bytes and a signature of 32 are more than 90 characters, without any caveat.
	['pypi_token', 'pypi-AgEIcHlwaS5vcmc pypi-AgENdGVzdC5weXBpLm9yZw', 'base64url', 90, 300],
	['rubygems_token', 'rubygems_', 'hex', 48, 48],
	['clojars_token', 'CLOJARS_', 'alnum', 58, 64],
	['docker_token', 'dckr_pat_ dckr_oat_', 'base64url', 27, 40],
	['sendgrid_key', 'SG.', 'any', 40, 80],
	['sendinblue_key', 'xkeysib- xsmtpsib-', 'base64url', 64, 100],
	['mailgun_key', 'key- pubkey-', 'hex', 32, 32],
	['twilio_key', 'SK AC', 'hex', 32, 32],
	['shopify_token', 'shpat_ shpca_ shppa_ shpss_ shptka_', 'alnum', 24, 48],
	['square_token', 'sq0atp- sq0csp- sq0idp- EAAA', 'any', 22, 64],
	['airtable_token', 'pat', 'any', 70, 90],
	['atlassian_token', 'ATATT3 ATCTT3', 'any', 100, 300],
	['bitbucket_token', 'ATBB', 'alnum', 32, 40],
	['linear_token', 'lin_api_ lin_oauth_', 'alnum', 32, 48],
	['notion_token', 'secret_', 'alnum', 43, 43],
	['figma_token', 'figd_', 'base64url', 36, 60],
	['postman_key', 'PMAK-', 'base64url', 50, 64],
	['pulumi_token', 'pul-', 'hex', 40, 40],
	['planetscale_token', 'pscale_tkn_ pscale_pw_ pscale_oauth_', 'any', 30, 70],
	['doppler_token', 'dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.', 'alnum', 40, 60],
	['dynatrace_token', 'dt0c01. dt0s01.', 'any', 40, 100],
	['grafana_token', 'glc_ glsa_', 'any', 30, 400],
	['grafana_token', 'eyJrIjoi', 'base64', 60, 400],
	['hashicorp_vault_token', 'hvs. hvb. hvr.', 'base64url', 24, 300],
	['hashicorp_vault_token', 's.', 'alnum', 24, 24],
	['harness_key', 'pat. sat.', 'any', 60, 90],
	['heroku_key', 'HRKU-', 'base64url', 36, 80],
	['flyio_token', 'fo1_ fm1a_ fm1r_ fm2_', 'base64', 40, 300],
	['new_relic_key', 'NRAK- NRII- NRAL- NRRA-', 'base64url', 24, 48],
	['new_relic_key', 'NRJS-', 'hex', 19, 19],
	['sentry_token', 'sntryu_', 'hex', 64, 64],
	['sentry_token', 'sntrys_', 'any', 60, 300],
	['shippo_token', 'shippo_live_ shippo_test_', 'hex', 40, 40],
	['easypost_key', 'EZAK EZTK', 'alnum', 54, 54],
	['duffel_token', 'duffel_test_ duffel_live_', 'any', 40, 60],
	['flutterwave_key', 'FLWSECK_TEST- FLWPUBK_TEST- FLWSECK- FLWPUBK-', 'any', 12, 50],
	['frameio_token', 'fio-u-', 'any', 60, 70],
	['lob_key', 'live_pub_ test_pub_', 'hex', 28, 40],
	['plaid_token', 'access-sandbox- access-development- access-production-', 'any', 36, 36],
	['prefect_token', 'pnu_ pnb_', 'alnum', 36, 36],
	['readme_token', 'rdme_', 'alnum', 60, 80],
	['scalingo_token', 'tk-us-', 'base64url', 40, 60],
	['settlemint_token', 'sm_aat_ sm_pat_ sm_sat_', 'alnum', 16, 16],
	['sourcegraph_token', 'sgp_ slk_', 'base64url', 40, 64],
	['tailscale_key', 'tskey-', 'base64url', 30, 80],
	['typeform_token', 'tfp_', 'any', 55, 70],
	['openshift_token', 'sha256~', 'base64url', 40, 48],
	['adobe_secret', 'p8e-', 'alnum', 32, 32],
	['alibaba_key', 'LTAI', 'alnum', 16, 24],
	['age_key', 'AGE-SECRET-KEY-1', 'upper', 58, 58],
	['artifactory_key', 'AKCp', 'alnum', 69, 69],
	['artifactory_key', 'AKC AP0 AP1 AP2 AP3 AP4 AP5 AP6 AP7 AP8 AP9 APA APB APC APD APE APF', 'alnum', 9, 80],
	['onepassword_token', 'ops_eyJ', 'base64', 100, 3_000],
	['onepassword_key', 'A3-', 'any', 28, 40],
	['cloudflare_token', 'cfat_ cfut_ cfk_', 'alnum', 40, 60],
	['cloudflare_origin_key', 'v1.0-', 'any', 100, 200],
	['defined_networking_key', 'dnkey-', 'any', 60, 90],
	['contentful_token', 'CFPAT-', 'base64url', 40, 50],
	['facebook_token', 'EAA', 'alnum', 90, 300],
	['yandex_token', 't1.', 'any', 60, 200],
	['yandex_token', 'AQVN YCAJ', 'base64url', 20, 60],
	['privateai_key', 'pai_', 'alnum', 32, 40],
	['supabase_key', 'sbp_ sb_secret_', 'alnum', 32, 60],
	['vercel_token', 'vcp_ vck_', 'alnum', 24, 80],
	['netlify_token', 'nfp_', 'alnum', 36, 60],
	['tappass_key', 'tappass_sk_', 'base64url', 20, 100],
	['twitter_bearer', 'AAAAAAAAAAAAAAAAAAAAA', 'any', 60, 200],
];

/** All formats by the first two characters of their prefix, so that a scan looks at each offset once. */
export const formatsByStart: ReadonlyMap<number, readonly Format[]> = index(
	rows.flatMap(([name, prefixes, alphabet, min, max]) =>
		prefixes.split(' ').map((prefix) => ({ name, prefix, alphabet, min, max: max ?? min })),
	),
);

function index(formats: readonly Format[]): ReadonlyMap<number, readonly Format[]> {
	const map = new Map<number, Format[]>();
	for (const format of formats) {
		const key = startKey(format.prefix, 0);
		const list = map.get(key);
		if (list === undefined) map.set(key, [format]);
		else list.push(format);
	}
	// The longest prefix that fits is the most telling.
	for (const list of map.values()) list.sort((a, b) => b.prefix.length - a.prefix.length);
	return map;
}
export function startKey(text: string, at: number): number {
	return text.charCodeAt(at) * 65_536 + text.charCodeAt(at + 1);
}

/** The first two characters of every prefix, as a table: nearly every offset of a text is told by it. */
const starts = new Uint8Array(128 * 128);
for (const key of formatsByStart.keys()) starts[(key >>> 16) * 128 + (key & 65_535)] = 1;
/** Whether a prefix may begin with these two units. */
export function mayStart(first: number, second: number): boolean {
	return first < 128 && second < 128 && starts[first * 128 + second] === 1;
}
