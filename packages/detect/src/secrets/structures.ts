/** Credentials that are told by their structure rather than by a prefix. Each pattern has fixed or bounded parts only. */

export interface Structure {
	readonly name: string;
	/** Cheap sign that must be in the text at all. */
	readonly hint: string;
	/** Sticky, linear: no part can match the same characters as its neighbour. */
	readonly pattern: RegExp;
	/** Part of the match that is the secret: index of a group, 0 for all of it. */
	readonly group: number;
	/** How far before the hint the match may begin. */
	readonly back: number;
}

export const structures: readonly Structure[] = [
	{
		name: 'private_key',
		hint: '-----BEGIN ',
		pattern: /-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s\\:,.-]{40,8000}/y,
		group: 0,
		back: 0,
	},
	{
		name: 'jwt',
		hint: 'ey',
		pattern: /ey[A-Za-z0-9_/+-]{15,500}\.ey[A-Za-z0-9_/+-]{15,2000}(?:\.[A-Za-z0-9_/+-]{0,700}={0,2})?/y,
		group: 0,
		back: 0,
	},
	{
		name: 'notion_token',
		hint: 'ntn_',
		pattern: /(?<![A-Za-z0-9])ntn_[0-9]{11}[A-Za-z0-9]{35}(?![A-Za-z0-9_-])/y,
		group: 0,
		back: 0,
	},
	{
		name: 'slack_webhook',
		hint: 'hooks.slack.com/',
		pattern: /hooks\.slack\.com\/(?:services|workflows|triggers)\/[A-Za-z0-9+/]{12,80}/y,
		group: 0,
		back: 0,
	},
	{
		name: 'teams_webhook',
		hint: '.webhook.office.com/',
		pattern: /\.webhook\.office\.com\/webhookb2\/[a-z0-9@/-]{60,200}/y,
		group: 0,
		back: 0,
	},
	{
		name: 'url_credentials',
		hint: '://',
		pattern: /:\/\/([^\s:/@<>"'`$%{}[\]()]{1,64}):([^\s:/<>"'`{}[\]()$%]{3,128})@[A-Za-z0-9]/y,
		group: 2,
		back: 0,
	},
	{
		name: 'terraform_token',
		hint: '.atlasv1.',
		pattern: /[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9=_-]{60,70}/y,
		group: 0,
		back: 14,
	},
	{
		name: 'telegram_token',
		hint: ':A',
		pattern: /[0-9]{8,10}:A[A-Za-z0-9_-]{34}(?![A-Za-z0-9_-])/y,
		group: 0,
		back: 10,
	},
	{
		name: 'mailchimp_key',
		hint: '-us',
		pattern: /[0-9a-f]{32}-us[0-9]{1,2}(?![0-9a-z])/y,
		group: 0,
		back: 32,
	},
	{
		name: 'authorization_header',
		hint: 'uthorization',
		pattern:
			/uthorization["']?\s{0,4}[:=]\s{0,4}["']?(?:Basic|Bearer|Token|ApiKey|basic|bearer|token)?\s{0,4}([A-Za-z0-9+/_.=:~-]{8,512})/y,
		group: 1,
		back: 0,
	},
	{
		name: 'curl_user',
		hint: ' -u',
		pattern: / -u[ =]?["']?[A-Za-z0-9_.@-]{1,64}:([^\s"'$<{][^\s"']{2,127})/y,
		group: 1,
		back: 0,
	},
	{
		name: 'curl_user',
		hint: ' --user',
		pattern: / --user[ =]["']?[A-Za-z0-9_.@-]{1,64}:([^\s"'$<{][^\s"']{2,127})/y,
		group: 1,
		back: 0,
	},
	{
		name: 'kubernetes_secret',
		hint: 'kind: Secret',
		pattern: /kind: Secret\s[\s\S]{0,300}?\bdata:\s{1,40}[\w.-]{1,60}: ?([A-Za-z0-9+/]{4,400}={0,2})/y,
		group: 1,
		back: 0,
	},
	{
		name: 'airtable_token',
		hint: 'pat',
		pattern: /pat[A-Za-z0-9]{14}\.[0-9a-f]{64}/y,
		group: 0,
		back: 0,
	},
];

/** Discord: a user id in base64, a time stamp, a signature; told by the lengths between the dots. */
export const discordPattern: RegExp =
	/[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}(?![A-Za-z0-9_-])/y;
