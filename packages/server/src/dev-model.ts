// The operator's command line may not import the gateway; what it needs for `tappass dev model` comes by here.
export {
	type ModelCallSeen,
	readScript,
	type Script,
	type ScriptedModel,
	type ScriptedModelOptions,
	scriptedModel,
} from '@tappass/gateway/dev-model';
