import { chmod, mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Collector } from './collector.ts';
import { must, type Place, type Ran, type Running, run, start, stop, Unexpected } from './run.ts';

/** Everything the demo stands on: real programs, each a process of its own, in one directory that goes at the end. */
export interface World {
	readonly directory: string;
	readonly collector: Collector;
	readonly urls: Readonly<Record<'operator' | 'host' | 'agent', string>>;
	/** Runs `tappass …` as the operator. */
	readonly tappass: (...args: readonly string[]) => Promise<Ran>;
	/** Runs `tappass-host …` as the host owner. */
	readonly host: (...args: readonly string[]) => Promise<Ran>;
	/** Runs a command of the agent inside a sandbox. */
	readonly agent: (sandbox: string, ...args: readonly string[]) => Promise<Ran>;
	/** Runs any program inside a sandbox. */
	readonly inside: (sandbox: string, ...command: readonly string[]) => Promise<Ran>;
	/** A file for a shell to read: then `tappass` and `tappass-host` speak to what runs here. */
	readonly settings: string;
	readonly close: () => Promise<void>;
}

const root = join(import.meta.dirname, '..', '..');
const example = join(root, 'examples', 'collibra-agent');
const agentProgram = join(example, 'dist', 'agent', 'main.js');

/** What a run writes, with room to spare: a database, logs, two sandboxes. */
const bytesNeeded = 512 * 2 ** 20;

/** Starts everything. @param say told what is happening @param signal ends it all early; never unless given */
export async function openWorld(
	say: (line: string) => void,
	signal: AbortSignal = new AbortController().signal,
): Promise<World> {
	const { bavail, bsize } = await statfs(tmpdir());
	if (bavail * bsize < bytesNeeded)
		throw new Unexpected(
			`${tmpdir()} has ${Math.floor((bavail * bsize) / 2 ** 20)} MB left, and ${bytesNeeded / 2 ** 20} MB are needed; make room there, or set TMPDIR to another directory`,
		);
	const directory = await mkdtemp(join(tmpdir(), 'tappass-demo-'));
	const running: Running[] = [];
	const collector = new Collector();
	const close = async (): Promise<void> => {
		for (const one of running.splice(0).reverse()) await stop(one);
		collector.close();
		await rm(directory, { recursive: true, force: true });
	};
	try {
		// The agent's own user passes through it to what is mounted for it.
		await chmod(directory, 0o711);
		return await build({ directory, running, collector, close, say, signal });
	} catch (error) {
		await close();
		throw error;
	}
}

interface Ground {
	readonly directory: string;
	readonly running: Running[];
	readonly collector: Collector;
	readonly close: () => Promise<void>;
	readonly say: (line: string) => void;
	readonly signal: AbortSignal;
}

async function build({ directory, running, collector, close, say, signal }: Ground): Promise<World> {
	const traces = await collector.listen();
	const [operator, hostPort, agentPort] = [await freePort(), await freePort(), await freePort()];
	const urls = {
		operator: `http://127.0.0.1:${operator}`,
		host: `https://127.0.0.1:${hostPort}`,
		agent: `http://127.0.0.1:${agentPort}`,
	};
	const own = {
		XDG_CONFIG_HOME: join(directory, 'config'),
		XDG_CACHE_HOME: join(directory, 'cache'),
		XDG_STATE_HOME: join(directory, 'state'),
		TAPPASS_SERVER: urls.operator,
		TAPPASS_HOST_STATE: join(directory, 'host'),
		TAPPASS_HOST_RUNTIME: join(directory, 'run'),
	};
	const place: Place = {
		env: { ...process.env, ...own, OTEL_EXPORTER_OTLP_ENDPOINT: traces, NO_COLOR: '1' },
		cwd: root,
		signal,
	};
	const data = join(directory, 'server');
	const bin = (name: string): string => join(root, 'bin', name);
	const tappass = (...args: readonly string[]): Promise<Ran> =>
		run(`tappass ${shown(args)}`, [bin('tappass'), ...args], place);
	const host = (...args: readonly string[]): Promise<Ran> =>
		run(`tappass-host ${shown(args)}`, [bin('tappass-host'), ...args], place);
	const begin = (command: readonly string[], ready: string): Promise<Running> =>
		start(command, place, running, (text) => text.includes(ready));

	say('starting a Collibra catalog (MCP), a scripted model, the control plane and the daemon of this host');
	await mkdir(own.TAPPASS_HOST_STATE, { mode: 0o711 });
	const [catalog, model] = await Promise.all([
		begin([process.execPath, join(example, 'dist', 'mock-collibra-mcp', 'main.js')], '"url"'),
		begin([bin('tappass'), 'dev', 'model', join(example, 'transcripts', 'tasks.yaml'), '--json'], 'http://'),
		begin(
			[
				...[bin('tappass'), 'server', 'start', '--data', data, '--traces', traces],
				...['--operator-listen', `127.0.0.1:${operator}`],
				...['--host-listen', `127.0.0.1:${hostPort}`],
				...['--agent-listen', `127.0.0.1:${agentPort}`],
				// As root the engine runs as somebody else: as a user that is there, so that the demo makes none.
				...(process.getuid?.() === 0 ? ['--engine-user', 'nobody'] : []),
			],
			'The control plane is up.',
		),
		begin([bin('tappass-host'), 'daemon'], 'the daemon'),
	]);
	await must(tappass('login', '--data', data));
	say('registering the catalog and the model, applying the policies');
	const scripted = ['--speaks', 'openai', '--url', urlIn(model.output()), '--models', 'scripted*'];
	const project = ['--level', 'project=collibra-eval'];
	await Promise.all([
		must(tappass('mcp', 'register', 'collibra', '--url', urlIn(catalog.output()))),
		must(tappass('upstream', 'add', 'scripted', ...scripted, '--region', 'eu', '--price', 'input=1,output=1')),
		must(tappass('policy', 'apply', '--level', 'org', 'policies/acme-baseline.rego')).then(() =>
			must(tappass('policy', 'apply', '--pack', 'eu-ai-act', ...project, 'policies/collibra-steward.rego')),
		),
	]);
	say('enrolling two sandboxes on this host and starting the agent in each');
	const spec = await must(tappass('sandbox-spec', 'emit-bootstrap', 'collibra-steward', '--count', '2', '--json'));
	const { items } = JSON.parse(spec.stdout) as { readonly items: readonly { readonly url: string }[] };
	await Promise.all(
		['tenant_a', 'tenant_b'].map(async (name, at) => {
			await must(host('init', name, '--enroll-url', items[at]!.url));
			await must(host('start', name, '--agent', example, '--', 'serve'));
		}),
	);
	const settings = join(directory, 'env');
	await writeFile(
		settings,
		[
			...Object.entries(own).map(([name, value]) => `export ${name}=${quoted(value)}`),
			`export AGENT=${quoted(agentProgram)}`,
			// The Node of this run as well: the system's may be older.
			`export PATH=${quoted(join(root, 'bin'))}:${quoted(dirname(process.execPath))}:"$PATH"`,
			'',
		].join('\n'),
	);
	return {
		directory,
		collector,
		urls,
		settings,
		close,
		tappass,
		host,
		agent: (sandbox, ...args) =>
			run(
				`tappass-host shell ${sandbox} -- node $AGENT ${shown(args)}`,
				[bin('tappass-host'), 'shell', sandbox, '--', process.execPath, agentProgram, ...args],
				place,
			),
		inside: (sandbox, ...command) => host('shell', sandbox, '--', ...command),
	};
}

// As a shell reads it.
function quoted(text: string): string {
	return /^[\w./:@=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function shown(args: readonly string[]): string {
	return args.map(quoted).join(' ');
}

function urlIn(output: string): string {
	const found = /http:\/\/[^\s"']+/.exec(output)?.[0];
	if (found === undefined) throw new Unexpected(`no address in: ${output.slice(0, 200)}`);
	return found;
}

/** A port that was free a moment ago: statements name the planes' addresses before they listen. */
async function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const probe = createServer();
		probe.on('error', reject);
		probe.listen(0, '127.0.0.1', () => {
			const address = probe.address();
			probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
		});
	});
}
