import { describe, expect, it } from 'vitest';
import { coreBuiltins } from './registry.ts';

/** What OPA 1.20 lists, without what is refused here and what the crypto entry adds. */
const offered = `
	abs all and any array.concat array.flatten array.reverse array.slice assign
	base64.decode base64.encode base64.is_valid base64url.decode base64url.encode base64url.encode_no_pad
	bits.and bits.lsh bits.negate bits.or bits.rsh bits.xor
	cast_array cast_boolean cast_null cast_object cast_set cast_string ceil concat contains count div endswith eq equal
	floor format_int glob.match glob.quote_meta graph.reachable graph.reachable_paths gt gte hex.decode hex.encode
	indexof indexof_n internal.member_2 internal.member_3 internal.print internal.template_string intersection
	is_array is_boolean is_null is_number is_object is_set is_string
	json.filter json.is_valid json.marshal json.marshal_with_options json.match_schema json.patch json.remove
	json.unmarshal json.verify_schema lower lt lte max min minus mul neq
	net.cidr_contains net.cidr_contains_matches net.cidr_expand net.cidr_intersects net.cidr_is_valid net.cidr_merge
	net.cidr_overlap numbers.range numbers.range_step
	object.filter object.get object.keys object.remove object.subset object.union object.union_n or plus print product
	rand.intn re_match regex.find_all_string_submatch_n regex.find_n regex.globs_match regex.is_valid regex.match
	regex.replace regex.split regex.template_match rego.metadata.chain rego.metadata.rule rem replace
	round semver.compare semver.is_valid set_diff sort split sprintf startswith
	strings.any_prefix_match strings.any_suffix_match strings.count strings.replace_n strings.reverse strings.split_n
	substring sum
	time.add_date time.clock time.date time.diff time.format time.now_ns time.parse_duration_ns time.parse_ns
	time.parse_rfc3339_ns time.weekday
	to_number trace trim trim_left trim_prefix trim_right trim_space trim_suffix type_name union units.parse
	units.parse_bytes upper uri.is_valid uri.parse urlquery.decode urlquery.decode_object urlquery.encode
	urlquery.encode_object uuid.parse uuid.rfc4122 walk yaml.is_valid yaml.marshal yaml.unmarshal
`
	.trim()
	.split(/\s+/);

describe('coreBuiltins', () => {
	it('offers what OPA lists', () => {
		expect(offered.filter((name) => !coreBuiltins.has(name))).toEqual([]);
	});

	it('leaves out what is refused, and what the crypto entry adds', () => {
		const refused = [
			'http.send',
			'opa.runtime',
			'net.lookup_ip_addr',
			'strings.render_template',
			'graphql.parse',
			'io.jwt.decode',
		];
		expect(refused.filter((name) => coreBuiltins.has(name))).toEqual([]);
	});

	it('lists each name once, under that name', () => {
		for (const [name, builtin] of coreBuiltins) expect(builtin.name).toBe(name);
		expect(coreBuiltins.size).toBeGreaterThan(140);
	});

	it('names every parameter of what is not deprecated or internal', () => {
		const unnamed = [...coreBuiltins.values()].filter(
			({ name, deprecated, infix, decl }) =>
				!deprecated &&
				!name.startsWith('internal.') &&
				infix === undefined &&
				decl.args.some((arg) => arg.name === undefined),
		);
		expect(unnamed.map(({ name }) => name)).toEqual([]);
	});
});
