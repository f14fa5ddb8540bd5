export { type AtomicWriteOptions, writeFileAtomic } from './atomic-file.ts';
export { type CommandLine, runCommandLine } from './command-line.ts';
export {
	type CommandTree,
	type CompletionTable,
	completionAnswer,
	completionScript,
	type Shell,
	shells,
} from './completion.ts';
export { makeDirectory } from './directory.ts';
export { findPrograms } from './find-programs.ts';
export { type Answer, note, printAnswer, printFailure, surviveBrokenOutput } from './output.ts';
export { type Progress, startProgress } from './progress.ts';
export { readBounded } from './read-file.ts';
export { fittedTable, table } from './table.ts';
export {
	createTerminal,
	printable,
	printableJson,
	type Style,
	type Terminal,
	type TerminalOptions,
	type Writer,
} from './terminal.ts';
export { type WrittenFile, writeBelow } from './write-below.ts';
