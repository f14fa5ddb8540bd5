import { argumentsAt, type SchemaRight } from '@tappass/core';
import { gatewayLimits } from '../../limits.ts';
import { bound } from '../call-state.ts';
import { finding } from '../findings.ts';
import { defineStep, nothing, type Step } from '../step.ts';
import { knownFacts, toolCall } from '../tool-facts.ts';

/** Step 21: the right to the schema that a call touches. A server with an entry is closed: what is not listed is denied. */
export const schemaAcl: Step = defineStep('schema_acl', {
	budget: gatewayLimits.stepComputesMs,
	run: (state) => {
		if (state.call.kind === 'model') return nothing;
		const { policy } = bound(state);
		const facts = knownFacts(state);
		const server = facts.name.split('.')[0]!;
		const acl = policy.compiled_policy.tools.schemas_acl;
		const rights = Object.hasOwn(acl, server) ? acl[server] : undefined;
		const parameter = Object.hasOwn(facts.slots, 'schema_param') ? facts.slots['schema_param'] : undefined;
		// A tool that works on no schema is for authorize_tool alone.
		if (rights === undefined || parameter === undefined) return nothing;
		const schemas = argumentsAt(toolCall(state).args, parameter).flat();
		if (schemas.length === 0)
			return [denied(`The call names no schema in ${parameter}, and ${server} allows only those that are listed.`)];
		for (const schema of schemas) {
			if (typeof schema !== 'string') return [denied(`What stands in ${parameter} is no name of a schema.`)];
			const right: SchemaRight = Object.hasOwn(rights, schema) ? rights[schema]! : 'deny';
			if (right === 'deny') return [denied(`The policy denies the schema in ${parameter}.`, schema)];
			if (right === 'ro' && facts.effect !== 'read')
				return [denied(`The policy lets the schema in ${parameter} be read only.`, schema)];
		}
		return nothing;

		function denied(message: string, schema?: string) {
			const listed = schema !== undefined && rights !== undefined && Object.hasOwn(rights, schema);
			const places = listed ? [schema] : Object.keys(rights ?? {});
			return finding(state, 'schema_acl', {
				code: 'schema_denied',
				message,
				paths: places.map((each) => ['tools', 'schemas_acl', server, each]),
			});
		}
	},
});
