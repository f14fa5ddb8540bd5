import type { JsonObject } from '../mcp/rpc.ts';

/* What the official conformance suite expects of a server: its tools, resources and prompts. */

/** What a tool or prompt of the fixture can do while it runs. */
export interface Run {
	readonly args: JsonObject;
	readonly capabilities: JsonObject;
	readonly progressToken: unknown;
	readonly stateless: boolean;
	/** State that came back, when the fixture signed it for this tool. */
	readonly state: string | undefined;
	readonly notify: (method: string, params: JsonObject) => void;
	/** Everything that is wanted in one go; `state` goes along where the client is asked by a result. */
	readonly ask: (
		questions: Readonly<Record<string, JsonObject>>,
		state?: string,
	) => Promise<Record<string, JsonObject>>;
}

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const wav = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA==';
const text = (said: string): JsonObject => ({ content: [{ type: 'text', text: said }] });
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const image = { type: 'image', data: png, mimeType: 'image/png' };
const form = (message: string, properties: JsonObject, required: readonly string[] = []): JsonObject => ({
	method: 'elicitation/create',
	params: { message, requestedSchema: { type: 'object', properties, required: [...required] } },
});
const sample = (said: string, maxTokens = 100): JsonObject => ({
	method: 'sampling/createMessage',
	params: { messages: [{ role: 'user', content: { type: 'text', text: said } }], maxTokens },
});
const nameForm = form('What is your name?', { name: { type: 'string' } }, ['name']);
const roots: JsonObject = { method: 'roots/list', params: {} };

/** The tools, by name. */
export const tools: Readonly<Record<string, (run: Run) => Promise<JsonObject>>> = {
	test_simple_text: async () => text('This is a simple text response for testing.'),
	test_image_content: async () => ({ content: [image] }),
	test_audio_content: async () => ({ content: [{ type: 'audio', data: wav, mimeType: 'audio/wav' }] }),
	test_embedded_resource: async () => ({
		content: [resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
	}),
	test_multiple_content_types: async () => ({
		content: [
			{ type: 'text', text: 'Multiple content types test:' },
			image,
			resource('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
		],
	}),
	test_error_handling: async () => ({
		...text('This tool intentionally returns an error for testing'),
		isError: true,
	}),
	test_tool_with_logging: async ({ notify }) => {
		for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
			notify('notifications/message', { level: 'info', data });
			await later(20);
		}
		return text('Tool with logging executed successfully');
	},
	test_logging_tool: async ({ notify }) => {
		notify('notifications/message', { level: 'info', data: 'said to those who asked' });
		return text('logged');
	},
	test_tool_with_progress: async ({ notify, progressToken }) => {
		for (const progress of [0, 50, 100]) {
			if (progressToken !== undefined)
				notify('notifications/progress', { progressToken: progressToken as string, progress, total: 100 });
			await later(20);
		}
		return text('progress done');
	},
	test_sampling: async ({ args, ask }) => {
		const { asked } = await ask({ asked: sample(String(args['prompt'])) });
		return text(`LLM response: ${JSON.stringify(asked?.['content'])}`);
	},
	test_elicitation: async ({ args, ask }) => {
		const fields = { username: { type: 'string' }, email: { type: 'string' } };
		const { asked } = await ask({ asked: form(String(args['message']), fields, ['username', 'email']) });
		return text(`User response: ${JSON.stringify(asked)}`);
	},
	test_elicitation_sep1034_defaults: async ({ ask }) => {
		const { asked } = await ask({
			asked: form('Defaults', {
				name: { type: 'string', default: 'John Doe' },
				age: { type: 'integer', default: 30 },
				score: { type: 'number', default: 95.5 },
				status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
				verified: { type: 'boolean', default: true },
			}),
		});
		return text(`Elicitation completed: ${JSON.stringify(asked)}`);
	},
	test_elicitation_sep1330_enums: async ({ ask }) => {
		const titled = ['First', 'Second', 'Third'].map((title, at) => ({ const: `value${at + 1}`, title }));
		const { asked } = await ask({
			asked: form('Enums', {
				untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
				titledSingle: { type: 'string', oneOf: titled },
				legacyEnum: {
					type: 'string',
					enum: ['opt1', 'opt2', 'opt3'],
					enumNames: ['Option One', 'Option Two', 'Option Three'],
				},
				untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
				titledMulti: { type: 'array', items: { anyOf: titled } },
			}),
		});
		return text(`Elicitation completed: ${JSON.stringify(asked)}`);
	},
	test_streaming_elicitation: async ({ ask }) => {
		const { asked } = await ask({ asked: nameForm });
		return text(JSON.stringify(asked));
	},
	test_input_required_result_elicitation: async ({ ask }) => {
		const { user_name } = await ask({ user_name: nameForm });
		return text(`Hello, ${String((user_name?.['content'] as JsonObject | undefined)?.['name'])}!`);
	},
	test_input_required_result_sampling: async ({ ask }) => {
		const { capital_question } = await ask({ capital_question: sample('What is the capital of France?') });
		return text(JSON.stringify(capital_question?.['content']));
	},
	test_input_required_result_list_roots: async ({ ask }) => {
		const { client_roots } = await ask({ client_roots: roots });
		return text(JSON.stringify(client_roots));
	},
	test_input_required_result_request_state: async ({ ask }) => {
		await ask({ confirm: form('Please confirm', { ok: { type: 'boolean' } }, ['ok']) }, 'one');
		return text('state-ok');
	},
	test_input_required_result_tampered_state: async ({ ask }) => {
		await ask({ confirm: form('Please confirm', { ok: { type: 'boolean' } }, ['ok']) }, 'one');
		return text('state-ok');
	},
	test_input_required_result_multiple_inputs: async ({ ask }) => {
		await ask({ user_name: nameForm, greeting: sample('Generate a greeting', 50), client_roots: roots }, 'all');
		return text('all three');
	},
	test_input_required_result_multi_round: async ({ ask, state, stateless }) => {
		if (state !== 'two') await ask({ step1: form('Step 1', { name: { type: 'string' } }, ['name']) }, 'one');
		if (state !== 'two' && stateless) return await ask({ step2: color }, 'two').then(() => text('done'));
		await ask({ step2: color }, 'two');
		return text('done');
	},
	test_input_required_result_capabilities: async ({ ask, capabilities }) => {
		await ask({
			...(capabilities['sampling'] === undefined ? {} : { sampled: sample('Say something') }),
			...(capabilities['elicitation'] === undefined ? {} : { elicited: nameForm }),
		});
		return text('asked what can be asked');
	},
	test_trigger_tool_change: async ({ notify }) => {
		notify('notifications/tools/list_changed', {});
		return text('changed');
	},
};

const color = form('Step 2: What is your favorite color?', { color: { type: 'string' } }, ['color']);

/** The prompts, by name. */
export const prompts: Readonly<Record<string, (run: Run) => Promise<JsonObject>>> = {
	test_simple_prompt: async () => message({ type: 'text', text: 'This is a simple prompt for testing.' }),
	test_prompt_with_arguments: async ({ args }) =>
		message({
			type: 'text',
			text: `Prompt with arguments: arg1='${String(args['arg1'])}', arg2='${String(args['arg2'])}'`,
		}),
	test_prompt_with_embedded_resource: async ({ args }) => ({
		messages: [
			{
				role: 'user',
				content: resource(String(args['resourceUri']), 'text/plain', 'Embedded resource content for testing.'),
			},
			{ role: 'user', content: { type: 'text', text: 'Please process the embedded resource above.' } },
		],
	}),
	test_prompt_with_image: async () => ({
		messages: [
			{ role: 'user', content: image },
			{ role: 'user', content: { type: 'text', text: 'Please analyze the image above.' } },
		],
	}),
	test_input_required_result_prompt: async ({ ask }) => {
		const { user_context } = await ask({ user_context: form('Which context?', { context: { type: 'string' } }) });
		return message({ type: 'text', text: JSON.stringify(user_context) });
	},
};

/** What a resource holds; undefined: there is none. */
export function readResource(uri: string): JsonObject | undefined {
	if (uri === 'test://static-text')
		return { uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' };
	if (uri === 'test://watched-resource') return { uri, mimeType: 'text/plain', text: 'Watched.' };
	if (uri === 'test://static-binary') return { uri, mimeType: 'image/png', blob: png };
	const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
	if (id === undefined) return undefined;
	return {
		uri,
		mimeType: 'application/json',
		text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
	};
}

/** What is listed, by method. */
export const lists: Readonly<Record<string, JsonObject>> = {
	'tools/list': {
		tools: [
			...Object.keys(tools).map((name) => ({
				name,
				description: `The conformance suite calls ${name}.`,
				inputSchema: { type: 'object' },
			})),
			{
				name: 'test_missing_capability',
				description: 'It needs a client that samples.',
				inputSchema: { type: 'object' },
			},
		],
	},
	'prompts/list': {
		prompts: Object.keys(prompts).map((name) => ({
			name,
			description: `The conformance suite asks for ${name}.`,
			...(name === 'test_prompt_with_arguments'
				? { arguments: ['arg1', 'arg2'].map((one) => ({ name: one, required: true })) }
				: {}),
		})),
	},
	'resources/list': {
		resources: ['static-text', 'static-binary', 'watched-resource'].map((name) => ({
			uri: `test://${name}`,
			name,
			description: `A resource, ${name}.`,
		})),
	},
	'resources/templates/list': {
		resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', name: 'template', description: 'By id.' }],
	},
	'completion/complete': { completion: { values: ['paris', 'park', 'party'], total: 3, hasMore: false } },
};

function resource(uri: string, mimeType: string, content: string): JsonObject {
	return { type: 'resource', resource: { uri, mimeType, text: content } };
}

function message(content: JsonObject): JsonObject {
	return { messages: [{ role: 'user', content }] };
}
