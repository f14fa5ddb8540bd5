// Written by TapPass. Decides Cursor's hook events by the rules beside this file; everything else is denied.
import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const fileTools = { Read: 'read', Write: 'write', Delete: 'write' };

/** Undefined when the action is allowed, else why it is not. `real` follows links as far as a path exists. */
export function refusal(event, rules, real) {
	const { hook_event_name: name, tool_name: tool, tool_input: input } = event;
	if (name === 'beforeShellExecution') return byTool('Shell', rules);
	if (name === 'subagentStart') return byTool('Task', rules);
	if (name === 'beforeReadFile' || name === 'beforeTabFileRead') {
		return byTool('Read', rules) ?? byPath('read', event.file_path, event, rules, real);
	}
	if (name === 'beforeMCPExecution') return byServer(event, rules) ?? byBrokerTool(tool, rules);
	if (name !== 'preToolUse' || typeof tool !== 'string') return 'this event is not known';
	if (tool.startsWith('MCP:')) return byBrokerTool(tool.slice(4), rules);
	const no = byTool(tool, rules);
	if (no !== undefined) return no;
	const fields = input !== null && typeof input === 'object' ? input : {};
	const access = Object.hasOwn(fileTools, tool) ? fileTools[tool] : undefined;
	if (access !== undefined) {
		const paths = ['file_path', 'path', 'target_file'].filter((key) => Object.hasOwn(fields, key));
		if (paths.length === 0) return 'the call names no file';
		return paths.map((key) => byPath(access, fields[key], event, rules, real)).find((one) => one !== undefined);
	}
	return tool === 'WebFetch' ? byHost(fields.url, rules) : undefined;
}

function byTool(tool, rules) {
	return rules.tools.includes(tool) ? undefined : 'the policy does not allow this tool';
}
function byBrokerTool(tool, rules) {
	return rules.mcp.tools.includes(tool) ? undefined : 'the policy does not allow this tool';
}
function byServer(event, rules) {
	return event.url === rules.mcp.url ? undefined : 'the broker is the only MCP server';
}

function byPath(access, text, event, rules, real) {
	if (typeof text !== 'string' || text === '' || text.includes('\0')) return 'the call names no file';
	// What the program may take for another place than we do: a home directory, an address.
	if (text.startsWith('~') || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text)) return 'the call names no plain path';
	const roots = Array.isArray(event.workspace_roots) ? event.workspace_roots : [];
	const base = [event.cwd, roots[0]].find((one) => typeof one === 'string' && isAbsolute(one));
	if (!isAbsolute(text) && base === undefined) return 'the path is relative to nothing known';
	const path = resolve(base ?? '/', text);
	// Both what it is called and where its links lead: a link must not carry a file out of what is denied.
	return [path, real(path)].every((one) => mayTouch(access, one, rules.files)) ? undefined : 'the policy does not allow this path';
}
function mayTouch(access, path, files) {
	const lies = (inner, one) => inner === one || one === '/' || inner.startsWith(one + '/');
	const isIn = (folders) => folders.some((one) => lies(path, one));
	// Where a file system takes two spellings for one name, what is withheld is withheld under each.
	const same = (name) => (files.folded ? name.normalize('NFKC').toLowerCase().normalize('NFKC') : name);
	const isUnder = (folders) => folders.some((one) => lies(same(path), same(one)));
	if (isUnder(files.deny)) return false;
	return access === 'write' ? isIn(files.write) && !isUnder(files.held) : isIn(files.read);
}

function byHost(text, rules) {
	const url = typeof text === 'string' ? URL.parse(text) : null;
	if (url === null || !['http:', 'https:'].includes(url.protocol)) return 'the call names no address';
	const host = url.hostname.replace(/\.$/, '');
	const names = (patterns) => patterns.some((one) => (one.startsWith('*.') ? host.endsWith(one.slice(1)) : host === one));
	return names(rules.domains.allow) && !names(rules.domains.deny) ? undefined : 'the policy does not allow this host';
}

/** Where the links of a path lead; what does not exist yet keeps its name. Throws for a link that leads to nothing. */
export function realPath(path) {
	try {
		return realpathSync(path);
	} catch (error) {
		if (error.code !== 'ENOENT' || path === dirname(path)) throw error;
		// Written to, such a link makes a file wherever it points.
		if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) throw error;
		return join(realPath(dirname(path)), path.slice(dirname(path).length).replace(/^\//, ''));
	}
}

function main() {
	const rules = JSON.parse(readFileSync(new URL('tappass-rules.json', import.meta.url), 'utf8'));
	const why = refusal(JSON.parse(readFileSync(0, 'utf8')), rules, realPath);
	const verdict = why === undefined ? 'allow' : 'deny';
	// Documented under both names at different times.
	const answer = { permission: verdict, decision: verdict };
	if (why !== undefined) Object.assign(answer, { reason: why, user_message: why, agent_message: why });
	process.stdout.write(JSON.stringify(answer) + '\n');
	process.exitCode = why === undefined ? 0 : 2;
}

/** Whether this was started, and not imported; through a link as well, or it would end well without an answer. */
function isStarted() {
	if (typeof import.meta.main === 'boolean') return import.meta.main;
	return process.argv[1] !== undefined && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url));
}

try {
	if (isStarted()) main();
} catch (error) {
	process.stderr.write('tappass: error: could not decide: ' + error.message + '\n');
	process.exitCode = 2;
}
