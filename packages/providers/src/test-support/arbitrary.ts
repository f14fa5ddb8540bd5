import { type CompiledPolicy, compiledPolicySchema, type RenderCapabilities } from '@tappass/core';
import fc from 'fast-check';
import { caseCapabilities } from './golden.ts';

const label = fc.constantFrom('a', 'b', 'acme', 'files', 'evil', 'xn--tda', 'with-dash');
const host = fc
	.tuple(fc.array(label, { minLength: 1, maxLength: 3 }), fc.constantFrom('com', 'example', 'org'))
	.map(([labels, top]) => [...labels, top].join('.'));
/** Host names near those of the generated policies, so that patterns hit and just miss. */
export const arbitraryHost: fc.Arbitrary<string> = host;
const allowDomain = fc.tuple(fc.boolean(), host).map(([below, name]) => (below ? `*.${name}` : name));

// Everything that means something in JSON, YAML, TOML, shells and sandbox profile languages; all legal in a path.
const nasty = fc.string({
	unit: fc.constantFrom(
		'a',
		'b',
		'-',
		' ',
		'"',
		"'",
		'`',
		'$',
		'\\',
		';',
		'&',
		'|',
		'#',
		':',
		'(',
		')',
		'<',
		'>',
		'!',
		'%',
		'@',
		'=',
		',',
		'é',
		'日',
		'\u202e',
		'😀',
	),
	minLength: 1,
	maxLength: 12,
});
const segment = fc.oneof(fc.constantFrom('usr', 'lib', 'etc', 'work', '.ssh', '.env', 'data', 'secret'), nasty);
const absolute = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
const path = fc.oneof(
	absolute,
	fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => `~/${segments.join('/')}`),
);
/** Absolute paths near those of the generated policies. */
export const arbitraryPath: fc.Arbitrary<string> = absolute;

const toolSegment = fc.constantFrom(
	'collibra',
	'github',
	'get_asset',
	'delete_asset',
	'shell',
	'read',
	'*',
	'get_*',
	'**',
	'*_asset',
);
const toolPattern = fc.array(toolSegment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('.'));
const name = fc.constantFrom(
	'collibra',
	'finance',
	'pii_archive',
	'customers',
	'read_file',
	'paste_sites',
	'url_shorteners',
	'unheard_of',
);
const ceiling = (max: number): fc.Arbitrary<number> => fc.oneof(fc.constant(0), fc.integer({ min: 0, max }));
const set = <T>(item: fc.Arbitrary<T>, maxLength = 5): fc.Arbitrary<T[]> => fc.uniqueArray(item, { maxLength });

/** The same policy with paths that meet its workspace, its home, or what targets grant by themselves. */
function withMeetings(policy: CompiledPolicy, chosen: readonly (readonly ['read_only' | 'deny_paths', number])[]) {
	const { workspace } = policy.filesystem;
	const places = [
		workspace,
		`${workspace}/inside`,
		`${workspace}/inside/deep`,
		`${workspace} beside`,
		workspace.slice(0, workspace.lastIndexOf('/')) || '/',
		'~',
		'/tmp',
		'/tmp/inside',
		'/usr/lib',
	];
	const added = (field: 'read_only' | 'deny_paths'): readonly string[] => [
		...new Set([
			...policy.filesystem[field],
			...chosen.filter(([name]) => name === field).map(([, at]) => places[at % places.length]!),
		]),
	];
	const filesystem = { workspace, read_only: added('read_only'), deny_paths: added('deny_paths') };
	return { ...policy, filesystem };
}

/** Any valid Compiled Policy. */
export const arbitraryPolicy: fc.Arbitrary<CompiledPolicy> = fc
	.tuple(
		fc.array(fc.tuple(fc.constantFrom('read_only' as const, 'deny_paths' as const), fc.nat(8)), { maxLength: 3 }),
		arbitraryShape(),
	)
	.map(([chosen, policy]) => withMeetings(policy, chosen))
	.filter((policy) => compiledPolicySchema.safeParse(policy).success);

function arbitraryShape(): fc.Arbitrary<CompiledPolicy> {
	return fc.record({
		schema: fc.constant('tappass.compiled-policy/1' as const),
		network: fc.record({ allow_domains: set(allowDomain), deny_categories: set(name, 3) }),
		filesystem: fc.record({
			workspace: fc.oneof(fc.constantFrom('/workspace', '/home/agent/work', '/tmp/work'), absolute),
			read_only: set(path),
			deny_paths: set(path),
		}),
		tools: fc.record({
			allow: set(toolPattern),
			deny: set(toolPattern),
			schemas_acl: fc.dictionary(name, fc.dictionary(name, fc.constantFrom('deny', 'ro', 'rw'))),
		}),
		interpreter: fc.record({
			host_functions: set(name),
			memory_mb: ceiling(65_536),
			cpu_time_ms: ceiling(3_600_000),
			stack_depth: ceiling(100_000),
		}),
		budget: fc.record({
			tokens_per_day: ceiling(1e9),
			dollars_per_month: ceiling(1e6),
			tool_calls_per_minute: ceiling(1e6),
		}),
		compliance_tags: set(fc.constantFrom('SOC2:CC6.1', 'ISO42001:6.2.3', 'GDPR:Art.32')),
	}) as fc.Arbitrary<CompiledPolicy>;
}

/** The golden machine, with categories that generated policies may name, or not. */
export const arbitraryCapabilities: fc.Arbitrary<RenderCapabilities> = fc.boolean().map((known) =>
	caseCapabilities(
		known
			? {
					domain_categories: {
						paste_sites: ['pastebin.com', '*.evil.com'],
						url_shorteners: ['*.a.com', 'b.example'],
						unheard_of: [],
						collibra: [],
						finance: [],
						pii_archive: [],
						customers: [],
						read_file: [],
					},
				}
			: {},
	),
);
