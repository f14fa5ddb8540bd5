import { resolve } from 'node:path';
import { findPrograms, readBounded } from '@tappass/cli-kit';
import { limits, parseBytesWith, type RenderCapabilities, renderCapabilitiesSchema } from '@tappass/core';
import { type Library, toolAliases } from '@tappass/policy';

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
		binaries: await findPrograms(process.env['PATH'] ?? ''),
		target_version: null,
		tool_aliases: toolAliases(library.catalog, target),
		domain_categories,
		path_kinds: {},
	};
}
