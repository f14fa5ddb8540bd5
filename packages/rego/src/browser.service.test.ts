/** The main entry in a real browser: Chromium loads what is published, evaluates a policy, and says what it saw. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const distribution = fileURLToPath(new URL('../dist', import.meta.url));
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const page = `<!doctype html>
<title>rego</title>
<script type="importmap">
{ "imports": { "@tappass/rego": "/rego/index.js", "re2js": "/re2js/index.js", "yaml": "/yaml/index.js" } }
</script>
<pre id="out">nothing ran</pre>
<script type="module">
const out = document.getElementById('out');
window.addEventListener('error', (event) => { out.textContent = 'error: ' + event.message; });
import { compile, format, runTests } from '@tappass/rego';
const source = \`package p

default allow := false

allow if {
	regex.match("^[a-z]+(-[0-9]{1,3})?$", input.name)
	yaml.unmarshal(input.config).level >= 2
	time.weekday([input.at, "Europe/Berlin"]) == "Friday"
}

deny contains sprintf("no %s", [host]) if some host in input.hosts
\`;
const input = { name: 'agent-7', config: 'level: 2', hosts: ['b', 'a'], at: 1767312000000000000 };
const program = compile({ 'p.rego': source });
const allow = program.evaluate('data.p.allow', { input, provenance: true });
const tests = runTests({ 'p.rego': source, 'p_test.rego': 'package p_test\\n\\ntest_deny if data.p.deny == {"no x"} with input.hosts as ["x"]' });
let refusal = '';
try { compile({ 'bad.rego': 'package p\\n\\na := http.send({})' }); } catch (error) { refusal = error.name; }
out.textContent = JSON.stringify({
	allow: allow.result,
	rows: allow.provenance[0].reasons.map((reason) => reason.site.startRow),
	deny: program.evaluate('data.p.deny', { input }).result,
	passed: tests.passed,
	formatted: format('package p\\na:=1') === 'package p\\n\\na := 1\\n',
	refusal,
	node: typeof process,
});
</script>
`;

let server: Server | undefined;
let origin = '';
let profile = '';

beforeAll(async () => {
	const require = createRequire(import.meta.url);
	const roots = new Map([
		['rego', distribution],
		['re2js', dirname(require.resolve('re2js'))],
		['yaml', join(dirname(require.resolve('yaml/package.json')), 'browser')],
	]);
	server = createServer((request, response) => {
		const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
		const [, root = '', ...rest] = path.split('/');
		const directory = roots.get(root);
		const file = join(directory ?? '', ...rest);
		if (path === '/') response.setHeader('content-type', 'text/html').end(page);
		else if (directory !== undefined && existsSync(file)) {
			response.setHeader('content-type', 'text/javascript').end(readFileSync(file));
		} else response.writeHead(404).end();
	});
	const listening = server;
	await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
	origin = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
	profile = mkdtempSync(join(tmpdir(), 'rego-browser-'));
});

afterAll(() => {
	server?.close();
	rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
});

function browser(): string {
	const folders = (process.env.PATH ?? '').split(':');
	const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file));
	if (found === undefined) {
		throw new Error(
			`this test needs a browser, and none of ${names.join(', ')} is on the PATH (apt-get install chromium)`,
		);
	}
	return found;
}

function dump(url: string): Promise<string> {
	const flags = [
		'--headless',
		'--no-sandbox',
		'--disable-gpu',
		'--disable-background-networking',
		'--disable-component-update',
		'--disable-sync',
		'--disable-dev-shm-usage',
		'--no-first-run',
		'--virtual-time-budget=20000',
		`--user-data-dir=${profile}`,
		'--dump-dom',
	];
	return new Promise((resolve, reject) => {
		execFile(browser(), [...flags, url], { timeout: 90_000 }, (error, stdout, stderr) => {
			if (error === null) resolve(stdout);
			else reject(new Error(`${error.message}\n${stderr.slice(-2_000)}`));
		});
	});
}

test('the main entry compiles, evaluates, tests and formats in a browser', async () => {
	if (!existsSync(join(distribution, 'index.js'))) throw new Error('this test needs the built package (npm run build)');

	const dom = await dump(`${origin}/`);

	const text = /<pre id="out">([^<]*)<\/pre>/.exec(dom)?.[1]?.replaceAll('&quot;', '"') ?? dom;
	expect(text).toMatch(/^\{/);
	expect(JSON.parse(text)).toEqual({
		allow: true,
		rows: [5],
		deny: ['no a', 'no b'],
		passed: 1,
		formatted: true,
		refusal: 'RegoError',
		node: 'undefined',
	});
});
