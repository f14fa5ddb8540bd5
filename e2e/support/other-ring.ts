/**
 * A machine whose sandbox has a Runtime that names another program than ours as kernel ring: real control plane, real daemon.
 * Which programs its daemon finds, a test decides.
 */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AcceptedGap } from '@tappass/core';
import { fileOf, type TestServer, testServer } from '@tappass/server/test-server';
import { expect } from 'vitest';
import { agentPackage, type HostMachine, hostMachine, type Ran } from './host-machine.ts';

export interface OtherRingOptions {
	/** Provider that the Runtime names. */
	readonly kernel: string;
	/** Source of the agent's program. */
	readonly agent: string;
	readonly acceptedGaps?: readonly AcceptedGap[];
	/** Runs the host as that user. */
	readonly uid?: number;
}

export interface OtherRing {
	readonly machine: HostMachine;
	/** Name of the sandbox on its host. */
	readonly name: string;
	/** Directory in which the daemon looks for programs first. */
	readonly programs: string;
	readonly workspace: string;
	/** Puts a policy in force that allows these domains, with further lines of Rego. */
	readonly apply: (domains: readonly string[], ...lines: readonly string[]) => Promise<void>;
	readonly start: (...args: readonly string[]) => Promise<Ran>;
	/** What the agent has said. */
	readonly log: () => Promise<string>;
	/** What `status` and `doctor` print, as people read it. */
	readonly told: () => Promise<{ readonly status: string; readonly doctor: string }>;
	/** Processes of the agent that run, by their command line. */
	readonly agentsLeft: () => Promise<number>;
	readonly revoke: () => Promise<void>;
	readonly close: () => Promise<void>;
}

/** Enrols it; no agent is started. */
export async function otherRing(options: OtherRingOptions): Promise<OtherRing> {
	const server = await testServer();
	try {
		return await enrolled(server, options);
	} catch (error) {
		await server.close();
		throw error;
	}
}

async function enrolled(
	server: TestServer,
	{ acceptedGaps = [], agent, kernel, uid }: OtherRingOptions,
): Promise<OtherRing> {
	const name = `${kernel}-agent`;
	const apply: OtherRing['apply'] = async (domains, ...lines) => {
		const files = [fileOf('baseline.rego', floor(domains, lines))];
		expect((await server.call('POST', '/v1/policies/apply', { files })).status).toBe(200);
	};
	await apply(['first.example']);
	const runtime = {
		schema: 'tappass.runtime/1',
		id: 'other-ring',
		description: 'Any program on Node, in a sandbox that another program makes.',
		rings: { harness: null, kernel, interpreter: null },
		llm_gateway: { upstreams: ['scripted'] },
		mcp_broker: { servers: ['gmail'] },
		cidrs: [],
		accepted_gaps: acceptedGaps,
	};
	expect(await server.call('POST', '/v1/runtimes', fileOf('other.yaml', JSON.stringify(runtime)))).toMatchObject({
		status: 200,
	});
	const spec = {
		schema: 'tappass.sandbox-spec/1',
		id: 'my-agent',
		runtime: 'other-ring',
		function: 'customer_support_emailer',
		packs: [],
		categories: [],
		workspace: '/workspace',
	};
	const document = fileOf('my-agent.yaml', JSON.stringify(spec));
	expect(await server.call('POST', '/v1/sandbox-specs', { document, project: 'eu-team' })).toMatchObject({
		status: 201,
	});
	const made = await server.call('POST', '/v1/sandbox-specs/my-agent/bootstraps', { count: 1, project: 'eu-team' });
	const [{ url, sandbox_id }] = made.body.items;
	// Not below /tmp: what an agent may read there could not be kept from being written.
	const programs = await mkdtemp('/var/tmp/tappass-programs-');
	await chmod(programs, 0o755);
	const machine = await hostMachine({
		below: '/var/tmp',
		env: { PATH: `${programs}:/usr/bin:/bin` },
		...(uid !== undefined && { uid }),
	});
	await agentPackage(machine.directory, name, agent);
	const workspace = join(machine.directory, 'work');
	await mkdir(workspace);
	await chmod(workspace, 0o777);
	expect(await machine.host('init', name, '--enroll-url', url)).toMatchObject({ code: 0 });
	return {
		machine,
		name,
		programs,
		workspace,
		apply,
		start: (...args) => machine.host('start', name, '--agent', name, '--workspace', workspace, '--', ...args),
		log: async () => (await machine.host('logs', name)).stdout,
		told: async () => ({
			status: (await machine.host('status')).stdout,
			doctor: (await machine.host('doctor')).stdout,
		}),
		agentsLeft: () => agentsOf(name, machine.directory),
		revoke: async () => {
			expect((await server.call('POST', `/v1/sandboxes/${sandbox_id}/revoke`, {})).status).toBeLessThan(300);
		},
		close: async () => {
			await machine.close();
			await server.close();
			await rm(programs, { recursive: true });
		},
	};
}

/** Whether a process runs. */
export function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		// Gone: that is what is asked.
		return false;
	}
}

function floor(domains: readonly string[], lines: readonly string[]): string {
	return [
		'package tappass.policy',
		'tools.allow contains "gmail.*"',
		'budget.tool_calls_per_minute := 30',
		'budget.tokens_per_day := 1000',
		'filesystem.read_only contains "/usr"',
		...domains.map((domain) => `network.allow_domains contains "${domain}"`),
		...lines,
	].join('\n\n');
}

async function agentsOf(name: string, directory: string): Promise<number> {
	const all = await Promise.all(
		(await readdir('/proc'))
			.filter((pid) => /^\d+$/.test(pid))
			.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
	);
	return all.filter(
		(line) => /^[^\0]*node\0/.test(line) && line.split('\0')[1]?.includes(directory) && line.includes(name),
	).length;
}
