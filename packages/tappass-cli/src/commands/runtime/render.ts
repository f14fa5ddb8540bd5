import { type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, readBounded, type Terminal, table, writeBelow } from '@tappass/cli-kit';
import { compiledPolicySchema, limits, nearest, parseBytesWith, TapPassError } from '@tappass/core';
import { findTarget, targets } from '@tappass/providers';
import { OperatorCommand } from '../../command.ts';
import { readLibrary } from '../../compile-request.ts';
import { readCapabilities } from '../../render-capabilities.ts';

const flags = {
	'compiled-policy': Flags.string({
		required: true,
		helpValue: '<file>',
		description: 'Compiled Policy, as policy compile prints it; - for stdin',
	}),
	target: Flags.string({
		required: true,
		helpValue: '<name>',
		description: 'target to render for; runtime list names them',
	}),
	capabilities: Flags.string({
		helpValue: '<file>',
		description: 'what the target is told of the machine (default: this machine, for a preview)',
	}),
	out: Flags.string({
		required: true,
		helpValue: '<dir>',
		description: 'directory for the files; an absolute path is put below it',
	}),
};

/** `tappass runtime render`: the native configuration of one target. */
export default class RuntimeRender extends OperatorCommand {
	static override summary = 'Render a Compiled Policy into the native configuration of one target.';
	static override description = 'What the target cannot express is listed as a gap, never dropped or widened.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> --compiled-policy policy.json --target claude-code --out rendered',
	];
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { flags: chosen } = await this.parse({ flags, baseFlags: OperatorCommand.baseFlags });
		const target = findTarget(chosen.target);
		if (target === undefined) {
			const near = nearest(
				chosen.target,
				targets.map((one) => one.name),
			);
			throw new TapPassError('not_found', {
				detail: `there is no target ${JSON.stringify(chosen.target)}`,
				hint: near === undefined ? `one of ${targets.map((one) => one.name).join(', ')}` : `did you mean ${near}?`,
			});
		}
		const path = chosen['compiled-policy'];
		const policy = parseBytesWith(compiledPolicySchema, await readBounded(path, limits.payloadBytesMax), path);
		const capabilities = await readCapabilities(chosen.capabilities, target.name, await readLibrary(undefined));
		const rendered = target.render(policy, capabilities);
		// A file that the target would ignore is worse than none: several read a malformed policy as no policy.
		const problems = target.check(rendered);
		if (problems.length > 0)
			throw new TapPassError('internal', {
				detail: `the output for ${target.name} is malformed: ${problems.join('; ')}`,
			});
		const files = await writeBelow(chosen.out, rendered.files);
		const { args, env, gaps } = rendered;
		return {
			schema: 'tappass.runtime.render/1',
			fields: { target: target.name, files, args, env, gaps },
			text: describe(),
		};

		function describe(): string {
			const { bold, yellow } = terminal.style;
			const rows = gaps.map((gap) => [gap.aspect, gap.value, gap.why]);
			const gapLines = table([['ASPECT', 'VALUE', 'WHY'], ...rows], terminal.style).split('\n');
			const section = (title: string, lines: readonly string[]): readonly string[] =>
				lines.length === 0 ? [] : [bold(title), ...lines.map((line) => `  ${line}`)];
			return [
				...section(
					'Files',
					files.map((file) => `${file.written} (mode ${file.mode})`),
				),
				...section(
					'Arguments',
					args.map((arg) => JSON.stringify(arg)),
				),
				...section(
					'Environment',
					Object.entries(env).map(([name, value]) => `${name}=${value}`),
				),
				...(gaps.length === 0
					? ['No gaps: the target expresses all of it.']
					: section(yellow(`Gaps (${gaps.length})`), gapLines)),
			].join('\n');
		}
	}
}
