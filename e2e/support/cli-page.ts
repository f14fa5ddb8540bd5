/** `docs/cli.md`, made from what the three programs say of themselves. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readText, root } from './repository.ts';

const run = promisify(execFile);

interface Flag {
	readonly name: string;
	readonly char?: string;
	readonly description?: string;
	readonly required?: boolean;
	readonly type: string;
	readonly helpValue?: string;
	readonly helpGroup?: string;
	readonly options?: readonly string[];
	readonly default?: unknown;
	readonly allowNo?: boolean;
	readonly multiple?: boolean;
}
interface Command {
	readonly id: string;
	readonly summary: string;
	readonly description: string;
	readonly examples: readonly string[];
	readonly hidden?: boolean;
	readonly flags: Readonly<Record<string, Flag>>;
	readonly args: Readonly<
		Record<string, { readonly name: string; readonly description: string; readonly required?: boolean }>
	>;
}

const head = `# The three command lines

Written by \`npm run docs:cli\` from the commands themselves; a test holds it current. Each command has \`--help\`.

On every command: \`--json\` prints one object that begins with \`"schema": "tappass.policy.apply/1"\`, named after the command
(streams print one object a line; a failure leaves stdout empty and prints a problem object on stderr); \`--no-color\` and
\`NO_COLOR\` turn colour off. Codes of failures are in [errors.md](errors.md).

| Exit | Meaning |
| --- | --- |
| 0 | done |
| 1 | it worked and the answer is no: a check found violations, a call is denied |
| 2 | usage or input: an unknown flag, a file that does not parse, a policy that contradicts a floor |
| 3 | verification refused: signature, version, freshness, wrong sandbox. Do not retry |
| 4 | not authenticated or not allowed |
| 5 | unreachable or timed out. A retry may help |
| 70 | a bug of ours; the message says how to report it |
| 130 | interrupted |
`;

/** The whole page. */
export async function cliPage(): Promise<string> {
	const { commands } = JSON.parse(readText('packages/tappass-cli/oclif.manifest.json')) as {
		readonly commands: Readonly<Record<string, Command>>;
	};
	const operator = Object.values(commands).filter(({ hidden }) => hidden !== true);
	const parts = [head, '## tappass\n\nThe operator’s command line. It needs a server only where it says so.\n'];
	for (const command of operator.sort((a, b) => (a.id < b.id ? -1 : 1))) parts.push(section(command));
	for (const [name, what] of [
		['tappass-host', 'The host owner’s command line: it applies what was signed, and cannot change it.'],
		['tappass-agent', 'The agent’s command line: it reads and explains, and has no way to ask for more.'],
	] as const) {
		parts.push(`## ${name}\n\n${what}\n`);
		for (const { words, text } of await helpTexts(name)) parts.push(`### ${words}\n\n\`\`\`text\n${text}\`\`\`\n`);
	}
	return parts.join('\n');
}

function section({ id, summary, description, examples, flags, args }: Command): string {
	const words = `tappass ${id.replaceAll(':', ' ')}`;
	const fill = (text: string): string =>
		text.replaceAll('<%= config.bin %>', 'tappass').replaceAll('<%= command.id %>', id.replaceAll(':', ' '));
	const rows: readonly { readonly name: string; readonly text: string; readonly required?: boolean }[] = [
		...Object.values(args).map((arg) => ({ ...arg, name: arg.name.toUpperCase(), text: arg.description })),
		...Object.values(flags)
			.filter(({ helpGroup }) => helpGroup !== 'GLOBAL')
			.map((flag) => ({ ...flag, name: flagText(flag), text: valuesText(flag) })),
	];
	const table = rows.map(
		({ name, text, required }) => `| \`${name}\` | ${cell(text)}${required === true ? ' (required)' : ''} |`,
	);
	return [
		`### ${words}`,
		'',
		`${summary} ${fill(description)}`,
		'',
		...(rows.length === 0 ? [] : ['| | |', '| --- | --- |', ...table, '']),
		'```text',
		...examples.map((example) => `$ ${fill(example)}`),
		'```',
		'',
	].join('\n');
}

function flagText({ name, char, type, helpValue, allowNo }: Flag): string {
	const long = allowNo === true ? `--[no-]${name}` : `--${name}`;
	return `${char === undefined ? '' : `-${char}, `}${long}${type === 'option' ? ` ${helpValue ?? '<value>'}` : ''}`;
}

function valuesText({ description = '', options, default: preset }: Flag): string {
	const values = options === undefined ? '' : `; one of ${options.join(', ')}`;
	const isShown = ['string', 'number'].includes(typeof preset) && preset !== '';
	return `${description}${values}${isShown ? ` (default: ${preset})` : ''}`;
}

function cell(text: string): string {
	return text.replaceAll('|', '\\|').replaceAll('<', '\\<').replaceAll('\n', ' ');
}

/** The help of each command of a program of commander. */
export async function helpTexts(
	name: 'tappass-host' | 'tappass-agent',
): Promise<readonly { readonly words: string; readonly text: string }[]> {
	const program = join(root, 'packages', name, 'dist', 'main.js');
	const help = async (...words: readonly string[]): Promise<string> =>
		(
			await run(process.execPath, [program, 'help', ...words], {
				env: { ...process.env, COLUMNS: '100', NO_COLOR: '1' },
			})
		).stdout;
	const overview = (await help()).split('\nCommands:\n')[1] ?? '';
	const commands = [...overview.matchAll(/^ {2}([a-z][a-z-]*)/gm)]
		.map(([, word]) => word!)
		.filter((word) => word !== 'help');
	return Promise.all(commands.map(async (word) => ({ words: `${name} ${word}`, text: await help(word) })));
}
