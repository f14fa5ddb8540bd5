export { type Conversation, readScript, type Script, type Turn } from './script.ts';
export { type ModelCallSeen, type ScriptedModel, type ScriptedModelOptions, scriptedModel } from './server.ts';
