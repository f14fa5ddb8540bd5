/**
 * Detectors: microseconds for each KiB of mixed text (prose, code, logs, personal data), one by one and all together as the
 * pipeline runs them, and how the time of a hostile text grows when it is twice as long.
 */
import {
	detectExfiltration,
	detectPii,
	detectSecrets,
	injectionIn,
	normalize,
	obfuscationIn,
	outputDetectors,
} from '@tappass/detect';

const kibibyte = 1_024;
const outputs = outputDetectors({ pii: {}, secrets: {}, exfiltration: {} });
const detectors: Readonly<Record<string, (text: string) => unknown>> = {
	normalize: (text) => normalize(text),
	pii: (text) => detectPii(text),
	secrets: (text) => detectSecrets(text),
	injection: (text) => injectionIn(text, normalize(text)),
	obfuscation: (text) => obfuscationIn(normalize(text)),
	exfiltration: (text) => detectExfiltration(text),
	output: (text) => outputs.map((detector) => detector.find(text)),
	all: (text) => {
		const normalized = normalize(text);
		return [
			detectPii(text),
			detectSecrets(text),
			injectionIn(text, normalized),
			obfuscationIn(normalized),
			detectExfiltration(text),
		];
	},
};

const pieces: readonly string[] = [
	'The quarterly report shows that revenue grew while costs stayed flat, which nobody had expected in spring. ',
	'Please summarise the ticket below and suggest a reply that is friendly, short and does not promise a date. ',
	'export async function load(path: string): Promise<Config> {\n\tconst text = await readFile(path, "utf8");\n\treturn parse(text);\n}\n',
	'2026-11-28T16:05:11Z info request finished status=200 bytes=5120 duration_ms=14 trace=6b51d431df5d7f141cbececcf79edf3d\n',
	'Dear Ms Kowalska, thank you for calling us on +44 20 7946 0958. Your order 19936428371 leaves Toronto on Friday. ',
	'| Round | Pick | Player | Nationality |\n| 1 | 3 | Rick Hampton | Canada |\n| 1 | 17 | Ron Chipperfield | Canada |\n',
	'Wir haben den Fehler gefunden: die Datei fehlte. Können Sie es bitte noch einmal versuchen? ',
	'See https://nodejs.org/api/os.html#signal-constants and run `npm install` before the build, then read the notes. ',
];

/** Texts of one KiB: the pieces in every order of a fixed shuffle. */
function texts(count: number): readonly string[] {
	let state = 7;
	return Array.from({ length: count }, () => {
		let text = '';
		while (text.length < kibibyte) {
			state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
			text += pieces[(state >>> 16) % pieces.length];
		}
		return text.slice(0, kibibyte);
	});
}

/** Mean processor time, p50 and p99 in microseconds for each detector; growth is time on 128 KiB over time on 64 KiB, best of five. */
export async function run(): Promise<Readonly<Record<string, unknown>>> {
	const sample = texts(3_000);
	const figures: Record<string, unknown> = {};
	for (const [name, detect] of Object.entries(detectors)) {
		for (const text of sample.slice(0, 1_000)) detect(text);
		const before = process.cpuUsage();
		const times = sample.map((text) => time(() => detect(text))).sort((a, b) => a - b);
		const { user } = process.cpuUsage(before);
		// Processor time: what one core would need, also on a machine that does other work.
		figures[`${name}_cpu_us`] = round(user / sample.length);
		figures[`${name}_p50_us`] = round(times[Math.floor(times.length / 2)]!);
		figures[`${name}_p99_us`] = round(times[Math.floor(times.length * 0.99)]!);
	}
	const all = detectors['all']!;
	for (const [name, unit] of Object.entries({
		letters: 'a',
		digits: '1 ',
		names: 'Anna Kowalska ',
		keys: 'api_key=',
		hex: '41 ',
	})) {
		const best = (length: number): number =>
			Math.min(...Array.from({ length: 5 }, () => time(() => all(unit.repeat(length / unit.length)))));
		figures[`growth_${name}`] = round(best(128 * kibibyte) / best(64 * kibibyte));
	}
	return figures;
}

function time(work: () => unknown): number {
	const start = performance.now();
	work();
	return (performance.now() - start) * 1_000;
}
function round(value: number): number {
	return Math.round(value * 100) / 100;
}
