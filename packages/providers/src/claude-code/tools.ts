/**
 * Tools that Claude Code 2.1.197 knows by name, found by denying each: it warns about one it does not know. Those that a
 * policy does not allow are denied by name, since several need no permission and would run in a closed world. `Task` and
 * `BashOutput` are further names of `Agent` and `TaskOutput`: denying one of two names takes the tool away.
 */
export const claudeTools: readonly string[] = [
	'Agent',
	'Artifact',
	'AskUserQuestion',
	'Bash',
	'CronCreate',
	'CronDelete',
	'CronList',
	'Edit',
	'EnterPlanMode',
	'EnterWorktree',
	'ExitPlanMode',
	'ExitWorktree',
	'Glob',
	'Grep',
	'KillShell',
	'LSP',
	'ListMcpResourcesTool',
	'Monitor',
	'NotebookEdit',
	'PowerShell',
	'Read',
	'ReadMcpResourceTool',
	'RemoteTrigger',
	'ReportFindings',
	'ScheduleWakeup',
	'SendMessage',
	'SendUserMessage',
	'ShareOnboardingGuide',
	'Skill',
	'TaskCreate',
	'TaskGet',
	'TaskList',
	'TaskOutput',
	'TaskStop',
	'TaskUpdate',
	'TodoWrite',
	'WebFetch',
	'WebSearch',
	'Workflow',
	'Write',
];

/** Tools that may be offered: these two run commands as well, and nobody has seen them run inside the sandbox. */
export const offeredTools: ReadonlySet<string> = new Set(
	claudeTools.filter((name) => name !== 'Monitor' && name !== 'PowerShell'),
);

/** Tools whose paths are held by `Edit(…)` rules. */
export const editors: readonly string[] = ['Edit', 'NotebookEdit', 'Write'];

/** Tools that look into files: they reach the directories of the session, and `Read(…)` rules hold them. */
export const readers: readonly string[] = ['Glob', 'Grep', 'LSP', 'Read'];
