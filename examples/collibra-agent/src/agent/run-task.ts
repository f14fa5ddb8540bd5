import { createAgent, tool } from 'langchain';
import type { Client, ToolResult } from 'tappass-agent';
import { chatModel, type Wire } from './model.ts';
import { tasks } from './tasks.ts';

/** Why TapPass refused something. */
export interface Refusal {
	readonly status: number;
	readonly code: string;
	readonly because: readonly string[];
	readonly request_id: string;
}

/** How a task ended. */
export interface TaskResult {
	readonly outcome: 'done' | 'denied';
	readonly text: string;
	/** Tools that were called, and whether they were allowed. */
	readonly calls: readonly string[];
	readonly denial?: Refusal;
}

/** A tool was refused: the loop ends here, since asking again changes nothing. */
class Refused extends Error {
	readonly refusal: Refusal;
	constructor(refusal: Refusal) {
		super(refusal.code);
		this.refusal = refusal;
	}
}

/** Plays one task with a ReAct loop: the model asks for tools, the broker runs them or says why not. */
export async function runTask(
	client: Client,
	name: string,
	{ wire, model }: { readonly wire: Wire; readonly model: string },
): Promise<TaskResult> {
	const prompt = tasks[name];
	if (prompt === undefined) throw new RangeError(`no task ${name}: ${Object.keys(tasks).join(', ')}`);
	const calls: string[] = [];
	try {
		const tools = await governedTools(client, calls);
		const agent = createAgent({ model: await chatModel(client, wire, model), tools });
		const { messages } = await agent.invoke({ messages: [{ role: 'user', content: prompt }] });
		return { outcome: 'done', text: String(messages.at(-1)?.content ?? ''), calls };
	} catch (error) {
		const denial = refusalOf(error);
		if (denial === undefined) throw error;
		return { outcome: 'denied', text: `Refused: ${denial.code}`, calls, denial };
	}
}

/** The tools that the policy of this moment shows, as LangChain's own objects. */
async function governedTools(client: Client, calls: string[]) {
	const listed = await client.tools.list();
	if ('denied' in listed) throw new Refused(listed);
	return listed.map(({ name, wire_name, description, input_schema }) =>
		tool(
			async (args: unknown) => {
				const result = await client.tools.execute(name, args as Record<string, never>);
				calls.push(`${name}: ${'denied' in result ? result.code : 'done'}`);
				return textOf(result);
			},
			{ name: wire_name, description, schema: input_schema as never },
		),
	);
}

function textOf(result: ToolResult): string {
	if ('denied' in result) throw new Refused(result);
	return result.text;
}

/** A refusal by TapPass, whether a tool met it or the model's own client did. */
function refusalOf(error: unknown): Refusal | undefined {
	for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
		if (cause instanceof Refused) return cause.refusal;
		const found = wireRefusal(cause);
		if (found !== undefined) return found;
	}
	return undefined;
}

// The clients of OpenAI and Anthropic keep the status and the body of an error; ours is inside.
function wireRefusal(error: Error): Refusal | undefined {
	const { status, error: body } = error as { readonly status?: unknown; readonly error?: unknown };
	const inner = body as { readonly error?: object; readonly code?: unknown } | undefined;
	const said = (inner?.error ?? inner) as Partial<Refusal> | undefined;
	if (typeof status !== 'number' || typeof said?.code !== 'string') return undefined;
	const { code, because = [], request_id = '' } = said;
	return { status, code, because, request_id };
}
