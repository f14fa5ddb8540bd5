export { loadLibrary, type Library, emptyLibrary } from './author/library.ts';
export { compilePolicy, policyKey } from './compile-policy.ts';
export { PolicyMemo } from './memo.ts';
