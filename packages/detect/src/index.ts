export type { Detection, DetectorName, OutputDetector } from './detection.ts';
