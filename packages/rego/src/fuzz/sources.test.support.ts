/** Hostile and mutated sources for the fuzz tests. Everything follows from a seed number, so a failure can be repeated. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Random integers below a bound. */
export type Random = (below: number) => number;

/** The generator of a seed (mulberry32). */
export function randomOf(seed: number): Random {
	let state = seed | 0;
	return (below) => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
	};
}

/** Valid policies, between them every construct of the language. */
export const inlineSeeds: readonly string[] = [
	`package agent.network

import data.lists
import rego.v1

# METADATA
# title: Allowed hosts
# custom: {"severity": 3}
default allow := false

allow if {
	some pattern in lists.allowed
	glob.match(pattern, ["."], input.host)
	not denied[input.host]
}

denied contains host if {
	some host, why in data.denied
	why != "old"
}

deny[code] := msg if {
	some code in [1, 2, 3]
	code > input.level
	msg := sprintf("level %d is over %v", [code, input.level])
}
`,
	`package p

import future.keywords.not

a.b[x].c := y if {
	x := ["a", "b"][_]
	y := count(x) + 1
}

f(x, [y, _]) := z if {
	z := x * y
} else := 0 if x == null
else := -1

default g(_) := "none"

g(x) := $"value {x.a}: {f(2, [3, 4])}" if x.a

t if not { input.x == 1; input.y }
e if every k, v in {"a": 1, "b": 2} { v < 3; startswith(k, input.prefix) }
s := {x | some x in input.items; x.price >= 1.5e2} | {1, "two", null, true}
o := {k: v | some k, v in input; not startswith(k, "_")}
w := y if y := f(1, [2, 3]) with input.x as 4 with data.p.g as "mock"
m if "x" in {"x"}
n if 1, "b" in ["a", "b"]
r := regex.replace(input.text, \`(a|b)+\`, "<$1>")
u if { walk(input, [path, value]); count(path) > 0; path[count(path) - 1] == "secret"; is_string(value) }
time_ok if time.parse_rfc3339_ns(input.at) < time.now_ns()
arr := [x | x := numbers.range(1, 5)[_]; x % 2 == 0]
obj := object.union({"a": {"b": 1}}, {"a": {"c": input.c}})
`,
	`package q
p if { x = [1, y, {"k": z}]; [1, 2, {"k": 3}] = x; y + z == 5 }
q[x] contains y if { some x in [1, 2]; some y in input.list }
q[3] contains "three"
big := 123456789012345678901234567890 * 3 + 0.1
neg := -5 % 3
raw := \`a\\b\n"c"\`
h := json.unmarshal(input.doc).a["b c"][0]
c := concat(",", sort([x | some x in input.names]))
`,
];

/** The inline policies, and those of the conformance suite where it is. */
export function seedSources(): readonly string[] {
	const suite = fileURLToPath(new URL('../../../../../shared/rego-conformance', import.meta.url));
	if (!existsSync(suite)) return inlineSeeds;
	const found: string[] = [];
	for (const entry of readdirSync(suite, { recursive: true, encoding: 'utf8' }).sort()) {
		if (!entry.endsWith('.json')) continue;
		for (const text of stringsUnder('modules', JSON.parse(readFileSync(join(suite, entry), 'utf8')))) found.push(text);
	}
	return [...inlineSeeds, ...found];
}

function* stringsUnder(key: string, value: unknown): Generator<string> {
	if (typeof value !== 'object' || value === null) return;
	for (const [name, held] of Object.entries(value)) {
		if (name !== key) yield* stringsUnder(key, held);
		else if (Array.isArray(held)) for (const item of held) if (typeof item === 'string') yield item;
	}
}

const pieces: readonly string[] =
	'{ } [ ] ( ) , ; : := = == != < <= | & + - * / % . _ # " ` $" if else not some every in with as contains default import package null true false input data input.x data.p 0 1e309 -0 1.0 99999999999999999999 "" "\\u0000" \u00e9 \u{1f600} \ufeff \u2028 \n \t __proto__ constructor walk count sprintf'.split(
		' ',
	);

/** The source with a few random edits. */
export function mutated(source: string, random: Random): string {
	let text = source;
	for (let edits = 1 + random(4); edits > 0; edits--) {
		const at = random(text.length + 1);
		const length = random(12);
		const piece = pieces[random(pieces.length)]!;
		switch (random(6)) {
			case 0:
				text = text.slice(0, at) + text.slice(at + length);
				break;
			case 1:
				text = `${text.slice(0, at)}${piece}${text.slice(at)}`;
				break;
			case 2:
				text = `${text.slice(0, at)} ${piece} ${text.slice(at + length)}`;
				break;
			case 3: {
				const from = random(text.length + 1);
				text = text.slice(0, at) + text.slice(from, from + 40) + text.slice(at);
				break;
			}
			case 4:
				text = text.slice(0, at) + String.fromCharCode(random(0xffff)) + text.slice(at + 1);
				break;
			default: {
				const lines = text.split('\n');
				const [line] = lines.splice(random(lines.length), 1);
				lines.splice(random(lines.length + 1), 0, line ?? '');
				text = lines.join('\n');
			}
		}
	}
	return text;
}

/** Random bytes, read as UTF-8 as a file would be. */
export function randomBytesText(random: Random, length: number): string {
	const bytes = Uint8Array.from({ length }, () => random(256));
	return new TextDecoder().decode(bytes);
}

/** Random words of the language. */
export function randomWords(random: Random, count: number): string {
	const words = Array.from({ length: count }, () => pieces[random(pieces.length)]!);
	return `package p\n${words.join(random(2) === 0 ? ' ' : '\n')}`;
}

/** Sources that nest deeply, never end, or put a megabyte on one line; `size` is their length, roughly. */
export function hugeSources(size: number): Readonly<Record<string, string>> {
	const times = (text: string): string => text.repeat(Math.ceil(size / text.length));
	const list = (make: (i: number) => string, separator: string): string =>
		Array.from({ length: Math.ceil(size / 40) }, (_, i) => make(i)).join(separator);
	const many = Math.ceil(size / 40);
	return {
		parentheses: `package p\na if ${times('(')}1${times(')')}`,
		brackets: `package p\na := ${times('[')}`,
		objects: `package p\na := ${times('{"a":')}`,
		nots: `package p\na if ${times('not ')}x`,
		minuses: `package p\na := ${times('-')}1`,
		string: `package p\na := "${times('x')}"`,
		'string without end': `package p\na := "${times('\\"')}`,
		'raw string': `package p\na := \`${times('x\n')}\``,
		identifier: `package p\n${times('x')} := 1`,
		number: `package p\na := ${times('1')}`,
		exponent: `package p\na := 1e${times('9')}`,
		sum: `package p\na := 1${times(' + 1')}`,
		reference: `package p\na := input${times('.x')}`,
		package: `package p${times('.x')}`,
		array: `package p\na := [${times('1,')}]`,
		set: `package p\na := {${list(String, ',')}}`,
		elses: `package p\na := 1 if input.x${times(' else := 2 if input.y')}`,
		templates: `package p\na := ${times('$"{')}`,
		comprehensions: `package p\na := ${times('[x | x := ')}`,
		every: `package p\na if ${times('every x in [1] { ')}`,
		withs: `package p\na if x${times(' with input.x as 1')}\nx := 1`,
		comments: `package p\n${times('# METADATA\n# title: x\n')}`,
		zeros: times('\0'),
		'body in reverse': `package p\na if {\n${list((i) => `x${many - i} = x${many - i - 1}`, '\n')}\nx0 = 1\n}`,
		'chain of rules': `package p\n${list((i) => `r${i} if r${i + 1}`, '\n')}\nr${many} := 1`,
		'same rule': `package p\n${times('a if input.x == 1\n')}`,
		imports: `package p\n${list((i) => `import data.a${i}`, '\n')}`,
	};
}
