import {
	type ConstraintTarget,
	matchTool,
	mayPass,
	parseToolPattern,
	type ToolFacts,
	testArgument,
} from '@tappass/core';
import { compileParsed, type JsonValue, type Program, parseModule } from '@tappass/rego';
import type { CompileResult } from '../compile-policy.ts';
import { policyLimits } from '../limits.ts';
import { unsteadyBuiltins } from '../rego/contract.ts';
import { searchRe2 } from '../rego/regex.ts';

/** What the tool and decision steps say about one call. */
export interface Judgement {
	readonly effect: 'allow' | 'deny' | 'notify' | 'require_approval';
	readonly messages: readonly string[];
}

/**
 * Judges one call by the parts of a policy that look at calls one by one: tools, schema rights, constraints, approvals and
 * decision rules. Detectors, budgets and sessions are not among them: they are the gateway's.
 * @param call the decision input; facts of a tool are filled in from the pipeline, everything else that is left out is harmless
 */
export function judgeCall(
	policy: Pick<CompileResult, 'compiled_policy' | 'effective_pipeline'>,
	call: Readonly<Record<string, unknown>>,
): Judgement {
	const { compiled_policy, effective_pipeline: pipeline } = policy;
	const found: Judgement[] = [];
	const tool = toolOf(call, pipeline.tools);
	const args = call['args'] ?? {};
	if (isCallOfTool(call)) {
		const name = String(record(call['tool'])['name']);
		if (tool === undefined) found.push({ effect: 'deny', messages: [`${name} is not in the catalog`] });
		else {
			const allowed = (patterns: readonly string[]): boolean => patterns.some((pattern) => names(pattern, name));
			if (!allowed(compiled_policy.tools.allow) || allowed(compiled_policy.tools.deny))
				found.push({ effect: 'deny', messages: [`${name} may not be called`] });
			found.push(...schemaRights(compiled_policy.tools.schemas_acl, tool, args));
			for (const { id, target, subject, test, action, message } of pipeline.constraints) {
				if (!isAbout(target, tool) || testArgument(subject, test, args, tool.slots, searchRe2)) continue;
				found.push({
					effect: action === 'block' ? 'deny' : action === 'notify' ? 'notify' : 'allow',
					messages: [message ?? id],
				});
			}
			for (const { id, target, when } of pipeline.approvals) {
				if (!isAbout(target, tool)) continue;
				if (when === undefined || mayPass(when.subject, when.test, args, tool.slots, searchRe2))
					found.push({ effect: 'require_approval', messages: [id] });
			}
		}
	}
	const input = decisionInput(policy, call, tool);
	for (const { modules } of pipeline.decisions) found.push(...decisions(decisionProgram(modules), input));
	const effect = order.find((each) => found.some((judgement) => judgement.effect === each)) ?? 'allow';
	return {
		effect,
		messages: found.filter((judgement) => judgement.effect === effect).flatMap(({ messages }) => messages),
	};
}

const order: readonly Judgement['effect'][] = ['deny', 'require_approval', 'notify', 'allow'];

function isCallOfTool(call: Readonly<Record<string, unknown>>): boolean {
	return call['tool'] !== undefined;
}
function record(value: unknown): Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
function names(pattern: string, tool: string): boolean {
	const { pattern: parsed } = parseToolPattern(pattern);
	return parsed !== undefined && matchTool(parsed, tool);
}
function isAbout(target: ConstraintTarget, tool: ToolFacts): boolean {
	return 'capability' in target
		? tool.capabilities.includes(target.capability)
		: target.tools.some((pattern) => names(pattern, tool.name));
}

// A case may describe a tool of its own; what it leaves out comes from the catalog.
function toolOf(call: Readonly<Record<string, unknown>>, tools: readonly ToolFacts[]): ToolFacts | undefined {
	const stated = record(call['tool']);
	const known = tools.find(({ name }) => name === stated['name']);
	if (known === undefined && stated['capabilities'] === undefined) return undefined;
	return {
		name: String(stated['name']),
		capabilities: (stated['capabilities'] as readonly string[] | undefined) ?? known?.capabilities ?? [],
		effect: (stated['effect'] as ToolFacts['effect'] | undefined) ?? known?.effect ?? 'delete',
		slots: known?.slots ?? {},
	};
}

function schemaRights(
	acl: CompileResult['compiled_policy']['tools']['schemas_acl'],
	tool: ToolFacts,
	args: unknown,
): readonly Judgement[] {
	const parameter = tool.slots['schema_param'];
	const rights = acl[tool.name.split('.')[0]!];
	if (parameter === undefined || rights === undefined) return [];
	const schema = parameter.split('.').reduce<unknown>((value, key) => record(value)[key], args);
	if (schema === undefined) return [{ effect: 'deny', messages: [`${parameter} names no schema`] }];
	// A server with an entry is closed: a schema that is not listed is denied.
	const right = Object.hasOwn(rights, String(schema)) ? rights[String(schema)] : 'deny';
	const denied = right === 'deny' || (right === 'ro' && tool.effect !== 'read');
	return denied ? [{ effect: 'deny', messages: [`schema ${String(schema)} is ${right}`] }] : [];
}

function decisionInput(
	{ compiled_policy, effective_pipeline: pipeline }: Pick<CompileResult, 'compiled_policy' | 'effective_pipeline'>,
	call: Readonly<Record<string, unknown>>,
	tool: ToolFacts | undefined,
): Readonly<Record<string, unknown>> {
	const args = call['args'] ?? {};
	const kind = tool === undefined && !isCallOfTool(call) ? 'model' : 'tool';
	return {
		call: {
			kind,
			request_id: 'case',
			emitted: false,
			wire: kind === 'tool' ? 'tools' : 'openai-chat',
			stream: false,
			...record(call['call']),
		},
		...(tool === undefined
			? {}
			: {
					tool: {
						name: tool.name,
						server: tool.name.split('.')[0],
						capabilities: tool.capabilities,
						effect: tool.effect,
						slots: slotValues(tool, args),
					},
					args,
				}),
		session: {
			id: 'case',
			calls: 0,
			tool_calls: 0,
			tokens: 0,
			dollars: 0,
			age_seconds: 0,
			recent_tools: [],
			...record(call['session']),
		},
		sandbox: {
			id: 'sbx_case00',
			org: 'org_case00',
			project: 'case',
			agent: 'case',
			trust_level: pipeline.trust_level,
			clearance: {},
			...record(call['sandbox']),
		},
		policy: {
			version: 1,
			function: pipeline.function,
			categories: pipeline.categories,
			packs: pipeline.packs,
			compiled: compiled_policy,
			...record(call['policy']),
		},
		now: call['now'] ?? 0,
	};
}

function slotValues(tool: ToolFacts, args: unknown): Readonly<Record<string, unknown>> {
	return Object.fromEntries(
		Object.entries(tool.slots).flatMap(([slot, path]) => {
			const value = path.split('.').reduce<unknown>((inner, key) => record(inner)[key.replace('[]', '')], args);
			return value === undefined ? [] : [[slot, value]];
		}),
	);
}

const programs = new Map<string, Program>();
const programsKeptMax = 64;

function decisionProgram(modules: readonly { readonly file: string; readonly source: string }[]): Program {
	const key = JSON.stringify(modules);
	let program = programs.get(key);
	if (program === undefined) {
		program = compileParsed(
			modules.map(({ file, source }) => parseModule(source, file)),
			{ unsafeBuiltins: unsteadyBuiltins },
		);
		if (programs.size >= programsKeptMax) programs.clear();
		programs.set(key, program);
	}
	return program;
}

function decisions(program: Program, input: Readonly<Record<string, unknown>>): readonly Judgement[] {
	return (['deny', 'notify', 'require_approval'] as const).flatMap((effect) => {
		const { result } = program.evaluate(`data.tappass.decision.${effect}`, {
			input: input as JsonValue,
			limits: { stepsMax: policyLimits.regoStepsMax },
		});
		return Array.isArray(result) && result.length > 0 ? [{ effect, messages: result.map(String) }] : [];
	});
}
