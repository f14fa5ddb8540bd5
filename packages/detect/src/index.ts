export type { Detection, DetectorName, OutputDetector } from './detection.ts';
export { detectExfiltration, type ExfiltrationOptions } from './exfiltration/detect-exfiltration.ts';
export {
	detectInjection,
	type ExternalModel,
	type InjectionOptions,
	injectionIn,
} from './injection/detect-injection.ts';
export { limits } from './limits.ts';
export { type FoldSigns, fold } from './normalize/fold.ts';
export { type Normalized, normalize, type View } from './normalize/normalize.ts';
export { detectObfuscation, type ObfuscationOptions, obfuscationIn } from './obfuscation/detect-obfuscation.ts';
export { type OutputOptions, outputDetectors } from './output/output-detectors.ts';
export { detectPii, type PiiOptions } from './pii/detect-pii.ts';
export { detectSecrets, type SecretOptions } from './secrets/detect-secrets.ts';
