import { z } from 'zod';
import type { Route } from './route.ts';

/** The OpenAPI 3.1 description of the operator API, from the schemas that its requests are checked with. */
export function describeApi(routes: readonly Route[], version: string): Record<string, unknown> {
	const paths: Record<string, Record<string, unknown>> = {};
	for (const route of routes) (paths[route.path] ??= {})[route.method] = operationOf(route);
	paths['/v1/auth/token'] = { post: signIn };
	return {
		openapi: '3.1.0',
		info: {
			title: 'TapPass operator API',
			version,
			description: 'Where policies live and from where they travel. Errors are RFC 9457 problem documents.',
			license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
		},
		servers: [{ url: '/' }],
		tags: [...new Set([...routes.map(({ tag }) => tag), 'identity'])].map((name) => ({
			name,
			description: `Operations on ${name}.`,
		})),
		security: [{ token: [] }],
		paths,
		components: {
			securitySchemes: {
				token: {
					type: 'http',
					scheme: 'bearer',
					bearerFormat: 'JWT',
					description: '15 minutes; from POST /v1/auth/token',
				},
				key: { type: 'http', scheme: 'bearer', description: 'An API key, tappass_sk_…' },
			},
			schemas: { Problem: problem },
			responses: {
				Problem: {
					description: 'What went wrong',
					content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
				},
			},
		},
	};
}

const problem = {
	type: 'object',
	required: ['type', 'title', 'status', 'code'],
	properties: {
		type: { type: 'string', description: 'urn:tappass:problem:<code>' },
		title: { type: 'string' },
		status: { type: 'integer' },
		detail: { type: 'string' },
		instance: { type: 'string' },
		code: { type: 'string' },
		hint: { type: 'string' },
		diagnostics: { type: 'array', items: { type: 'object' } },
		request_id: { type: 'string' },
	},
} as const;

const failed = { $ref: '#/components/responses/Problem' } as const;
const failures = { '4XX': failed, default: failed } as const;

const signIn = {
	operationId: 'signIn',
	summary: 'Exchange an API key for a token of 15 minutes',
	tags: ['identity'],
	security: [{ key: [] }],
	responses: {
		'200': {
			description: 'A token',
			content: {
				'application/json': {
					schema: {
						type: 'object',
						required: ['token', 'expires_at'],
						properties: { token: { type: 'string' }, expires_at: { type: 'string', format: 'date-time' } },
					},
				},
			},
		},
		...failures,
	},
} as const;

function operationOf({
	operation,
	summary,
	tag,
	parameters,
	query,
	body,
	result,
	success,
	method,
	hides,
}: Route): Record<string, unknown> {
	const list = [
		...parametersOf(parameters, 'path'),
		...parametersOf(query, 'query'),
		...(method === 'get' || hides.length > 0 ? [] : [idempotency]),
	];
	return {
		operationId: operation,
		summary,
		tags: [tag],
		...(list.length === 0 ? {} : { parameters: list }),
		...(body === null
			? {}
			: { requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(body, 'input') } } } }),
		responses: {
			[String(success)]: {
				description: summary,
				content: { 'application/json': { schema: jsonSchema(result, 'input') } },
			},
			...failures,
		},
	};
}

const idempotency = {
	name: 'idempotency-key',
	in: 'header',
	required: false,
	description: 'The same key with the same request gets the same answer, for a day',
	schema: { type: 'string', minLength: 1, maxLength: 128 },
} as const;

function parametersOf(shape: z.ZodObject, place: 'path' | 'query'): readonly Record<string, unknown>[] {
	const { properties = {}, required = [] } = jsonSchema(shape, 'input') as {
		readonly properties?: Record<string, Record<string, unknown>>;
		readonly required?: readonly string[];
	};
	return Object.entries(properties).map(([name, { description, ...schema }]) => ({
		name,
		in: place,
		required: place === 'path' || required.includes(name),
		...(description === undefined ? {} : { description }),
		schema,
	}));
}

function jsonSchema(type: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
	const { $schema: _, ...schema } = z.toJSONSchema(type, { target: 'draft-2020-12', io, unrepresentable: 'any' });
	return schema;
}
