export {
	Client,
	type ClientOptions,
	type LlmOptions,
	type McpTransportType,
	type ToolAnswer,
	type ToolInfo,
	type ToolList,
	type ToolResult,
} from './client/client.ts';
export type { Denial } from './client/denial.ts';
export type { ClientSpan } from './client/trace.ts';
export { type CodeOptions, type CodeResult, type HostFunction, runCode } from './codemode/run-code.ts';
export { govern } from './govern.ts';
export { Keyring, type KeyringOptions } from './keyring/keyring.ts';
