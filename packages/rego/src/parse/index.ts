/**
 * Rego v1 source text → syntax tree. Hand-written recursive descent over the tokens of `lex`, with OPA's grammar and
 * wording; every failure is a `RegoError` whose diagnostics say where, what, and what to write instead.
 */

export type { ParseOptions } from './cursor.ts';
export { parseModule } from './module.ts';
export { parseQuery, parseRef, parseTermText } from './query.ts';
