import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, readBounded, type Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { formatPolicies, type SourceFile } from '@tappass/policy';
import { OperatorCommand } from '../../command.ts';
import { count, refuse } from '../../diagnostics.ts';
import { limits } from '../../limits.ts';
import { replaceFile } from '../../replace-file.ts';
import { readSources } from '../../sources.ts';

const args = {
	path: Args.string({
		required: true,
		description: 'file or directory; several may be given; - reads stdin and writes stdout',
	}),
};
const flags = { check: Flags.boolean({ description: 'write nothing; exit code 1 when a file has another form' }) };

/** `tappass policy fmt`: the form that `opa fmt` gives. */
export default class PolicyFmt extends OperatorCommand {
	static override summary = 'Format Rego files, byte for byte as opa fmt does.';
	static override description =
		'Writes the files in place; with --check it only says which are not formatted, with exit code 1.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> policies/',
		'<%= config.bin %> <%= command.id %> --check policies/',
		'cat a.rego | <%= config.bin %> <%= command.id %> -',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;
	static override strict = false;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { argv, flags: chosen } = await this.parse({
			args,
			flags,
			baseFlags: OperatorCommand.baseFlags,
			strict: false,
		});
		const paths = argv as string[];
		const stdin = paths.length === 1 && paths[0] === '-';
		const files = stdin ? [await readStdin()] : await readSources(paths);
		const { schema, changed, unchanged, diagnostics } = formatPolicies(files);
		refuse(diagnostics, 'the files');
		const names = changed.map(({ file }) => file);
		if (chosen.check) {
			const text = names.length === 0 ? `${count(unchanged.length, 'file')} in form.` : names.join('\n');
			return { schema, fields: { changed: names, unchanged, written: false }, text, exit: names.length === 0 ? 0 : 1 };
		}
		if (stdin) {
			const formatted = changed[0]?.formatted ?? new TextDecoder().decode(files[0]!.bytes);
			return { schema, fields: { formatted }, text: formatted, verbatim: true };
		}
		for (const { file, formatted } of changed) await replaceFile(file, formatted);
		return {
			schema,
			fields: { changed: names, unchanged, written: true },
			text: [
				...names.map((name) => `formatted ${name}`),
				`${count(names.length, 'file')} changed, ${unchanged.length} unchanged.`,
			].join('\n'),
		};
	}
}

async function readStdin(): Promise<SourceFile> {
	if (process.stdin.isTTY)
		throw new TapPassError('usage', { detail: '- reads stdin, which is a terminal here', hint: 'pipe a file into it' });
	return { file: 'stdin.rego', bytes: await readBounded('-', limits.sourceFileBytesMax) };
}
