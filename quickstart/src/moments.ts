import type { Span } from './collector.ts';
import { must, type Ran, Unexpected, until } from './run.ts';
import type { World } from './world.ts';

/** What a moment showed: what was run, and what came back. */
export interface Evidence {
	readonly ran: readonly string[];
	readonly saw: readonly string[];
}

/** One moment of the demo. Without `play` its part is not built yet. */
export interface Moment {
	readonly number: number;
	readonly title: string;
	/** What a person may believe when it passes; of one that is not built, what is missing. */
	readonly proves: string;
	readonly play?: (world: World) => Promise<Evidence>;
}

/** What the agent says of a task, `run-task --json`. */
interface TaskAnswer {
	readonly outcome: 'done' | 'denied';
	readonly text: string;
	readonly calls: readonly string[];
	readonly denial?: {
		readonly code: string;
		readonly status: number;
		readonly because: readonly string[];
		readonly request_id: string;
	};
	readonly spans: readonly (Omit<Span, 'service' | 'parent_id'> & { readonly parent_id?: string })[];
}

/** The moments in the order that they are told. */
export const moments: readonly Moment[] = [
	{
		number: 1,
		title: 'Evaluation before deployment',
		proves: 'Will play probes against a policy before it is applied; tappass eval is not built yet.',
	},
	{
		number: 2,
		title: 'A governed task, and its trace',
		proves: 'What the policy allows works, and one trace follows the call from the agent to the tool.',
		play: baseline,
	},
	{
		number: 3,
		title: 'A schema that the agent may not touch',
		proves: 'Asked by the model or called by itself: refused, and the log says by whose rule.',
		play: (world) => schemaDenied(world, 'tenant_a'),
	},
	{
		number: 4,
		title: 'The same answer in the second sandbox',
		proves: 'The rule is of the project, not of one machine.',
		play: (world) => schemaDenied(world, 'tenant_b'),
	},
	{
		number: 5,
		title: 'A live change of policy',
		proves: 'A stricter policy reaches an agent that runs, without starting it anew.',
		play: liveChange,
	},
	{
		number: 6,
		title: 'A loop that ends the session',
		proves: 'Allowed calls, made again and again, end the session; it stays ended.',
		play: loop,
	},
	{
		number: 7,
		title: 'Drift from the baseline',
		proves: 'Will compare what agents do with what they used to do; drift signals are not built yet.',
	},
	{
		number: 8,
		title: 'Around the gateway',
		proves: 'An agent that does not ask the gateway has no other way out: the kernel holds it.',
		play: bypass,
	},
	{
		number: 9,
		title: 'No upward channel',
		proves: 'An agent can neither ask for more, nor write its own policy, nor reach who could.',
		play: noUpwardChannel,
	},
	{
		number: 10,
		title: 'Revocation',
		proves: 'A sandbox that is revoked is refused from then on, though its token has not run out.',
		play: revocation,
	},
];

async function baseline(world: World): Promise<Evidence> {
	const ran = await must(world.agent('tenant_a', 'run-task', 'add-email-column', '--json'));
	const task = read(ran);
	expect(task.outcome === 'done', `expected the task to be done: ${ran.stdout}`);
	for (const { name, trace_id, span_id, parent_id } of task.spans)
		world.collector.add({ service: 'collibra-agent', name, trace_id, span_id, parent_id });
	const trace = task.spans[0]?.trace_id ?? '';
	let chain: readonly Span[] = [];
	await until(
		() => {
			chain = chainToServer(world.collector.spans, trace);
			return chain.length >= 5;
		},
		`expected five contiguous spans, found ${chain.length}`,
		20_000,
	).catch((error: unknown) => {
		const all = world.collector.spans.filter(({ trace_id }) => trace_id === trace);
		throw new Unexpected(`${String(error)}\n${all.map((one) => JSON.stringify(one)).join('\n')}`);
	});
	return {
		ran: [ran.line],
		saw: [
			task.text,
			`trace ${trace}`,
			...chain.map(({ service, name }, depth) => `${'  '.repeat(depth)}${service}: ${name}`),
		],
	};
}

// From the MCP server up to the agent: each span names the one above it as its parent.
function chainToServer(spans: readonly Span[], trace: string): readonly Span[] {
	const own = spans.filter(({ trace_id }) => trace_id === trace);
	const above = (span: Span): readonly Span[] => {
		const parent = own.find(({ span_id }) => span_id === span.parent_id);
		return parent === undefined ? [span] : [...above(parent), span];
	};
	const chains = own.filter(({ service }) => service === 'collibra-mock').map(above);
	return chains.find(([first]) => first?.service === 'collibra-agent') ?? [];
}

async function schemaDenied(world: World, sandbox: string): Promise<Evidence> {
	const [task, direct] = await Promise.all([
		world.agent(sandbox, 'run-task', 'drop-pii-archive', '--json'),
		// The model's wish is refused at the gateway. An agent that calls the tool by itself meets the broker.
		world.agent(
			sandbox,
			...['call', 'collibra.delete_asset'],
			...['{"schema":"pii_archive","asset_id":"pii_archive.contacts_2019"}', '--json'],
		),
	]);
	const { denial } = read(task);
	expect(denial?.code === 'schema_denied', `expected schema_denied: ${task.stdout}${task.stderr}`);
	const broker = read(direct).denial;
	expect(broker?.code === 'schema_denied', `expected schema_denied at the broker: ${direct.stdout}${direct.stderr}`);
	expect(
		broker.because.some((line) => /Project floor/.test(line)),
		`expected the project floor among the reasons: ${broker.because.join(' | ')}`,
	);
	const audit = await audited(world, broker.request_id);
	return {
		ran: [task.line, direct.line, audit.ran],
		saw: [
			`by the model: ${denial.status} ${denial.code} at the LLM Gateway`,
			`by itself:    ${broker.code} at the MCP Broker`,
			...broker.because.map((line) => `  ⤷ ${line}`),
			`on the log:   ${audit.saw}`,
		],
	};
}

async function audited(world: World, requestId: string): Promise<{ readonly ran: string; readonly saw: string }> {
	let [ran, saw] = ['', ''];
	await until(
		async () => {
			const asked = await must(world.tappass('audit', 'query', '--request-id', requestId, '--json'));
			ran = asked.line;
			const { items } = JSON.parse(asked.stdout) as { readonly items: readonly { readonly leaf: string }[] };
			// The leaf is what the log holds and third parties verify; what is told here is read from it alone.
			const found = items
				.map(({ leaf }) => JSON.parse(Buffer.from(leaf, 'base64').toString('utf8')) as Leaf)
				.find(({ type }) => type === 'call.denied');
			if (found === undefined) return false;
			saw = `${found.type}, step ${found.step}, code ${found.code}, level ${found.level}`;
			return found.level === 'project';
		},
		`the log has no denial of ${requestId} at the project's level`,
		20_000,
	);
	return { ran, saw };
}

interface Leaf {
	readonly type?: string;
	readonly step?: string;
	readonly code?: string;
	readonly level?: string;
}

async function liveChange(world: World): Promise<Evidence> {
	const before = await resident(world);
	const applied = await must(
		world.tappass('policy', 'apply', '--level', 'project=collibra-eval', 'policies/strict.rego', '--wait'),
	);
	let after = before;
	await until(
		async () => {
			after = await resident(world);
			return after.version > before.version && after.tools < before.tools;
		},
		`the agent still sees version ${before.version} with ${before.tools} tools`,
		20_000,
	);
	expect(after.pid === before.pid, 'the agent was restarted');
	return {
		ran: [applied.line, 'tappass-host logs tenant_a'],
		saw: [
			`policy_version: ${before.version} → ${after.version}`,
			`tools: ${before.tools} → ${after.tools}`,
			`the same process ${after.pid}: no restart`,
		],
	};
}

/** What the agent that was started last said it sees. */
async function resident(
	world: World,
): Promise<{ readonly version: number; readonly tools: number; readonly pid: number }> {
	const { stdout } = await must(world.host('logs', 'tenant_a'));
	const last = [...stdout.matchAll(/policy_version (\d+), (\d+) tools, process (\d+)/g)].at(-1);
	expect(last !== undefined, `the agent has not said what it sees: ${stdout.slice(-500)}`);
	return { version: Number(last[1]), tools: Number(last[2]), pid: Number(last[3]) };
}

async function loop(world: World): Promise<Evidence> {
	const ran = await world.agent('tenant_b', 'run-task', 'clean-up-temp-assets', '--json');
	const { denial, calls } = read(ran);
	expect(denial?.code === 'session_killed', `expected session_killed: ${ran.stdout}${ran.stderr}`);
	const again = await world.agent('tenant_b', 'run-task', 'add-email-column', '--json');
	expect(read(again).denial?.code === 'session_killed', `expected the session to stay killed: ${again.stdout}`);
	const sessions = await must(world.tappass('session', 'list', '--state', 'killed', '--json'));
	const { items } = JSON.parse(sessions.stdout) as { readonly items: readonly Killed[] };
	expect(items.length === 1, `expected one killed session: ${sessions.stdout}`);
	return {
		ran: [ran.line, again.line, sessions.line],
		saw: [
			...calls,
			`${denial.status} ${denial.code}`,
			'the next task: session_killed',
			...items.map(({ id, sandbox, killed_reason }) => `${sandbox} ${id}: ${killed_reason}`),
		],
	};
}

interface Killed {
	readonly id: string;
	readonly sandbox?: string;
	readonly killed_reason?: string;
}

async function bypass(world: World): Promise<Evidence> {
	const [proxied, direct, metadata] = await Promise.all([
		world.inside('tenant_a', 'curl', '-sS', '-m', '10', '-o', '/dev/null', 'https://collibra.com/'),
		world.inside(
			'tenant_a',
			...['curl', '-sS', '-m', '10', '--noproxy', '*', '-o', '/dev/null', 'https://93.184.215.14/'],
		),
		world.inside('tenant_a', 'curl', '-sS', '-m', '10', 'http://169.254.169.254/'),
	]);
	expect(proxied.code !== 0, 'curl reached collibra.com');
	expect(direct.code !== 0, 'curl reached an address without the proxy');
	expect(
		metadata.stdout.includes('domain_not_allowed') || metadata.stdout.includes('metadata_address'),
		metadata.stdout,
	);
	return {
		ran: [proxied.line, direct.line, metadata.line],
		saw: [proxied.stderr.trim(), direct.stderr.trim(), lines(metadata.stdout)[0] ?? ''],
	};
}

async function noUpwardChannel(world: World): Promise<Evidence> {
	const [asked, write, operator] = await Promise.all([
		must(world.agent('tenant_a', 'ask-for-more')),
		world.inside('tenant_a', 'sh', '-c', 'echo more >> /run/tappass/keyring.json'),
		world.inside('tenant_a', 'curl', '-sS', '-m', '10', `${world.urls.operator}/v1/policies`),
	]);
	expect(asked.stdout.includes('undefined'), asked.stdout);
	expect(write.code !== 0, 'the agent wrote its own keyring');
	expect(operator.code !== 0 || operator.stdout.includes('"code"'), 'the operator API answered the agent');
	return {
		ran: [asked.line, write.line, operator.line],
		saw: [
			asked.stdout.trim(),
			write.stderr.trim(),
			lines(operator.stdout)[0] ?? lines(operator.stderr)[0] ?? `exit ${operator.code}`,
		],
	};
}

async function revocation(world: World): Promise<Evidence> {
	const revoked = await must(world.tappass('sandbox', 'revoke', 'tenant_a'));
	let ran: Ran | undefined;
	let code = '';
	await until(
		async () => {
			ran = await world.agent('tenant_a', 'run-task', 'add-email-column', '--json');
			const denial = tryRead(ran)?.denial;
			code = denial === undefined ? ran.stderr.trim() : `${denial.status} ${denial.code}`;
			return denial?.status === 401 && denial.code === 'sandbox_revoked';
		},
		'the revoked sandbox was not refused with 401 sandbox_revoked',
		20_000,
	).catch((error: unknown) => {
		throw new Unexpected(`${String(error)}: ${code}`);
	});
	return { ran: [revoked.line, ran!.line], saw: [revoked.stdout.trim(), code] };
}

function tryRead({ stdout }: Ran): TaskAnswer | undefined {
	const line = lines(stdout).findLast((one) => one.startsWith('{'));
	return line === undefined ? undefined : (JSON.parse(line) as TaskAnswer);
}

function read(ran: Ran): TaskAnswer {
	const answer = tryRead(ran);
	if (answer === undefined) throw new Unexpected(`${ran.line}: exit ${ran.code}\n${ran.stdout}${ran.stderr}`);
	return answer;
}

function lines(text: string): readonly string[] {
	return text.split('\n').filter((line) => line.trim() !== '');
}

function expect(holds: boolean, otherwise: string): asserts holds {
	if (!holds) throw new Unexpected(otherwise);
}
