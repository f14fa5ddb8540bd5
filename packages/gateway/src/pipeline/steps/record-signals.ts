import { gatewayLimits } from '../../limits.ts';
import { shapeOf } from '../../session/recent.ts';
import { defineStep, nothing, type Step } from '../step.ts';

/** Step 31: the numbers that drift detection compares. They hold no content. */
export const recordSignals: Step = defineStep('record_signals', {
	budget: gatewayLimits.stepComputesMs,
	run: (state, { ports }) => {
		const { policy, session, call } = state;
		if (policy === undefined || session === undefined) return nothing;
		ports.signals.record({
			org_id: policy.org_id,
			sandbox_id: policy.sandbox_id,
			session_id: session.id,
			kind: call.kind,
			...(call.kind === 'tool' ? { tool: call.tool, shape: shapeOf(call.tool, call.args) } : {}),
			detections: [...new Set(state.findings.map(({ step }) => step).filter((step) => detecting.has(step)))],
			unknown_tool: state.unknown_tool,
			blocked: state.findings.some(({ action }) => action === 'block'),
			at: state.at,
		});
		return nothing;
	},
});

const detecting: ReadonlySet<string> = new Set([
	'detect_prompt_injection',
	'detect_obfuscation',
	'detect_secrets',
	'detect_pii',
	'detect_exfiltration',
	'scan_output',
]);
