/**
 * Policy: compiling one cascade, and deriving thousands of sandboxes again after a change of the org floor.
 * Works on the shipped `policies/` and `packs/`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
	type CompileRequest,
	compilePolicy,
	isRefused,
	loadLibrary,
	type PolicyFile,
	PolicyMemo,
	policyKey,
	type SourceFile,
} from '@tappass/policy';

const root = join(import.meta.dirname, '..', '..');
const sandboxes = 10_000;
const projects = 100;
/** Sandboxes of another org, which a floor change does not touch. */
const others = 1_000;

/** Milliseconds for one cascade with all Packs, cold and warm; seconds for 10,000 sandboxes after a floor change. */
export async function run(): Promise<Readonly<Record<string, unknown>>> {
	const files = ['policies', 'packs'].flatMap((folder) => filesIn(join(root, folder)));
	const loadStart = performance.now();
	const { library } = loadLibrary(files);
	const load_ms = performance.now() - loadStart;
	const packs = [...library.packs.keys()].map((id) => ({ id, level: 'org' as const }));
	const shipped = (name: string): PolicyFile => files.find(({ file }) => file === `policies/${name}`)!;
	const request: CompileRequest = {
		library,
		org: [shipped('acme-baseline.rego')],
		project: [shipped('collibra-steward.rego')],
		agent: [agentFile(0, 5)],
		packs,
		function: 'collibra_steward',
		categories: ['customer_pii', 'eu_residents'],
		names: { org: 'acme', project: 'data', agent: 'steward' },
	};
	const first = performance.now();
	const result = compilePolicy(request);
	const compile_first_ms = performance.now() - first;
	if (isRefused(result)) throw new Error(JSON.stringify(result.diagnostics.slice(0, 3)));
	// A fresh memo each time: warm is the program, not its answer.
	const cpuStart = process.cpuUsage();
	const times = Array.from({ length: 30 }, () => time(() => compilePolicy(request))).sort((a, b) => a - b);
	const cpu = process.cpuUsage(cpuStart);
	return {
		packs: packs.length,
		tools: library.catalog.names.length,
		load_ms: round(load_ms),
		compile_first_ms: round(compile_first_ms),
		compile_p50_ms: round(times[15]!),
		compile_cpu_ms: round((cpu.user + cpu.system) / 1_000 / times.length),
		compile_max_ms: round(times[29]!),
		...deriveFleet(request),
	};
}

/** Every sandbox has an agent level of its own, the dearest case: nothing below the project is shared. */
function deriveFleet(base: CompileRequest): Readonly<Record<string, unknown>> {
	const memo = new PolicyMemo(4 * sandboxes);
	const projectFiles = Array.from({ length: projects }, (_, index) =>
		regoFile(`project-${index}.rego`, `compliance_tags contains "ACME:P${index}"`),
	);
	const agentFiles = Array.from({ length: sandboxes + others }, (_, index) => agentFile(index, index % 30));
	const otherOrg = regoFile('other.rego', 'tools.allow contains "collibra.*"\n\nbudget.tool_calls_per_minute := 60');
	const requests = (org: PolicyFile): readonly CompileRequest[] =>
		Array.from({ length: sandboxes + others }, (_, index): CompileRequest => {
			const mine = index < sandboxes;
			const project = projectFiles[index % projects]!;
			const agent = agentFiles[index]!;
			return {
				...base,
				memo,
				org: [mine ? org : otherOrg],
				project: [project],
				agent: [agent],
				packs: mine ? (base.packs ?? []) : [],
			};
		});
	const floor = base.org![0]!;
	const changed: PolicyFile = {
		...floor,
		bytes: new TextEncoder().encode(
			`${new TextDecoder().decode(floor.bytes)}\ncompliance_tags contains "ACME:changed"\n`,
		),
	};
	const before = requests(floor);
	const keys = before.map((request) => policyKey(request, memo));
	const initialStart = performance.now();
	for (const request of before) refuseRefusal(compilePolicy(request));
	const initial_s = (performance.now() - initialStart) / 1_000;
	const madeBefore = memo.counts.made;
	const start = performance.now();
	const cpuStart = process.cpuUsage();
	let stale = 0;
	for (const [index, request] of requests(changed).entries()) {
		if (policyKey(request, memo) === keys[index]) continue;
		stale += 1;
		refuseRefusal(compilePolicy(request));
	}
	const rederive_s = (performance.now() - start) / 1_000;
	// All threads together: what one core would need, also on a machine that does other work.
	const cpu = process.cpuUsage(cpuStart);
	const rederive_cpu_s = (cpu.user + cpu.system) / 1e6;
	return {
		sandboxes,
		initial_s: round(initial_s),
		rederive_s: round(rederive_s),
		rederive_cpu_s: round(rederive_cpu_s),
		stale,
		worked_out: memo.counts.made - madeBefore,
	};
}

function refuseRefusal(result: ReturnType<typeof compilePolicy>): void {
	if (isRefused(result)) throw new Error(JSON.stringify(result.diagnostics.slice(0, 3)));
}

function agentFile(index: number, calls: number): PolicyFile {
	return regoFile(
		`agent-${index}.rego`,
		`budget.tool_calls_per_minute := ${calls}\n\ncompliance_tags contains "ACME:A${index}"`,
	);
}
function regoFile(file: string, rules: string): PolicyFile {
	return { file, bytes: new TextEncoder().encode(`package tappass.policy\n\n${rules}\n`), mtime: 0 };
}
function filesIn(folder: string): readonly SourceFile[] {
	return readdirSync(folder, { withFileTypes: true, recursive: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name))
		.map((path) => ({ file: relative(root, path), bytes: readFileSync(path), mtime: 0 }));
}
function time(work: () => void): number {
	const start = performance.now();
	work();
	return performance.now() - start;
}
function round(value: number): number {
	return Math.round(value * 100) / 100;
}
