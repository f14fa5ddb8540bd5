import type { BecauseTrail } from '@tappass/core';
import type { CompileResult } from '../compile-policy.ts';

/** One part of a policy as the wizard shows it: what is in force, each value with its trail. */
export interface PreviewSection {
	readonly title: string;
	readonly trails: readonly BecauseTrail[];
}
export interface Preview {
	readonly schema: 'tappass.policy.preview/1';
	readonly sections: readonly PreviewSection[];
	/** What the policy leaves closed because nobody stated it. */
	readonly warnings: readonly string[];
}

const sections: readonly (readonly [title: string, prefix: string])[] = [
	['Steps', '/steps/'],
	['Constraints', '/constraints/'],
	['Approvals', '/approvals/'],
	['Tools allowed', '/tools/allow/'],
	['Tools denied', '/tools/deny/'],
	['Schema rights', '/tools/schemas_acl/'],
	['Forbidden capabilities', '/forbidden_capabilities/'],
	['Models', '/models/'],
	['Network', '/network/'],
	['Filesystem', '/filesystem/'],
	['Interpreter', '/interpreter/'],
	['Budget', '/budget/'],
	['Trust level', '/trust_level'],
	['Compliance', '/compliance_tags/'],
];

/** What would apply, with the trail of every line; steps that nobody enables are left out. */
export function preview(result: CompileResult): Preview {
	const trails = Object.values(result.because);
	const { steps } = result.effective_pipeline;
	const inForce = (trail: BecauseTrail): boolean => {
		const [, kind, name, parameter] = trail.path.split('/');
		if (kind !== 'steps') return true;
		const stated = trail.chains.some(([first]) => first?.kind !== 'default');
		return (
			stated && parameter === undefined && Object.entries(steps).some(([step, { enabled }]) => step === name && enabled)
		);
	};
	return {
		schema: 'tappass.policy.preview/1',
		sections: sections
			.map(([title, prefix]) => ({
				title,
				trails: trails.filter((trail) => trail.path.startsWith(prefix) && inForce(trail)),
			}))
			.filter((section) => section.trails.length > 0),
		warnings: result.warnings.map(({ message }) => message),
	};
}
