import { matchTool, parseToolPattern } from '@tappass/core';
import type { Denial } from './client/denial.ts';
import type { Keyring } from './keyring/keyring.ts';

/**
 * Puts a function of the agent's own under the policy: before each call the tool's name is judged by the keyring in force,
 * and a call that is not allowed does not run but answers with a denial.
 *
 * The judgement is made in the agent's own process. It keeps an honest agent to its policy; a dishonest one can call the
 * function itself, and meets the kernel ring, the egress proxy and the broker in what the function then does.
 *
 * @param tool `server.tool`, as the policy names it
 * @throws {TapPassError} from each call: keyring_expired
 */
export function govern<Args extends readonly unknown[], Result>(
	fn: (...args: Args) => Result | Promise<Result>,
	{ keyring, tool }: { readonly keyring: Keyring; readonly tool: string },
): (...args: Args) => Promise<Result | Denial> {
	return async (...args) => {
		const denied = judge(keyring, tool);
		return denied === undefined ? await fn(...args) : denied;
	};
}

/** The denial of one tool by the keyring in force, or undefined when it is allowed. */
function judge(keyring: Keyring, tool: string): Denial | undefined {
	keyring.assertFresh();
	const { allow, deny, schemas_acl } = keyring.compiled_policy.tools;
	const refusing = deny.find((pattern) => matches(pattern, tool, true));
	if (refusing !== undefined) return denial(`tools.deny holds ${refusing}`);
	if (!allow.some((pattern) => matches(pattern, tool, false))) return denial('tools.allow holds no pattern for it');
	const server = tool.split('.')[0]!;
	// Rights by schema hang on the arguments, which only the broker can read.
	if (Object.hasOwn(schemas_acl, server))
		return denial(`tools.schemas_acl has rights by schema for ${server}; call the tool through the broker`);
	return undefined;
}

function matches(text: string, tool: string, unreadable: boolean): boolean {
	const parsed = parseToolPattern(text);
	return parsed.pattern === undefined ? unreadable : matchTool(parsed.pattern, tool);
}

function denial(why: string): Denial {
	return {
		denied: true,
		status: 403,
		code: 'tool_denied',
		because: [why],
		request_id: '',
		message: 'The policy does not allow this tool',
	};
}
