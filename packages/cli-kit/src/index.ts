export { type AtomicWriteOptions, writeFileAtomic } from './atomic-file.ts';
export { nearest } from './nearest.ts';
export { type Answer, note, printAnswer, printFailure, table } from './output.ts';
export { type Progress, startProgress } from './progress.ts';
export { readBounded } from './read-file.ts';
export { createTerminal, printable, type Style, type Terminal, type TerminalOptions, type Writer } from './terminal.ts';
