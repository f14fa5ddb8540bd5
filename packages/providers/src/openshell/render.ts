import {
	type CompiledPolicy,
	coversDomain,
	coversPath,
	type DomainPattern,
	domainText,
	type Gap,
	pathText,
	type RenderCapabilities,
	type Rendered,
} from '@tappass/core';
import { stringify } from 'yaml';
import { additiveGrants, linuxSystem } from '../additive-grants.ts';
import { type PlaneEndpoint, planeEndpoints } from '../agent-plane.ts';
import { domainRules, unknownCategoryGaps } from '../domains.ts';
import { absolutePath, isCovered, nameOf, type PathRules, pathRules } from '../paths.ts';
import { sortedGaps } from '../target.ts';
import { type NetworkPolicy, type OpenshellPolicy, pathsMax } from './schema.ts';

type Endpoint = NetworkPolicy['endpoints'][number];

/** Pure and total. The sandbox is a container: paths are those inside it, as the policy names them. */
export function render(policy: CompiledPolicy, capabilities: RenderCapabilities): Rendered {
	const rules = pathRules(policy.filesystem, capabilities);
	const files = filesystem(rules, capabilities);
	const network = networkPolicies(policy, capabilities, rules);
	const user = capabilities.uid > 0 ? String(capabilities.uid) : 'sandbox';
	const content: OpenshellPolicy = {
		version: 1,
		filesystem_policy: { include_workdir: false, read_only: files.read_only, read_write: files.read_write },
		// Anything softer runs without filesystem rules where the kernel has no Landlock.
		landlock: { compatibility: 'hard_requirement' },
		process: { run_as_user: user, run_as_group: user },
		...(Object.keys(network.policies).length > 0 && { network_policies: network.policies }),
	};
	const text = stringify(content, {
		defaultStringType: 'QUOTE_DOUBLE',
		defaultKeyType: 'PLAIN',
		lineWidth: 0,
		aliasDuplicateObjects: false,
	});
	return {
		files: [{ path: 'openshell-policy.yaml', content: text, mode: 0o644 }],
		args: ['sandbox', 'create', '--policy', 'openshell-policy.yaml'],
		env: {},
		gaps: sortedGaps([...files.gaps, ...network.gaps]),
	};
}

/** Line breaks of older YAML, which the two parsers read differently even between quotes. */
function isSafe(text: string): boolean {
	return !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/.test(text);
}

function filesystem(
	rules: PathRules,
	capabilities: RenderCapabilities,
): { read_only: readonly string[]; read_write: readonly string[]; gaps: readonly Gap[] } {
	const grants = additiveGrants(rules, { isSafe, binaries: capabilities.binaries, system: linuxSystem });
	const read_write = grants.write.map(pathText);
	const room = pathsMax - read_write.length;
	const over = grants.read.slice(room).map(
		(path): Gap => ({
			aspect: 'filesystem',
			value: nameOf(rules, path),
			why: `a policy of this target lists at most ${pathsMax} paths`,
		}),
	);
	return { read_only: grants.read.slice(0, room).map(pathText), read_write, gaps: [...grants.gaps, ...over] };
}

/** What the target adds by itself to the filesystem list of any sandbox with network rules. */
const added: readonly string[] = ['/etc', '/lib', '/tmp', '/usr', '/var/log'];

function networkPolicies(
	policy: CompiledPolicy,
	capabilities: RenderCapabilities,
	rules: PathRules,
): { policies: Readonly<Record<string, NetworkPolicy>>; gaps: readonly Gap[] } {
	const domains = domainRules(policy.network, capabilities);
	const gaps: Gap[] = [...unknownCategoryGaps(domains)];
	const refuse = (pattern: DomainPattern, why: string): false => {
		gaps.push({ aspect: 'network', value: domainText(pattern), why });
		return false;
	};
	const binaries = programs(capabilities, rules);
	const expressible = domains.allow.filter((allow) => {
		if (binaries.length === 0) return refuse(allow, 'no program is known here, and rules hold for named programs only');
		if (allow.kind === 'below' && !allow.name.includes('.'))
			return refuse(allow, 'the target refuses a wildcard over a whole top-level domain');
		const inside = domains.deny.find((deny) => coversDomain(allow, deny));
		if (inside !== undefined)
			return refuse(allow, `it holds ${domainText(inside)}, which is denied, and the target has no denied hosts`);
		return true;
	});
	const plane = binaries.length === 0 ? [] : planeEndpoints(policy, capabilities).filter(({ loopback }) => !loopback);
	const policies: Record<string, NetworkPolicy> = {};
	if (expressible.length > 0)
		policies['tappass_domains'] = { name: 'tappass-domains', endpoints: expressible.map(domainEndpoint), binaries };
	if (plane.length > 0)
		policies['tappass_plane'] = { name: 'tappass-plane', endpoints: plane.map(planeEndpoint), binaries };
	const opened = Object.keys(policies).length > 0 ? added.map(absolutePath) : [];
	for (const path of rules.deny.filter((one) =>
		opened.some((other) => coversPath(other, one) || coversPath(one, other)),
	))
		gaps.push({
			aspect: 'filesystem',
			value: nameOf(rules, path),
			why: 'the target itself opens system directories to a sandbox with network rules, this one among them',
		});
	// Of those, this one can be written.
	const scratch = absolutePath('/tmp');
	for (const path of opened.length === 0 ? [] : rules.read_only.filter((one) => coversPath(scratch, one)))
		gaps.push({
			aspect: 'filesystem',
			value: nameOf(rules, path),
			why: 'the target itself makes /tmp writable for a sandbox with network rules',
		});
	return { policies, gaps };
}

/** Real paths only: a pattern would let other programs out. */
function programs({ binaries }: RenderCapabilities, rules: PathRules): readonly { readonly path: string }[] {
	const paths = Object.values(binaries)
		.map(absolutePath)
		.filter((path) => !isCovered(rules.deny, path))
		.map(pathText)
		.filter((text) => isSafe(text) && !/[*?[\]{}]/.test(text));
	return [...new Set(paths)].sort().map((path) => ({ path }));
}

function domainEndpoint(pattern: DomainPattern): Endpoint {
	// `*.x` is one label deep there; ours is any depth.
	const host = pattern.kind === 'below' ? `**.${pattern.name}` : pattern.name;
	return { host, ports: [80, 443], protocol: 'rest', enforcement: 'enforce', access: 'full' };
}

function planeEndpoint({ host, port }: PlaneEndpoint): Endpoint {
	return { host, ports: [port], protocol: 'rest', enforcement: 'enforce', access: 'full' };
}
