/**
 * An operator at a terminal, against the real server process: the lines that the reference architecture prints (§14.2 and
 * the pre-stage of §15.1), and before them everything that must be refused.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HostSimulator } from '../packages/server/dist/test-support/host-simulator.js';
import { type Done, firstKey, type ServerProcess, startServerProcess, Terminal } from './support/operator.ts';
import { root } from './support/repository.ts';

const url = /^https:\/\/127\.0\.0\.1:\d+\/install\/[a-z0-9]+\.[\w-]{43}#root=[0-9a-f]{64}$/;
let ada: Terminal;
let server: ServerProcess;
const terminals: Terminal[] = [];
const person = (env: Readonly<Record<string, string>> = {}): Terminal => {
	const terminal = new Terminal(env);
	terminals.push(terminal);
	return terminal;
};

beforeAll(async () => {
	ada = person();
	server = await startServerProcess(ada);
});
afterAll(async () => {
	await server.stop();
	for (const terminal of terminals) terminal.close();
});

function policy(terminal: Terminal, name: string, body: string): string {
	const file = join(terminal.directory, name);
	writeFileSync(file, `package tappass.policy\n\n${body}\n`);
	return file;
}
const refused = (done: Done, exit: number, code: string): void => {
	expect(done, done.stderr).toMatchObject({ exit, stdout: '' });
	expect(done.stderr).toContain(`[${code}]`);
};
async function succeeds(terminal: Terminal, line: string, input = ''): Promise<string> {
	const done = await terminal.run(line, input);
	expect(done.exit, `${line}\n${done.stderr}`).toBe(0);
	return done.stdout;
}
async function keyFor(
	role: string,
	team: string,
	address: string,
): Promise<{ readonly file: string; readonly id: string }> {
	const file = join(ada.directory, `${address}.key`);
	await succeeds(ada, `tappass member add ${address} --team ${team} --role ${role}`);
	const { id } = await ada.json(`tappass key create for-${role} --scope * --user ${address} --out ${file}`);
	return { file, id };
}

describe('nobody is signed in', () => {
	test.each([
		'policy apply --level org policies/baseline.rego',
		'policy list',
		'sandbox-spec emit-bootstrap eu-support-emailer',
		'sandbox list',
		'member list',
		'key list',
		'admin root status',
		'whoami',
	])('tappass %s says how to sign in, and sends nothing', async (line) => {
		const done = await person().run(`tappass ${line}`);

		refused(done, 4, 'unauthenticated');
		expect(done.stderr).toMatch(/hint: sign in first: tappass login/);
	});

	test('tappass server status says that it runs all the same, and how to see more', async () => {
		const told = await succeeds(person(), `tappass server status --server ${server.url}`);

		expect(told).toBe(
			`${server.url} takes requests. Sign in to see more: tappass login --server ${server.url} --key-file <file>\n`,
		);
	});

	test('a key that is wrong by one digit is not taken, and not kept', async () => {
		const eve = person();
		const key = firstKey(ada);
		const wrong = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`;
		const done = await eve.run(`tappass login --server ${server.url} --key-file -`, wrong);

		refused(done, 4, 'unauthenticated');
		expect(done.stderr).not.toContain(wrong);
		expect(existsSync(join(eve.directory, 'config', 'tappass', 'credentials.json'))).toBe(false);
	});

	test.each([
		['something that is no key', 'AKIA0123456789', 'usage'],
		['nothing', '', 'usage'],
	])('%s is not sent', async (_, text, code) => {
		refused(await person().run(`tappass login --server ${server.url} --key-file -`, text), 2, code);
	});

	test('a key does not go over http to another machine', async () => {
		refused(
			await person().run('tappass login --server http://tappass.example --key-file -', firstKey(ada)),
			2,
			'usage',
		);
	});

	test('a file in the working directory decides nothing about where a key goes', async () => {
		const eve = person({ TAPPASS_API_KEY: firstKey(ada) });
		writeFileSync(join(eve.directory, 'tappass.config.yaml'), `server: ${server.url}\n`);
		writeFileSync(join(eve.directory, 'tappass.config.js'), 'throw new Error("it was run");\n');
		const done = await eve.run('tappass whoami', '', { cwd: eve.directory });

		refused(done, 2, 'usage');
		expect(done.stderr).toContain('TAPPASS_SERVER');
		expect(
			(await eve.run('tappass whoami', '', { cwd: eve.directory, env: { TAPPASS_SERVER: server.url } })).exit,
		).toBe(0);
	});
});

describe('on the machine of a new server', () => {
	test('tappass login is all it takes, and what it keeps is for its owner alone', async () => {
		expect(server.stderr()).not.toContain(firstKey(ada));
		expect(await succeeds(ada, 'tappass login')).toBe(`Signed in to ${server.url} as operator@localhost.\n`);

		const file = join(ada.directory, 'config', 'tappass', 'credentials.json');
		expect(statSync(file).mode & 0o777).toBe(0o600);
		expect(await ada.json('tappass whoami')).toMatchObject({
			schema: 'tappass.whoami/1',
			server: server.url,
			memberships: [{ role: 'org_admin', project: null, agent: null }],
		});
		chmodSync(file, 0o644);
		refused(await ada.run('tappass whoami'), 2, 'file_unreadable');
		chmodSync(file, 0o600);
	});
});

describe('what is mistyped', () => {
	test.each([
		['tappass policy aply --level org x.rego', 2, 'usage', 'did you mean tappass policy apply?'],
		['tappass policy apply policies/baseline.rego', 2, 'usage', '--help'],
		['tappass policy apply --level orgs policies/baseline.rego', 2, 'usage', 'did you mean org?'],
		['tappass policy apply --level project= policies/baseline.rego', 2, 'usage', 'project=<name>'],
		['tappass policy apply --level org', 2, 'usage', '--pack eu-ai-act'],
		['tappass policy apply --level org policies/basline.rego', 2, 'file_unreadable', 'basline.rego'],
		['tappass policy apply --level org policies/baseline.rego policies/baseline.rego', 2, 'usage', 'given twice'],
		['tappass policy apply --level org policies/baseline_test.rego', 2, 'usage', 'tappass policy test'],
		['tappass policy apply --pack eu-ai-akt --level org', 2, 'not_found', 'eu-ai-act'],
		['tappass policy apply --level "project=EU Team" policies/baseline.rego', 2, 'schema_invalid', 'project'],
		['tappass policy remove --level org nothing.rego', 2, 'not_found', 'tappass policy list'],
		['tappass sandbox-spec emit-bootstrap eu-suport-emailer --count 1', 2, 'not_found', 'tappass sandbox-spec list'],
		['tappass sandbox-spec emit-bootstrap eu-support-emailer --count 0', 2, 'usage', '--help'],
		['tappass sandbox-spec emit-bootstrap eu-support-emailer --count 1', 2, 'usage', '--project <name>'],
		['tappass sandbox show tenant_z', 2, 'not_found', 'tappass sandbox list'],
		['tappass member add x --team admins --role auditor', 2, 'not_found', 'address'],
		['tappass member add a@acme.example --team admins --role king', 2, 'usage', 'org_admin'],
		['tappass admin epoch bump --to 1', 2, 'usage', '--help'],
	])('%s', async (line, exit, code, hint) => {
		const done = await ada.run(line);

		refused(done, exit, code);
		expect(done.stderr).toContain(hint);
	});

	test('a policy with faults is told with every place, and nothing is stored', async () => {
		const file = policy(ada, 'faulty.rego', 'tools.alow contains "gmail.*"\nbudget.tokens_per_day := "many"');
		const done = await ada.run(`tappass policy apply --level org ${file}`);

		refused(done, 2, 'policy_invalid');
		expect(done.stderr).toMatch(/faulty\.rego:3:\d+/);
		expect(done.stderr).toMatch(/faulty\.rego:4:\d+/);
		expect((await ada.json('tappass policy list')).items).toEqual([]);
	});

	test('with --json the problem is an object on stderr, and stdout stays empty', async () => {
		const done = await ada.run('tappass sandbox show tenant_z --json');

		expect(done).toMatchObject({ exit: 2, stdout: '' });
		expect(JSON.parse(done.stderr)).toMatchObject({ code: 'not_found', type: 'urn:tappass:problem:not_found' });
	});
});

describe('the lines of §14.2, as printed', () => {
	test('tappass policy apply --level org policies/baseline.rego', async () => {
		expect(await succeeds(ada, 'tappass policy apply --level org policies/baseline.rego --dry-run')).toContain(
			'Nothing was changed.',
		);
		expect((await ada.json('tappass policy list')).items).toEqual([]);
		const said = await succeeds(ada, 'tappass policy apply --level org policies/baseline.rego');

		expect(said).toMatch(/^org: baseline\.rego added\n/);
		expect(said).toMatch(/stricter {2}network\.deny_categories: \+ paste_sites/);
		expect(said).toContain('Revision 1. No sandbox is concerned yet.');
	});

	test('tappass policy apply --pack eu-ai-act --level project=eu-team', async () => {
		const said = await succeeds(ada, 'tappass policy apply --pack eu-ai-act --level project=eu-team');

		expect(said).toContain('project=eu-team: pack:eu-ai-act added');
		expect(said).toContain('The project eu-team is new.');
		expect(await succeeds(ada, 'tappass policy apply --pack eu-ai-act --level project=eu-team')).toContain(
			'Nothing to change',
		);
	});

	test('tappass sandbox-spec emit-bootstrap eu-support-emailer --count 1', async () => {
		const done = await ada.run('tappass sandbox-spec emit-bootstrap eu-support-emailer --count 1');

		expect(done.exit, done.stderr).toBe(0);
		expect(done.stdout.trim()).toMatch(url);
		expect(done.stderr).toContain('eu-support-emailer is now in the project eu-team');
		expect((await ada.json('tappass sandbox list')).items).toMatchObject([
			{ spec: 'eu-support-emailer', project: 'eu-team', state: 'pending', policy_version: 1 },
		]);
		expect(await succeeds(ada, 'tappass server status')).toMatch(/1 pending; nothing to derive/);
	});

	test('there is a ready spec for every function that ships, and those that the architecture names', async () => {
		const { items } = (await ada.json('tappass sandbox-spec list')) as {
			items: readonly { id: string; function: string }[];
		};
		const functions = readdirSync(join(root, 'policies', 'functions'));

		for (const name of functions) expect(items.map((each) => `${each.function}.yaml`)).toContain(name);
		expect(items.map(({ id }) => id)).toEqual(
			expect.arrayContaining(['eu-support-emailer', 'customer-support', 'collibra-steward']),
		);
		expect(await succeeds(ada, 'tappass sandbox-spec show collibra-steward')).toContain('shipped, in no project yet');
	});
});

describe('a change of policy', () => {
	test('that contradicts the floor above it is refused with both places', async () => {
		const file = policy(ada, 'greedy.rego', 'budget.tool_calls_per_minute := 600');
		const done = await ada.run(`tappass policy apply --level project=eu-team ${file}`);

		refused(done, 2, 'policy_contradiction');
		expect(done.stderr).toMatch(/greedy\.rego:3/);
		expect(done.stderr).toMatch(/baseline\.rego:\d+/);
		expect(done.stderr).not.toContain('--force-narrow');
	});

	test('that tightens a floor below which more is stated is refused unless it is to narrow, and says what it narrows', async () => {
		const wide = policy(ada, 'wide.rego', 'budget.tool_calls_per_minute := 50');
		const shipped = readFileSync(join(root, 'policies', 'baseline.rego'), 'utf8');
		const tight = join(ada.directory, 'baseline.rego');
		writeFileSync(tight, shipped.replace('tool_calls_per_minute := 60', 'tool_calls_per_minute := 20'));
		await succeeds(ada, `tappass policy apply --level project=eu-team ${wide}`);
		const done = await ada.run(`tappass policy apply --level org ${tight}`);
		refused(done, 2, 'policy_contradiction');
		expect(done.stderr).toContain('hint: --force-narrow');
		const said = await succeeds(ada, `tappass policy apply --level org --force-narrow ${tight}`);

		expect(said).toMatch(/narrowed: .*tool_calls_per_minute.* of the project level no longer holds/);
		expect(said).toContain('1 new statement signed.');
		expect((await ada.json('tappass policy list --history')).items[0]).toMatchObject({ narrowed: true });
	});

	test('is compared with what is in force, taken back, and removed', async () => {
		expect(await succeeds(ada, 'tappass policy diff policies/strict.rego --level project=eu-team')).toMatch(
			/stricter {2}tools\.deny/,
		);
		expect(await succeeds(ada, 'tappass policy apply --level org policies/baseline.rego')).toContain(
			'baseline.rego replaced',
		);
		await succeeds(ada, 'tappass policy remove --level project=eu-team wide.rego');
		const history: readonly { file_key: string; revision: number }[] = (await ada.json('tappass policy list --history'))
			.items;
		const { revision } = history.findLast(({ file_key }) => file_key === 'wide.rego')!;
		expect(await succeeds(ada, `tappass policy rollback ${revision} --level project=eu-team`)).toContain(
			'wide.rego added',
		);
		await succeeds(ada, 'tappass policy rollback 2 --level project=eu-team');
		const { items } = await ada.json('tappass policy list');

		expect(items.map((each: { file_key: string }) => each.file_key)).toEqual(['baseline.rego', 'pack:eu-ai-act']);
	});
});

describe('people and keys', () => {
	test('a role does what it may, where it may, and no more', async () => {
		await succeeds(ada, 'tappass team create eu-owners --project eu-team');
		await succeeds(ada, 'tappass team create watchers');
		const [admin, auditor] = [
			await keyFor('project_admin', 'eu-owners', 'grace@acme.example'),
			await keyFor('auditor', 'watchers', 'joan@acme.example'),
		];
		const [grace, joan] = [person(), person()];
		expect(statSync(admin.file).mode & 0o777).toBe(0o600);
		await succeeds(grace, `tappass login --server ${server.url} --key-file ${admin.file}`);
		await succeeds(joan, `tappass login --server ${server.url} --key-file ${auditor.file}`);

		refused(await grace.run('tappass policy apply --level org policies/strict.rego'), 4, 'forbidden');
		refused(await grace.run('tappass policy apply --level project=us-team policies/strict.rego'), 4, 'forbidden');
		refused(await grace.run('tappass key list --all'), 4, 'forbidden');
		const keys = join(ada.directory, 'data', 'tappass', 'server');
		refused(await grace.run(`tappass admin epoch bump --data ${keys}`), 4, 'forbidden');
		refused(await joan.run('tappass policy apply --level project=eu-team policies/strict.rego'), 4, 'forbidden');
		refused(await joan.run('tappass sandbox-spec emit-bootstrap eu-support-emailer'), 4, 'forbidden');
		await succeeds(grace, 'tappass policy apply --level project=eu-team policies/strict.rego');
		await succeeds(grace, 'tappass policy remove --level project=eu-team strict.rego');
		expect((await joan.json('tappass sandbox list')).items).toHaveLength(1);
		refused(await ada.run('tappass member remove operator@localhost --team admins'), 2, 'limit_reached');

		await succeeds(ada, `tappass key revoke ${admin.id}`);
		// Its token is kept and has not expired: it ends with the key all the same.
		refused(await grace.run('tappass policy list'), 4, 'unauthenticated');
		await succeeds(ada, 'tappass member remove joan@acme.example --team watchers');
		expect((await joan.json('tappass sandbox list')).items).toEqual([]);
		await succeeds(ada, 'tappass team remove watchers');
		expect((await ada.json('tappass member list')).items.map((each: { team: string }) => each.team)).not.toContain(
			'watchers',
		);
	});

	test('a key can be limited, is printed once, and its file is not left without it', async () => {
		const key = (await succeeds(ada, 'tappass key create ci --scope policy.read --days 1')).trim();
		const ci = person({ TAPPASS_API_KEY: key, TAPPASS_SERVER: server.url });

		refused(await ci.run('tappass policy apply --level org policies/strict.rego'), 4, 'forbidden');
		refused(await ci.run('tappass key create more --scope *'), 4, 'forbidden');
		expect((await ci.json('tappass policy list')).items).toHaveLength(2);
		expect(await succeeds(ada, 'tappass key list')).not.toContain(key);
		const before = (await ada.json('tappass key list')).items;
		refused(
			await ada.run(`tappass key create lost --scope * --out ${ada.directory}/nowhere/x.key`),
			5,
			'file_unwritable',
		);
		const active = (keys: readonly { revoked_at: string | null }[]) => keys.filter((each) => each.revoked_at === null);
		expect(active((await ada.json('tappass key list')).items)).toHaveLength(active(before).length);
	});

	test('a token that is not taken any more is replaced without a word', async () => {
		const file = join(ada.directory, 'cache', 'tappass', 'tokens.json');
		writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/"token": "[^"]+"/g, '"token": "eyJ.forged.x"'));

		expect(await succeeds(ada, 'tappass whoami')).toContain('operator@localhost');
		expect(readFileSync(file, 'utf8')).not.toContain('forged');
	});
});

describe('a host', () => {
	test('is waited for, shown by its own name, and cut off', async () => {
		const [enrol] = (await succeeds(ada, 'tappass sandbox-spec emit-bootstrap eu-support-emailer')).trim().split('\n');
		const host = await HostSimulator.enrol(enrol!, { name: 'tenant_a' });
		const report = (policy_version: number): Promise<unknown> =>
			host.call('POST', '/v1/sync/status', {
				schema: 'tappass.status/1',
				epoch: host.state.held!.policy.epoch,
				policy_version,
				policy_sha256: null,
				rings: {},
				detail: {},
			});
		await report(1);
		const line = 'tappass policy apply --level project=eu-team policies/strict.rego --wait';
		const late = await ada.run(`${line} --timeout 1`);
		refused(late, 5, 'timed_out');
		expect(late.stderr).toContain('tenant_a');
		expect(await succeeds(ada, 'tappass sandbox show tenant_a')).toMatch(/loaded +1 \(behind\)/);
		await report(2);

		await succeeds(ada, 'tappass policy remove --level project=eu-team strict.rego');
		await report(3);
		expect(await succeeds(ada, 'tappass policy apply --level project=eu-team --pack gdpr --dry-run --wait')).toContain(
			'tenant_a',
		);
		const waiting = ada.run('tappass policy apply --level project=eu-team --pack gdpr --wait');
		await expect
			.poll(async () => (await ada.json('tappass sandbox show tenant_a')).policy_version, { timeout: 60_000 })
			.toBe(4);
		await report(4);
		expect((await waiting).stdout).toContain('1 loaded by their hosts, 1 not enrolled yet.');

		refused(await ada.run('tappass sandbox reenroll nobody'), 2, 'not_found');
		const moved = await ada.run('tappass sandbox reenroll tenant_a');
		expect(moved.stderr).toContain('the host of before is left behind then');
		const next = await HostSimulator.enrol(moved.stdout.trim(), { name: 'tenant_a' });
		expect(next.identity.sandbox_id).toBe(host.identity.sandbox_id);
		expect(await host.reconcile()).toMatchObject({ status: 401, body: { code: 'certificate_superseded' } });
		next.stop();

		expect(await succeeds(ada, 'tappass sandbox revoke tenant_a --reason "laptop was lost"')).toContain('is revoked');
		const ended = await ada.run('tappass sandbox reenroll tenant_a');
		refused(ended, 2, 'usage');
		expect(ended.stderr).toContain('tappass sandbox-spec emit-bootstrap eu-support-emailer');
		expect(await succeeds(ada, 'tappass sandbox revoke tenant_a')).toContain('was revoked before');
		expect(await host.reconcile()).toMatchObject({ status: 401, body: { code: 'sandbox_revoked' } });
		expect(await ada.json('tappass sandbox show tenant_a')).toMatchObject({
			state: 'revoked',
			state_reason: 'laptop was lost',
		});
		host.stop();
	});

	test('follows new root keys and a new epoch, which are signed where the keys are', async () => {
		const [enrol] = (await succeeds(ada, 'tappass sandbox-spec emit-bootstrap eu-support-emailer')).trim().split('\n');
		const host = await HostSimulator.enrol(enrol!, { name: 'tenant_b' });
		const keys = join(ada.directory, 'data', 'tappass', 'server', 'root-keys');
		const out = join(ada.directory, 'new-keys');
		const before = await ada.json('tappass admin root status');

		refused(
			await ada.run(`tappass admin root rotate --root-key ${keys}/root-1.pem --out ${out}`),
			3,
			'threshold_unmet',
		);
		refused(await ada.run(`tappass admin root rotate --passphrase-file - --out ${out}`, 'wrong'), 3, 'key_invalid');
		mkdirSync(out);
		writeFileSync(join(out, 'mine'), '');
		refused(await ada.run(`tappass admin root rotate --out ${out}`), 2, 'already_exists');
		expect(await ada.json('tappass admin root status')).toEqual(before);

		await succeeds(ada, `tappass admin root rotate --out ${out}-2`);
		refused(await ada.run('tappass admin epoch bump'), 3, 'threshold_unmet');
		await succeeds(ada, `tappass admin epoch bump --root-key ${out}-2/root-1.pem --root-key ${out}-2/root-3.pem`);
		expect((await host.reconcile()).status).toBe(200);

		expect(host.rejections).toEqual([]);
		expect(host.state.root.document).toMatchObject({ version: before.version + 2, epoch: 2 });
		expect(host.state.held?.policy).toMatchObject({ epoch: 2, policy_version: 1 });

		const two = `--root-key ${out}-2/root-1.pem --root-key ${out}-2/root-3.pem`;
		refused(await ada.run('tappass admin key rotate'), 2, 'usage');
		refused(await ada.run(`tappass admin key rotate root ${two}`), 2, 'usage');
		// With root keys that are no longer listed the server is not even asked for a key.
		refused(await ada.run('tappass admin key rotate freshness'), 3, 'threshold_unmet');
		expect((await ada.json('tappass admin key list')).items).toHaveLength(5);
		const dry = await ada.json(`tappass admin key rotate policy ${two} --dry-run`);
		expect(dry).toMatchObject({ role: 'policy', version: before.version + 3, epoch: 3, key_id: null, dry_run: true });
		const planned = await ada.json(`tappass admin key rotate freshness --overlap ${two}`);
		expect(await ada.json(`tappass admin key rotate policy ${two}`)).toMatchObject({
			epoch: 3,
			replaces: dry.replaces,
		});
		expect((await host.reconcile()).status).toBe(200);
		expect(host.rejections).toEqual([]);
		expect(host.state.held).toMatchObject({ policy: { epoch: 3 }, signers: { freshness: [planned.key_id] } });
		expect(await succeeds(ada, 'tappass admin key list')).toMatch(/freshness {2}retired {2}listed/);

		refused(await ada.run(`tappass admin key rotate policy --cut-off ${two}`), 2, 'usage');
		refused(await ada.run(`tappass admin key rotate host_ca --overlap ${two}`), 2, 'usage');
		const next = await ada.json(`tappass admin key rotate host_ca ${two}`);
		expect(next).toMatchObject({ role: 'host_ca', waits: true });
		refused(await ada.run(`tappass admin key rotate host_ca ${two}`), 2, 'authority_too_new');
		expect((await host.renew()).status).toBe(201);
		const taken = await ada.json(`tappass admin key rotate host_ca --cut-off ${two}`);
		expect(taken).toMatchObject({ key_id: next.key_id, waits: false });
		expect((await host.reconcile()).status).toBe(200);
		expect((await host.renew()).status).toBe(201);
		expect(await succeeds(ada, 'tappass admin key list')).toMatch(
			new RegExp(`^host_ca +in use +listed +since \\S+ +${next.key_id}$`, 'm'),
		);

		const kms = join(keys, '..', 'secrets', 'kms.key');
		refused(await ada.run(`tappass admin kms-key add --file ${kms}-none`), 3, 'key_invalid');
		const added = await ada.json(`tappass admin kms-key add --file ${kms}`);
		expect(added.older).toHaveLength(1);
		expect(await ada.json('tappass admin kms-key rewrap')).toMatchObject({
			kms_key_id: added.kms_key_id,
			rewrapped: 1,
		});
		expect(await succeeds(ada, 'tappass admin kms-key rewrap')).toContain('0 of them anew');

		for (const file of readdirSync(`${out}-2`)) expect(statSync(join(`${out}-2`, file)).mode & 0o777).toBe(0o600);
		host.stop();
	});
});

describe('more of the fleet', () => {
	test('a Runtime and a spec of one’s own', async () => {
		const runtime = join(ada.directory, 'own.yaml');
		const { runtime: shipped } = await ada.json('tappass runtime show node-bubblewrap --remote');
		writeFileSync(runtime, JSON.stringify({ ...shipped, id: 'own-node' }));
		await succeeds(ada, `tappass runtime apply ${runtime}`);
		const spec = join(ada.directory, 'my-agent.yaml');
		const fields = {
			schema: 'tappass.sandbox-spec/1',
			id: 'my-agent',
			runtime: 'own-nod',
			function: 'customer_support_emailer',
			packs: [],
			categories: [],
			workspace: '/workspace',
		};
		writeFileSync(spec, JSON.stringify(fields));
		refused(await ada.run(`tappass sandbox-spec create ${spec} --project eu-team`), 2, 'not_found');
		writeFileSync(spec, JSON.stringify({ ...fields, runtime: 'own-node' }));

		expect(await succeeds(ada, `tappass sandbox-spec create ${spec} --project eu-team`)).toContain(
			'my-agent is in the project eu-team',
		);
		expect(await succeeds(ada, 'tappass runtime list --remote')).toMatch(/own-node +org +operator@localhost/);
		refused(await ada.run('tappass sandbox-spec emit-bootstrap my-agent --project other'), 2, 'usage');
	});

	test('dev seed-sandboxes prints URLs, or writes a compose file that only its owner may read', async () => {
		refused(await ada.run('tappass dev seed-sandboxes --count 3 --policy policies/strict.rego'), 2, 'usage');
		const compose = join(ada.directory, 'docker-compose.yaml');
		const urls = (await succeeds(ada, 'tappass dev seed-sandboxes --count 3 --policy customer-support'))
			.trim()
			.split('\n');
		await succeeds(ada, `tappass dev seed-sandboxes --count 2 --policy customer-support --compose ${compose}`);

		expect(urls).toHaveLength(3);
		for (const each of urls) expect(each).toMatch(url);
		expect(statSync(compose).mode & 0o777).toBe(0o600);
		expect(readFileSync(compose, 'utf8').match(/TAPPASS_ENROLL_URL: "https:/g)).toHaveLength(2);
		expect((await ada.json('tappass sandbox list --spec customer-support')).items).toHaveLength(5);
	});
});

describe('the lines of the pre-stage of §15.1, as printed, against a server of its own', () => {
	test('end in two URLs', async () => {
		const operator = person();
		const own = await startServerProcess(operator);
		try {
			await succeeds(operator, 'tappass login');
			await succeeds(operator, 'tappass policy apply --level org policies/acme-baseline.rego');
			expect(await succeeds(operator, 'tappass policy apply --pack eu-ai-act --level project=collibra-eval')).toContain(
				'The project collibra-eval is new.',
			);
			await succeeds(operator, 'tappass policy apply --level project=collibra-eval policies/collibra-steward.rego');
			const urls = await succeeds(operator, 'tappass sandbox-spec emit-bootstrap collibra-steward --count 2');
			const strict = await succeeds(
				operator,
				'tappass policy apply --level project=collibra-eval policies/strict.rego',
			);

			expect(
				urls
					.trim()
					.split('\n')
					.filter((line) => url.test(line)),
			).toHaveLength(2);
			expect(strict).toContain('2 new statements signed.');
		} finally {
			await own.stop();
		}
	});
});

describe('the server is gone', () => {
	test('every command says so, and what to do; signing out still works', async () => {
		expect(await server.stop()).toBe(0);
		for (const line of [
			'tappass policy list',
			'tappass sandbox list',
			'tappass admin root status',
			`tappass server status --server ${server.url}`,
		]) {
			const done = await ada.run(line);
			refused(done, 5, 'server_unreachable');
			expect(done.stderr).toMatch(/hint: start one with tappass server start/);
		}
		expect((await ada.run('tappass server status')).exit).toBe(1);
		expect(await succeeds(ada, 'tappass logout')).toContain('Signed out');
		refused(await ada.run('tappass whoami'), 4, 'unauthenticated');
	});
});
