import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Collector } from './collector.ts';
import { must, type Ran, type Running, run, start, stop, Unexpected } from './run.ts';

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
	readonly env: Readonly<Record<string, string>>;
	readonly close: () => Promise<void>;
}

const root = join(import.meta.dirname, '..', '..');
const example = join(root, 'examples', 'collibra-agent');
const agentProgram = join(example, 'dist', 'agent', 'main.js');

/** Starts everything. @param say told what is happening */
export async function openWorld(say: (line: string) => void): Promise<World> {
	const directory = await mkdtemp(join(tmpdir(), 'tappass-demo-'));
	// The agent's own user passes through it to what is mounted for it.
	await chmod(directory, 0o711);
	const running: Running[] = [];
	const collector = new Collector();
	const close = async (): Promise<void> => {
		for (const one of running.splice(0).reverse()) await stop(one);
		collector.close();
		await rm(directory, { recursive: true, force: true });
	};
	try {
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
		const env: NodeJS.ProcessEnv = {
			...process.env,
			...own,
			OTEL_EXPORTER_OTLP_ENDPOINT: traces,
			NO_COLOR: '1',
		};
		const data = join(directory, 'server');
		const options = { env, cwd: root };
		const bin = (name: string): string => join(root, 'bin', name);
		const world: World = {
			directory,
			collector,
			urls,
			env: own,
			tappass: (...args) => run(`tappass ${shown(args)}`, [bin('tappass'), ...args], options),
			host: (...args) => run(`tappass-host ${shown(args)}`, [bin('tappass-host'), ...args], options),
			agent: (sandbox, ...args) =>
				run(
					`tappass-host shell ${sandbox} -- collibra-agent ${shown(args)}`,
					[bin('tappass-host'), 'shell', sandbox, '--', process.execPath, agentProgram, ...args],
					options,
				),
			inside: (sandbox, ...command) =>
				run(
					`tappass-host shell ${sandbox} -- ${shown(command)}`,
					[bin('tappass-host'), 'shell', sandbox, '--', ...command],
					options,
				),
			close,
		};
		say('starting a Collibra catalog (MCP), a scripted model and the control plane');
		const [catalog, model, server] = await Promise.all([
			start([process.execPath, join(example, 'dist', 'mock-collibra-mcp', 'main.js')], options, (text) =>
				text.includes('"url"'),
			),
			start([bin('tappass'), 'dev', 'model', join(example, 'transcripts', 'tasks.yaml'), '--json'], options, (text) =>
				text.includes('http://'),
			),
			start(
				[
					bin('tappass'),
					'server',
					'start',
					...['--data', data, '--traces', traces],
					...['--operator-listen', `127.0.0.1:${operator}`],
					...['--host-listen', `127.0.0.1:${hostPort}`],
					...['--agent-listen', `127.0.0.1:${agentPort}`],
				],
				options,
				(text) => text.includes('The control plane is up.'),
			),
		]);
		running.push(catalog, model, server);
		await must(world.tappass('login', '--data', data));
		say('registering the catalog and the model, applying the policies');
		await must(world.tappass('mcp', 'register', 'collibra', '--url', urlIn(catalog.output())));
		await must(
			world.tappass(
				...['upstream', 'add', 'scripted', '--speaks', 'openai', '--url', urlIn(model.output())],
				...['--models', 'scripted*', '--region', 'eu', '--price', 'input=1,output=1'],
			),
		);
		await must(world.tappass('policy', 'apply', '--level', 'org', 'policies/acme-baseline.rego'));
		await must(world.tappass('policy', 'apply', '--pack', 'eu-ai-act', '--level', 'project=collibra-eval'));
		await must(world.tappass('policy', 'apply', '--level', 'project=collibra-eval', 'policies/collibra-steward.rego'));
		say('enrolling two sandboxes on this host and starting the agent in each');
		await mkdir(own.TAPPASS_HOST_STATE, { mode: 0o711 });
		running.push(await start([bin('tappass-host'), 'daemon'], options, (text) => text.includes('the daemon')));
		const spec = await must(
			world.tappass('sandbox-spec', 'emit-bootstrap', 'collibra-steward', '--count', '2', '--json'),
		);
		const items = (JSON.parse(spec.stdout) as { readonly items: readonly { readonly url: string }[] }).items;
		for (const [at, name] of (['tenant_a', 'tenant_b'] as const).entries()) {
			await must(world.host('init', name, '--enroll-url', items[at]!.url));
			await must(world.host('start', name, '--agent', example, '--', 'serve'));
		}
		return world;
	} catch (error) {
		await close();
		throw error;
	}
}

function shown(args: readonly string[]): string {
	return args.map((arg) => (/^[\w./:@=,*-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ');
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
