/**
 * The five policies that the engine is measured with, their data and a round of inputs each. Everything is made from
 * fixed numbers, so two runs measure the same work.
 */
import { type JsonValue, parseJson, type Value } from '@tappass/rego';

/** One policy to measure: what it is asked for, with what, and what must come out. */
export interface Case {
	readonly source: string;
	readonly path: string;
	readonly data: Value;
	/** Parsed inputs, taken in turn. */
	readonly inputs: readonly Value[];
	/** The answer to each input, checked before anything is timed. */
	readonly answers: readonly (JsonValue | ((result: JsonValue | undefined) => boolean))[];
}

/** `value` as the engine's parser makes it, as input from outside would be. */
export function parsed(value: unknown): Value {
	return parseJson(JSON.stringify(value));
}

const range = (size: number): readonly number[] => Array.from({ length: size }, (_, i) => i);

/** Grants of role `r`: ten pairs of action and resource. */
export function grantsOf(role: number): readonly { readonly action: string; readonly resource: string }[] {
	return range(10).map((i) => ({ action: i % 2 === 0 ? 'read' : 'write', resource: `doc${role * 10 + i}` }));
}

/** The four roles of user `u`. */
export function rolesOf(user: number): readonly number[] {
	return range(4).map((i) => (user * 7 + i * 13) % 50);
}

/** Requests of the first policy: four are granted, the fifth is not. */
export const accessRequests: readonly { user: number; action: string; resource: string; allow: boolean }[] = range(
	100,
).map((i) => {
	const user = (i * 37) % 100;
	const grant = grantsOf(rolesOf(user)[i % 4]!)[(i * 3) % 10]!;
	return i % 5 === 4
		? { user, action: 'delete', resource: grant.resource, allow: false }
		: { user, ...grant, allow: true };
});

/** 100 users, 50 roles of ten grants, four roles a user; 80 % of the requests are granted. */
export const rbac: Case = {
	source: `package rbac

default allow := false

allow if {
	some role in data.users[input.user]
	some grant in data.grants[role]
	grant.action == input.action
	grant.resource == input.resource
}
`,
	path: 'data.rbac.allow',
	data: parsed({
		users: Object.fromEntries(range(100).map((u) => [`user${u}`, rolesOf(u).map((r) => `role${r}`)])),
		grants: Object.fromEntries(range(50).map((r) => [`role${r}`, grantsOf(r)])),
	}),
	inputs: accessRequests.map(({ user, action, resource }) => parsed({ user: `user${user}`, action, resource })),
	answers: accessRequests.map(({ allow }) => allow),
};

/** 200 patterns: 140 wildcards below a domain, 20 with alternatives, 40 exact names. */
export const domainPatterns: readonly string[] = [
	...range(140).map((i) => `*.service${i}.example`),
	...range(20).map((i) => `api.{eu,us}.region${i}.io`),
	...range(40).map((i) => `exact${i}.example.org`),
];

/** Hosts asked for: hits of every kind, misses, and names that nearly match. */
export const hostRequests: readonly { readonly host: string; readonly allow: boolean }[] = range(60).map((i) => {
	switch (i % 6) {
		case 0:
			return { host: `www.service${(i * 7) % 140}.example`, allow: true };
		case 1:
			return { host: `api.eu.region${i % 20}.io`, allow: true };
		case 2:
			return { host: `exact${i % 40}.example.org`, allow: true };
		case 3:
			return { host: `host${i}.elsewhere.net`, allow: false };
		case 4:
			return { host: `a.b.service${i % 140}.example`, allow: false };
		default:
			return { host: `service${i % 140}.example`, allow: false };
	}
});

const hosts = {
	inputs: hostRequests.map(({ host }) => parsed({ host })),
	answers: hostRequests.map(({ allow }) => allow),
};

/** `glob.match` over a list of patterns in data. */
export const domains: Case = {
	source: `package domains

default allow := false

allow if {
	some pattern in data.allowed
	glob.match(pattern, ["."], input.host)
}
`,
	path: 'data.domains.allow',
	data: parsed({ allowed: domainPatterns }),
	...hosts,
};

/** The same list, sorted by its author into exact names and suffixes, which are looked up. */
export const domainsBySuffix: Case = {
	source: `package domains

default allow := false

allow if data.exact[input.host]

allow if {
	[_, suffix] := split_first(input.host)
	data.suffixes[suffix]
}

split_first(host) := [substring(host, 0, dot), substring(host, dot + 1, -1)] if {
	dot := indexof(host, ".")
	dot >= 0
}
`,
	path: 'data.domains.allow',
	data: parsed({
		exact: Object.fromEntries([
			...range(40).map((i) => [`exact${i}.example.org`, true]),
			...range(20).flatMap((i) => ['eu', 'us'].map((part) => [`api.${part}.region${i}.io`, true])),
		]),
		suffixes: Object.fromEntries(range(140).map((i) => [`service${i}.example`, true])),
	}),
	...hosts,
};

const reasonRules = range(25)
	.map((i) => {
		const conditions = [
			`input.tool == "tool${i}"`,
			`startswith(input.args.path, "/secret${i}/")`,
			`input.args.amount > ${1_000 + i}\n\tinput.args.currency == "X${i}"`,
			`"flag${i}" in input.flags`,
			`count(input.args.note) > ${200 + i}`,
		];
		return `deny contains {"code": "R${i}", "msg": msg} if {
	${conditions[i % 5]}
	msg := sprintf("rule %d refuses %s for %s", [${i}, input.tool, input.agent])
}
`;
	})
	.join('\n');

/** 25 rules that give reasons over one tool call; none to three of them fire. */
export const reasons: Case = {
	source: `package reasons\n\n${reasonRules}`,
	path: 'data.reasons.deny',
	data: {},
	inputs: range(40).map((i) =>
		parsed({
			agent: `agent${i % 7}`,
			tool: i % 4 === 0 ? 'read' : `tool${(i % 5) * 5}`,
			args: { path: i % 4 > 1 ? '/secret11/x' : '/home/x', amount: 10, currency: 'EUR', note: 'short' },
			flags: i % 4 === 3 ? ['flag3', 'other'] : ['other'],
		}),
	),
	answers: range(40).map((i) => (result) => Array.isArray(result) && result.length === i % 4),
};

/** `size` rules that each decide one tool. */
export function manyRules(size: number): Case {
	const rules = range(size)
		.map((i) => `decision := "allow" if {\n\tinput.tool == "t${i}"\n\tinput.env == "prod"\n}\n`)
		.join('\n');
	return {
		source: `package many\n\ndefault decision := "deny"\n\n${rules}`,
		path: 'data.many.decision',
		data: {},
		...calls(size),
	};
}

/** The same decisions from `size` rows of data. */
export function manyRows(size: number): Case {
	return {
		source: `package many

default decision := "deny"

decision := row.decision if {
	row := data.rows[input.tool]
	row.env == input.env
}
`,
		path: 'data.many.decision',
		data: parsed({ rows: Object.fromEntries(range(size).map((i) => [`t${i}`, { env: 'prod', decision: 'allow' }])) }),
		...calls(size),
	};
}

/** Calls of tools spread over all rules; every fourth is for the wrong environment or an unknown tool. */
export function toolCalls(
	size: number,
): readonly { readonly tool: string; readonly env: string; readonly allow: boolean }[] {
	return range(64).map((i) => ({
		tool: i % 8 === 7 ? 'unknown' : `t${(i * 131) % size}`,
		env: i % 8 === 3 ? 'test' : 'prod',
		allow: i % 8 !== 7 && i % 8 !== 3,
	}));
}

function calls(size: number): Pick<Case, 'inputs' | 'answers'> {
	const requests = toolCalls(size);
	return {
		inputs: requests.map(({ tool, env }) => parsed({ tool, env })),
		answers: requests.map(({ allow }) => (allow ? 'allow' : 'deny')),
	};
}

const constraintSource = `package constraint

default allow := false

allow if {
	input.tool == "orders.create"
	input.args.total >= 1
	input.args.total <= 5000
	regex.match(\`^[A-Z]{2}-[0-9]{4,8}$\`, input.args.reference)
	object.subset(input.args, {"currency": "EUR", "channel": {"kind": "web"}})
	every line in input.args.lines {
		line.quantity > 0
		line.price <= 1000
		startswith(line.sku, "sku-")
	}
	not forbidden
	json.match_schema(input.args.customer, schema)[0]
}
`;

const walked = `
forbidden if {
	walk(input.args, [_, value])
	_ = value.password
}
`;

const schemaRule = `
schema := {
	"type": "object",
	"required": ["id", "email"],
	"properties": {"id": {"type": "integer"}, "email": {"type": "string", "maxLength": 64}},
}
`;

function orderOf(bytes: number): { readonly args: Record<string, unknown> } {
	const args: Record<string, unknown> = {
		total: 420,
		reference: 'AB-123456',
		currency: 'EUR',
		channel: { kind: 'web', campaign: 'spring' },
		customer: { id: 17, email: 'someone@example.org' },
		lines: range(4).map((i) => ({ sku: `sku-${i}`, quantity: i + 1, price: 10 * (i + 1) })),
		notes: [],
	};
	const notes: unknown[] = [];
	while (JSON.stringify({ ...args, notes }).length < bytes) {
		notes.push({ at: notes.length, text: 'x'.repeat(100), tags: { a: 'one', b: 'two' } });
	}
	return { args: { ...args, notes } };
}

/** Constraints on nested arguments of about `bytes` bytes, with `walk` for a forbidden key. */
export function argumentConstraint(bytes: number): Case {
	const order = orderOf(bytes);
	const withPassword = { ...order.args, channel: { kind: 'web', password: 'x' } };
	const dear = { ...order.args, total: 9_000 };
	const inputs = [order.args, withPassword, order.args, dear].map((args) => parsed({ tool: 'orders.create', args }));
	return {
		source: constraintSource + walked + schemaRule,
		path: 'data.constraint.allow',
		data: {},
		inputs,
		answers: [true, false, true, false],
	};
}

/** Policies of `lines` lines in ten files, with calls, comprehensions and references between them. */
export function policyOfLines(lines: number): Readonly<Record<string, string>> {
	const rule = (file: number, i: number): string => `allow_${i} if {
	input.tool == "tool${i}"
	some role in data.roles[input.user]
	role.level > ${i % 9}
	names := [name | some item in input.items; name := upper(item.name)]
	count(names) < ${i + 5}
	not denied_${i}
	limit(input.amount, ${file}) <= 100
}

denied_${i} if {
	some word in ["a", "b", "c"]
	contains(input.text, word)
	input.env != "test"
}
`;
	const files: Record<string, string> = {};
	for (let file = 0; file < 10; file++) {
		const head = `package p${file}\n\nlimit(amount, factor) := amount * factor\n\n`;
		let text = head;
		for (let i = 0; text.split('\n').length < lines / 10; i++) text += `${rule(file, i)}\n`;
		files[`p${file}.rego`] = text;
	}
	return files;
}
