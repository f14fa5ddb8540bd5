import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, readBounded, type Terminal, table } from '@tappass/cli-kit';
import {
	type CompiledPolicy,
	compiledPolicySchema,
	limits,
	parseBytesWith,
	type Runtime,
	TapPassError,
} from '@tappass/core';
import { type Authored, isAuthored, type Library, readDocument } from '@tappass/policy';
import { type CheckedGap, checkRuntime } from '@tappass/providers';
import { OperatorCommand } from '../../command.ts';
import { readLibrary } from '../../compile-request.ts';
import { count, refuse } from '../../diagnostics.ts';
import { findRuntime } from '../../find-runtime.ts';
import { readCapabilities } from '../../render-capabilities.ts';
import { readSource } from '../../sources.ts';

const args = { runtime: Args.string({ required: true, description: 'Runtime YAML, or the id of a ready one' }) };
const flags = {
	'compiled-policy': Flags.string({
		helpValue: '<file>',
		description: 'Compiled Policy to check it against (default: one that states something in every Aspect)',
	}),
	capabilities: Flags.string({
		helpValue: '<file>',
		description: 'what the targets are told of the machine (default: this machine, for a preview)',
	}),
};

/** `tappass runtime check`: which defences are active, and whether every gap is covered or accepted. */
export default class RuntimeCheck extends OperatorCommand {
	static override summary = 'Say which defences of a Runtime are active, which are not, and what is left open.';
	static override description =
		'Exit code 1 when a gap is neither covered by another position nor accepted by name with a reason.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> node-bubblewrap',
		'<%= config.bin %> <%= command.id %> runtime.yaml --compiled-policy policy.json --json',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const library = await readLibrary(undefined);
		const runtime = await readRuntime(given.runtime, library);
		const path = chosen['compiled-policy'];
		const policy =
			path === undefined
				? broadPolicy
				: parseBytesWith(compiledPolicySchema, await readBounded(path, limits.payloadBytesMax), path);
		const capabilities = await readCapabilities(chosen.capabilities, runtime.rings.harness ?? 'claude-code', library);
		const result = checkRuntime(runtime, policy, capabilities);
		return {
			schema: 'tappass.runtime.check/1',
			fields: { runtime: runtime.id, ...result },
			text: describe(),
			exit: result.valid ? 0 : 1,
		};

		function describe(): string {
			const { bold, green, red } = terminal.style;
			const active = result.active.map(({ position, provider, aspects }) => [position, provider, aspects.join(', ')]);
			const inactive = result.inactive.map(
				({ position, provider, why }) => `  ${position}: ${provider ?? 'no Provider'} (${why})`,
			);
			const gaps = result.gaps.map((gap) => [gap.provider, gap.aspect, gap.value, settled(gap)]);
			const open = result.gaps.filter((gap) => gap.covered_by === undefined && gap.accepted === undefined).length;
			return [
				table([['ACTIVE', 'PROVIDER', 'ASPECTS'], ...active], terminal.style),
				...(inactive.length === 0 ? [] : ['', bold('Not active'), ...inactive]),
				...(gaps.length === 0
					? []
					: ['', table([['GAP OF', 'ASPECT', 'VALUE', 'HOW IT IS MET'], ...gaps], terminal.style)]),
				'',
				result.valid
					? green(`${runtime.id} is valid.`)
					: red(`${runtime.id} is not valid: ${open > 0 ? `${count(open, 'gap')} open` : 'a Provider is missing'}.`),
			].join('\n');
		}
	}
}

function settled(gap: CheckedGap): string {
	if (gap.covered_by !== undefined) return `covered by ${gap.covered_by}`;
	return gap.accepted === undefined ? `OPEN: ${gap.why}` : `accepted: ${gap.accepted}`;
}

/** A Runtime by the id of a ready one, or from a file. @throws {TapPassError} not_found, file_unreadable, policy_invalid */
async function readRuntime(name: string, library: Library): Promise<Runtime> {
	if (/^[a-z0-9-]+$/.test(name)) return findRuntime(library, name);
	const read = readDocument(await readSource(name));
	if (!isAuthored(read)) {
		refuse(read.diagnostics, name);
		throw new TapPassError('policy_invalid', { detail: name });
	}
	if (read.value.schema !== 'tappass.runtime/1')
		throw new TapPassError('schema_invalid', { detail: `${name} is ${read.value.schema}, not tappass.runtime/1` });
	return (read as Authored<Runtime>).value;
}

/** Something in every Aspect, so that a check without a policy shows what each position can and cannot hold. */
const broadPolicy: CompiledPolicy = {
	schema: 'tappass.compiled-policy/1',
	network: { allow_domains: ['*.example.com', 'api.example.org'], deny_categories: ['paste_sites'] },
	filesystem: { workspace: '/workspace', read_only: ['/usr'], deny_paths: ['/workspace/.env', '~/.ssh'] },
	tools: {
		allow: ['collibra.*'],
		deny: ['*.delete_*'],
		schemas_acl: { collibra: { finance: 'ro', pii_archive: 'deny' } },
	},
	interpreter: { host_functions: ['search'], memory_mb: 64, cpu_time_ms: 500, stack_depth: 200 },
	budget: { tokens_per_day: 500_000, dollars_per_month: 200, tool_calls_per_minute: 30 },
	compliance_tags: ['SOC2:CC6.1'],
};
