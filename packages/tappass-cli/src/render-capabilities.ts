import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { readBounded } from '@tappass/cli-kit';
import { limits, parseBytesWith, type RenderCapabilities, renderCapabilitiesSchema } from '@tappass/core';
import { type Library, toolAliases } from '@tappass/policy';

/** Programs that targets start or name. */
const programs: readonly string[] = ['bash', 'bwrap', 'curl', 'git', 'node', 'python3', 'sh', 'socat'];

/**
 * What a target is told of the machine: from a file when one is named, else this machine as far as a preview needs it, with
 * the tool names of the shipped catalog and the shipped domain lists.
 *
 * @throws {TapPassError} file_unreadable, schema_invalid, and the `json_…` codes
 */
export async function readCapabilities(
	path: string | undefined,
	target: string,
	library: Library,
): Promise<RenderCapabilities> {
	if (path !== undefined)
		return parseBytesWith(renderCapabilitiesSchema, await readBounded(path, limits.payloadBytesMax), path);
	const domain_categories = Object.fromEntries(
		[...library.domainCategories].map(([id, { value }]) => [id, value.domains]),
	);
	return {
		os: process.platform === 'darwin' ? 'macos' : process.platform === 'win32' ? 'windows' : 'linux',
		home: '/home/agent',
		uid: 20_001,
		workspace_host: resolve('workspace'),
		gateway_url: 'http://inference.local:3128/v1',
		mcp_url: 'http://mcp.local:3128/mcp',
		binaries: await findPrograms(),
		target_version: null,
		tool_aliases: toolAliases(library.catalog, target),
		domain_categories,
		path_kinds: {},
	};
}

async function findPrograms(): Promise<Record<string, string>> {
	const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
	const found = await Promise.all(
		programs.map(async (name) => [name, await firstExecutable(folders.map((folder) => join(folder, name)))] as const),
	);
	return Object.fromEntries(found.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
}

async function firstExecutable(paths: readonly string[]): Promise<string | undefined> {
	for (const path of paths) {
		const there = await access(path, constants.X_OK).then(
			() => true,
			// Not there, or not ours to run: the next folder may have it.
			() => false,
		);
		if (there) return path;
	}
	return undefined;
}
