import { detectorStep } from '../detect-step.ts';
import type { Step } from '../step.ts';

/** Step 13: attempts to take over the agent by text, in prompts and in the arguments of tools. */
export const detectPromptInjection: Step = detectorStep('detect_prompt_injection', 'injection');
