import { readdir } from 'node:fs/promises';
import { Flags, type Interfaces } from '@oclif/core';
import { type Level, levels, nearest, TapPassError } from '@tappass/core';
import {
	type Authored,
	type CompileRequest,
	isAuthored,
	type Library,
	loadLibrary,
	type PackChoice,
	type PolicyFile,
	readDocument,
	type SandboxSpecDocument,
	specReferences,
} from '@tappass/policy';
import { refuse } from './diagnostics.ts';
import { readEach, readShipped, readSource, readSources, shippedDirectory } from './sources.ts';

/** Flags of every command that compiles: what each level says. */
export const requestFlags: Interfaces.FlagInput<RequestFlags> = {
	org: Flags.string({
		multiple: true,
		helpValue: '<file>',
		description: 'Rego of the org floor; may be repeated',
		helpGroup: 'POLICY',
	}),
	project: Flags.string({
		multiple: true,
		helpValue: '<file>',
		description: 'Rego of the project floor',
		helpGroup: 'POLICY',
	}),
	agent: Flags.string({
		multiple: true,
		helpValue: '<file>',
		description: 'Rego of the agent override',
		helpGroup: 'POLICY',
	}),
	pack: Flags.string({
		multiple: true,
		helpValue: '<id>[@org|project|agent]',
		description: 'compliance Pack and the level it applies at (default: org)',
		helpGroup: 'POLICY',
	}),
	function: Flags.string({ helpValue: '<id>', description: 'what the agent is for', helpGroup: 'POLICY' }),
	category: Flags.string({
		multiple: true,
		helpValue: '<id>',
		description: 'kind of data the agent handles',
		helpGroup: 'POLICY',
	}),
	overlay: Flags.string({
		multiple: true,
		helpValue: '<file>',
		description: 'overlay YAML on top of the agent level',
		helpGroup: 'POLICY',
	}),
	catalog: Flags.string({
		multiple: true,
		helpValue: '<file>',
		description: 'tools.yaml or catalog product of your own',
		helpGroup: 'POLICY',
	}),
	spec: Flags.string({
		helpValue: '<file>',
		description: 'sandbox-spec, a file or the id of a shipped one',
		helpGroup: 'POLICY',
	}),
	library: Flags.string({
		multiple: true,
		helpValue: '<dir>',
		description: 'functions, categories, concerns, capabilities and Packs of your own',
		helpGroup: 'POLICY',
	}),
	author: Flags.string({
		helpValue: '<who>',
		description: 'person named in trails (default: local)',
		helpGroup: 'POLICY',
	}),
	at: Flags.string({
		helpValue: '<instant>',
		description: 'moment named in trails (default: time of the file)',
		helpGroup: 'POLICY',
	}),
};

/** What `requestFlags` parse to. */
export interface RequestFlags {
	org: string[] | undefined;
	project: string[] | undefined;
	agent: string[] | undefined;
	pack: string[] | undefined;
	function: string | undefined;
	category: string[] | undefined;
	overlay: string[] | undefined;
	catalog: string[] | undefined;
	spec: string | undefined;
	library: string[] | undefined;
	author: string | undefined;
	at: string | undefined;
}

/** The request that the flags describe, over the shipped library. @throws {TapPassError} file_unreadable, policy_invalid, usage */
export async function readRequest(flags: RequestFlags): Promise<CompileRequest> {
	const [library, org, project, agent, overlays, catalog, spec] = await Promise.all([
		readLibrary(flags.library),
		files(flags.org),
		files(flags.project),
		files(flags.agent),
		files(flags.overlay),
		files(flags.catalog),
		flags.spec === undefined ? undefined : specFile(flags.spec),
	]);
	return {
		library,
		org,
		project,
		agent,
		overlays,
		catalog,
		packs: (flags.pack ?? []).map(packChoice),
		categories: flags.category ?? [],
		...(flags.function === undefined ? {} : { function: flags.function }),
		...(spec === undefined ? {} : spec),
		...(flags.author === undefined ? {} : { author: flags.author }),
		...(flags.at === undefined ? {} : { at: flags.at }),
	};
}

/**
 * Shipped authoring data and Packs, with an operator's own directories. A fault in any of it is said like any other: nothing
 * compiles over it.
 *
 * @throws {TapPassError} file_unreadable, policy_invalid
 */
export async function readLibrary(directories: readonly string[] | undefined): Promise<Library> {
	const [shipped, own] = await Promise.all([readShipped(), readSources(directories ?? [])]);
	const { library, diagnostics } = loadLibrary([...shipped, ...own]);
	refuse(diagnostics, own.length === 0 ? 'the shipped policies' : 'the library');
	return library;
}

async function files(paths: readonly string[] | undefined): Promise<readonly PolicyFile[]> {
	return readEach(paths ?? []);
}

/** A spec by path, or by the id of a shipped one, with the Rego files that it names. */
export async function specFile(
	name: string,
): Promise<{ readonly spec: PolicyFile; readonly specFiles: readonly PolicyFile[] }> {
	const shipped = /^[a-z0-9_-]+$/.test(name);
	const at = shipped ? `policies/sandbox-specs/${name}.yaml` : name;
	// What ships is named the same wherever it is installed: trails must not differ from machine to machine.
	const read = async (path: string): Promise<PolicyFile> =>
		shipped
			? { ...(await readSource(path.replace(/^policies/, shippedDirectory('policies')))), file: path }
			: readSource(path);
	const spec = shipped ? await read(at).catch(() => unknownSpec(name)) : await read(at);
	const document = readDocument(spec);
	// A spec at fault is told with everything else by the compile; it names no files then.
	const isSpec = isAuthored(document) && document.value.schema === 'tappass.sandbox-spec/1';
	const named = isSpec ? specReferences(document as Authored<SandboxSpecDocument>) : [];
	const found = await Promise.all(named.map((path) => read(path).catch(missing)));
	return { spec, specFiles: found.filter((file) => file !== undefined) };
}

async function unknownSpec(name: string): Promise<never> {
	const known = (await readdir(`${shippedDirectory('policies')}/sandbox-specs`)).map((file) =>
		file.replace(/\.yaml$/, ''),
	);
	const near = nearest(name, known);
	throw new TapPassError('not_found', {
		detail: `there is no sandbox-spec ${JSON.stringify(name)}`,
		hint: near === undefined ? `one of ${known.join(', ')}, or a file` : `did you mean ${near}?`,
	});
}

// The compile says which file a spec names in vain, with the place where it does.
function missing(error: unknown): undefined {
	if (error instanceof TapPassError && error.code === 'file_unreadable') return undefined;
	throw error;
}

function packChoice(text: string): PackChoice {
	const [id = '', level = 'org', ...rest] = text.split('@');
	if (rest.length > 0 || !levels.includes(level as Level)) {
		throw new TapPassError('usage', {
			detail: `--pack ${text}: ${JSON.stringify(level)} is no level`,
			hint: 'write --pack eu-ai-act@org, @project or @agent',
		});
	}
	return { id, level: level as Level };
}
