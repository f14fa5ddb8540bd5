import type { Step } from '../step.ts';
import { assignRequestId } from './assign-request-id.ts';
import { authenticate } from './authenticate.ts';
import { authorizeTool } from './authorize-tool.ts';
import { bindPolicy } from './bind-policy.ts';
import { checkEmissions } from './check-emissions.ts';
import { checkRevocation } from './check-revocation.ts';
import { checkSession } from './check-session.ts';
import { constrainArguments } from './constrain-arguments.ts';
import { detectExfiltration } from './detect-exfiltration.ts';
import { detectObfuscation } from './detect-obfuscation.ts';
import { detectPii } from './detect-pii.ts';
import { detectPromptInjection } from './detect-prompt-injection.ts';
import { detectSecrets } from './detect-secrets.ts';
import { discoverTools } from './discover-tools.ts';
import { enforceClearance } from './enforce-clearance.ts';
import { enforceModel } from './enforce-model.ts';
import { enforceRate } from './enforce-rate.ts';
import { evaluateRego } from './evaluate-rego.ts';
import { filterOfferedTools } from './filter-offered-tools.ts';
import { filterResponse } from './filter-response.ts';
import { forward } from './forward.ts';
import { injectCredentials } from './inject-credentials.ts';
import { loopGuard } from './loop-guard.ts';
import { normalizeText } from './normalize-text.ts';
import { recordSignals } from './record-signals.ts';
import { requireHumanApproval } from './require-human-approval.ts';
import { reserveBudget } from './reserve-budget.ts';
import { scanOutput } from './scan-output.ts';
import { schemaAcl } from './schema-acl.ts';
import { settleBudget } from './settle-budget.ts';
import { signAudit } from './sign-audit.ts';
import { validateWire } from './validate-wire.ts';

/** The 32 steps in the order they run; a test holds the order to that of core. */
export const allSteps: readonly Step[] = [
	assignRequestId,
	authenticate,
	checkRevocation,
	bindPolicy,
	checkSession,
	validateWire,
	enforceRate,
	reserveBudget,
	enforceModel,
	enforceClearance,
	evaluateRego,
	normalizeText,
	detectPromptInjection,
	detectObfuscation,
	detectSecrets,
	detectPii,
	detectExfiltration,
	filterOfferedTools,
	discoverTools,
	authorizeTool,
	schemaAcl,
	constrainArguments,
	requireHumanApproval,
	loopGuard,
	injectCredentials,
	forward,
	scanOutput,
	checkEmissions,
	filterResponse,
	settleBudget,
	recordSignals,
	signAudit,
];
