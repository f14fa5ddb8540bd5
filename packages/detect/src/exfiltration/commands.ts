/**
 * Commands and calls that send what they read to somewhere else. Found by their first word; what follows on the same line is
 * read once, up to a bound.
 */
import type { Detection } from '../detection.ts';
import { isWordChar } from '../text/chars.ts';
import { WordIndex } from '../text/word-index.ts';
import { encodedLabel } from './urls.ts';

/** Characters after the word that are read. */
const reachMax = 400;

const sources =
	/\/etc\/(?:passwd|shadow)|\.ssh\b|id_(?:rsa|ed25519|ecdsa)|\.env\b|\.aws\b|credentials|secrets?\b|document\.cookie|localStorage|sessionStorage|printenv|process\.env|os\.environ|\.bash_history|\.kube\b|\.npmrc|\.netrc|\.git-credentials|keychain|wallet|\.pem\b|customers?\b|payroll|passwords?\b|dump\.sql|\.db\b|\.csv\b|\.xlsx\b/i;
const local = /https?:\/\/(?:localhost|127\.|0\.0\.0\.0|\[::1\]|10\.|192\.168\.)/i;
const encodedValue = /[A-Za-z0-9+/]{20,200}={0,2}/;

interface Command {
	readonly name: string;
	readonly words: string;
	/** Whether what follows the word, on its line, sends data away. */
	readonly sends: (rest: string, before: string) => number;
}

const commands: readonly Command[] = [
	{
		name: 'upload_command',
		words: 'curl wget iwr invoke-webrequest invoke-restmethod httpie xh',
		sends: (rest, before) => {
			if (!/https?:\/\/|@-|\$[A-Z]/.test(rest) || local.test(rest)) return 0;
			const body =
				/(?:^|\s)(?:-d|--data[a-z-]{0,12}|-F|--form|-T|--upload-file|--post-(?:data|file)|-Body|--body)\b/i.test(rest);
			const piped = /\|\s{0,3}$/.test(before);
			if (body && (sources.test(rest) || piped || /@/.test(rest))) return 0.9;
			if (body && encodedValue.test(rest.replace(/https?:\/\/\S{1,200}/, ''))) return 0.85;
			return /\$\((?:cat|base64|env|printenv|whoami|id)\b|`(?:cat|env|whoami)\b/.test(rest) ? 0.9 : 0;
		},
	},
	{
		name: 'raw_socket',
		words: 'nc ncat netcat socat telnet',
		sends: (rest, before) => {
			if (!/^\s{1,3}(?:-[a-zA-Z]{1,4}\s{1,3}){0,3}[A-Za-z0-9.-]{3,80}[ :]\d{2,5}\b/.test(rest)) return 0;
			return /\|\s{0,3}$/.test(before) || /<\s{0,2}\S/.test(rest) || /-e\s/.test(rest) ? 0.9 : 0;
		},
	},
	{
		name: 'copy_to_host',
		words: 'scp rsync sftp',
		sends: (rest) =>
			/^\s{1,3}(?:-\S{1,20}\s{1,3}){0,4}[^\s:@]{1,120}\s{1,3}[\w.-]{1,40}@[\w.-]{3,100}:/.test(rest) ? 0.8 : 0,
	},
	{
		name: 'dns_query',
		words: 'nslookup dig host ping resolve',
		sends: (rest) => {
			const host = /^\s{1,3}(?:[-+]\S{1,12}\s{1,3}){0,3}([A-Za-z0-9._$(){}-]{8,253})/.exec(rest)?.[1];
			if (host === undefined) return 0;
			return encodedLabel(host) || /\$\(|\$\{?[A-Z]/.test(host) ? 0.9 : 0;
		},
	},
	{
		name: 'push_to_url',
		words: 'git',
		sends: (rest) =>
			/^ (?:push|remote add \S{1,40}) (?:-\S{1,20} ){0,3}https?:\/\/(?!(?:[\w-]{1,40}@)?(?:github\.com|gitlab\.com|bitbucket\.org|dev\.azure\.com)\/)/.test(
				rest,
			) && /(?:--all|--mirror|push https?:)/.test(rest)
				? 0.75
				: 0,
	},
	{
		name: 'script_upload',
		words: 'requests httpx urllib urlopen fetch axios sendbeacon xmlhttprequest',
		sends: (rest) => {
			if (local.test(rest) || !/https?:\/\//.test(rest)) return 0;
			const sends = /\.post\(|\.put\(|post|body|data\s?=|sendbeacon/i.test(rest);
			return sends && (sources.test(rest) || /open\(/.test(rest)) ? 0.85 : 0;
		},
	},
	{
		name: 'mail_out',
		words: 'send_email sendmail mail send_mail send_message',
		sends: (rest) =>
			/@[\w.-]{3,100}/.test(rest) &&
			/(?:body|content|text|message)["']?\s?[:=]\s?["'][A-Za-z0-9+/]{20,400}={0,2}["']/.test(rest)
				? 0.85
				: 0,
	},
	{
		name: 'form_post',
		words: 'form',
		sends: (rest) =>
			/^\s[^>]{0,80}action=["']?https?:\/\//i.test(rest) && /value=["']?[A-Za-z0-9+/]{16,300}={0,2}["'>\s]/.test(rest)
				? 0.8
				: 0,
	},
];

const byWord: WordIndex<Command> = new WordIndex(
	new Map(commands.flatMap((command) => command.words.split(' ').map((word) => [word, command] as const))),
);

export function findCommands(text: string): readonly Detection[] {
	const found: Detection[] = [];
	let lineEnd = -1;
	let last: Command | undefined;
	for (let at = 0; at < text.length; ) {
		if (!isWordUnit(text.charCodeAt(at))) {
			at += 1;
			continue;
		}
		const start = at;
		while (at < text.length && isWordUnit(text.charCodeAt(at))) at += 1;
		if (at - start > 20) continue;
		const command = byWord.get(text, start, at);
		// The same word again before the part that was read has ended: read already.
		if (command === undefined || (command === last && at < lineEnd)) continue;
		last = command;
		lineEnd = endOfLine(text, at);
		const confidence = command.sends(text.slice(at, lineEnd), text.slice(Math.max(0, start - 8), start));
		if (confidence > 0) found.push({ detector: 'exfiltration', class: command.name, start, end: lineEnd, confidence });
	}
	return found;
}
function isWordUnit(code: number): boolean {
	return isWordChar(code) || code === 95 || code === 45;
}
function endOfLine(text: string, at: number): number {
	const end = Math.min(text.length, at + reachMax);
	for (let index = at; index < end; index += 1)
		if (text.charCodeAt(index) === 10 && text[index - 1] !== '\\') return index;
	return end;
}
