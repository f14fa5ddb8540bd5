/**
 * Native tool → the features that bring it, in Codex 0.169.0 (`codex features list`). Requirements pin them: `--enable`
 * and a user's configuration change nothing.
 */
export const switches: Readonly<Record<string, readonly string[]>> = {
	exec_command: ['shell_tool', 'unified_exec'],
	shell: ['shell_tool', 'unified_exec'],
	write_stdin: ['shell_tool', 'unified_exec'],
	view_image: ['view_image'],
	multi_agent_v1: ['multi_agent'],
};

/** Tools without a feature: a search has a key of its own, the others are always offered. */
export const unswitched: readonly string[] = ['apply_patch', 'request_user_input', 'web_search'];

/** Every native name that an alias may be. */
export const codexTools: ReadonlySet<string> = new Set([...Object.keys(switches), ...unswitched]);

/** Tools that can change a file. */
export const writers: readonly string[] = ['apply_patch', 'exec_command', 'shell', 'write_stdin'];

/** Features that bring tools which no policy names, or that reach past the broker; off whatever the policy says. */
export const featuresOff: readonly string[] = [
	'apps',
	'browser_use',
	'browser_use_external',
	'browser_use_full_cdp_access',
	'code_mode',
	'computer_use',
	'goals',
	'image_generation',
	'memories',
	'multi_agent_v2',
	'plugins',
	'remote_plugin',
	'request_permissions_tool',
	'skill_mcp_dependency_install',
	'sleep_tool',
	'tool_suggest',
];
