/** A framework that evidence is laid out for. */
export interface Framework {
	readonly id: string;
	readonly title: string;
	/** The Pack that has its clauses; null: only tags lead to it. */
	readonly pack: string | null;
	/** Of its compliance tags. */
	readonly prefix: string;
}

/** Every framework there is. */
export const frameworks: readonly Framework[] = [
	{ id: 'eu-ai-act', title: 'EU AI Act', pack: 'eu-ai-act', prefix: 'EUAIA' },
	{ id: 'soc2', title: 'SOC 2 Trust Services Criteria', pack: null, prefix: 'SOC2' },
	{ id: 'nist-ai-rmf', title: 'NIST AI Risk Management Framework', pack: null, prefix: 'NIST-AI-RMF' },
	{ id: 'iso-42001', title: 'ISO/IEC 42001', pack: null, prefix: 'ISO42001' },
];
