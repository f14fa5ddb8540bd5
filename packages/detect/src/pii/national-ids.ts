/**
 * National identifiers by shape: letters as `L`, digits as `N`, separators left out. A rule with a check digit stands on
 * its own; one without needs a word of context beside it, and is told with little confidence otherwise.
 */
import { isDay, luhn, mod11_10, verhoeff, weigh } from './checksums.ts';

export interface IdRule {
	readonly name: string;
	readonly country: string;
	/** Shapes it has: `NNNLLL`. */
	readonly shapes: readonly string[];
	readonly valid: (id: string) => boolean;
	/**
	 * What the shape alone proves: `strong` – a checksum or a form nothing else has; `weak` – many other numbers look so.
	 */
	readonly strength: 'strong' | 'weak';
	/** Words beside it that make it certain, in lower case. */
	readonly context: readonly string[];
	/** Separators that it must have been written with, in order: `--` for `078-05-1120`. */
	readonly separators?: string;
	/** Class of the detection when it is not a national number. */
	readonly class?: 'health' | 'iban';
}

const n = (count: number): string => 'N'.repeat(count);
const nifLetters = 'TRWAGMYFPDXBNJZSQVHLCKE';
const always = (): boolean => true;
const notAllSame = (id: string): boolean => !/^(.)\1*$/.test(id);

function ssn(id: string): boolean {
	const area = Number(id.slice(0, 3));
	if (area === 0 || area === 666 || area >= 900 || id.slice(3, 5) === '00' || id.slice(5) === '0000') return false;
	return notAllSame(id) && !['123456789', '078051120', '987654320'].includes(id);
}
function nhs(id: string): boolean {
	const check = 11 - (weigh(id, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
	return (check === 11 ? 0 : check) === Number(id[9]) && notAllSame(id);
}
function tckn(id: string): boolean {
	const d = [...id].map(Number);
	if (d[0] === 0) return false;
	const odd = d[0]! + d[2]! + d[4]! + d[6]! + d[8]!;
	const even = d[1]! + d[3]! + d[5]! + d[7]!;
	return (((odd * 7 - even) % 10) + 10) % 10 === d[9] && (odd + even + d[9]!) % 10 === d[10];
}
function thai(id: string): boolean {
	const sum = weigh(id, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
	return id[0] !== '0' && id[1] !== '0' && (11 - (sum % 11)) % 10 === Number(id[12]);
}
function korean(id: string): boolean {
	if (!isDay(id) || !/[0-9]/.test(id[6]!)) return false;
	return id[6] !== '9' || true;
}
function fiscalCode(id: string): boolean {
	return /^[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]$/.test(id);
}
function sgFin(id: string): boolean {
	return 'STFGM'.includes(id[0]!);
}
function abn(id: string): boolean {
	const first = String(Number(id[0]) - 1);
	return id[0] !== '0' && weigh(first + id.slice(1), [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) % 89 === 0;
}

type Row = readonly [
	name: string,
	country: string,
	shapes: string,
	valid: (id: string) => boolean,
	strength: IdRule['strength'],
	context: string,
	extra?: { readonly separators?: string; readonly class?: 'health' | 'iban' },
];

const rows: readonly Row[] = [
	['ssn', 'us', n(9), ssn, 'strong', 'ssn social security', { separators: '--' }],
	['ssn', 'us', n(9), ssn, 'strong', 'ssn social security', { separators: '  ' }],
	['ssn', 'us', n(9), ssn, 'weak', 'ssn social security'],
	['itin', 'us', n(9), (id) => id[0] === '9' && /[5-9]/.test(id[3]!), 'strong', 'itin taxpayer', { separators: '--' }],
	['itin', 'us', n(9), (id) => id[0] === '9' && /[5-9]/.test(id[3]!), 'weak', 'itin taxpayer'],
	['passport', 'us', `${n(9)} L${n(8)}`, notAllSame, 'weak', 'passport travel'],
	[
		'driving_licence',
		'us',
		`L${n(7)} L${n(8)} L${n(12)} ${n(8)} ${n(9)} ${n(10)} ${n(11)} ${n(12)}`,
		always,
		'weak',
		'driver license licence driving',
	],
	[
		'mbi',
		'us',
		'NLNNLNNLLNN NLLNLLNLLNN NLNNLLNLLNN NLLNLNNLLNN',
		(id) => id[0] !== '0' && !/[SLOIBZ]/.test(id),
		'strong',
		'medicare mbi beneficiary',
		{ class: 'health' },
	],
	['npi', 'us', n(10), (id) => /[12]/.test(id[0]!) && luhn(`80840${id}`), 'weak', 'npi provider', { class: 'health' }],
	[
		'aba_routing',
		'us',
		n(9),
		(id) =>
			weigh(id, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0 && /^(?:0[0-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)/.test(id),
		'weak',
		'aba routing bank',
		{ class: 'iban' },
	],
	[
		'bank_account',
		'us',
		[8, 9, 10, 11, 12, 13, 14, 15, 16, 17].map(n).join(' '),
		always,
		'weak',
		'account bank checking savings',
		{ class: 'iban' },
	],
	['sin', 'ca', n(9), (id) => !/[08]/.test(id[0]!) && luhn(id), 'strong', 'sin insurance', { separators: '--' }],
	['sin', 'ca', n(9), (id) => !/[08]/.test(id[0]!) && luhn(id), 'strong', 'sin insurance', { separators: '  ' }],
	['sin', 'ca', n(9), (id) => !/[08]/.test(id[0]!) && luhn(id), 'weak', 'sin insurance'],
	[
		'nino',
		'uk',
		`LL${n(6)}L`,
		(id) => /^(?!BG|GB|NK|KN|NT|TN|ZZ)[^DFIQUV][^DFIQUVO][0-9]{6}[A-D]$/.test(id),
		'strong',
		'nino national insurance',
	],
	['nhs_number', 'uk', n(10), nhs, 'strong', 'nhs health patient', { class: 'health', separators: '  ' }],
	['nhs_number', 'uk', n(10), nhs, 'weak', 'nhs health patient', { class: 'health' }],
	['passport', 'uk', `LL${n(7)}`, always, 'weak', 'passport travel'],
	['driving_licence', 'uk', '', always, 'strong', 'driving licence'],
	['vehicle', 'uk', 'LLNNLLL', (id) => /^[A-HJ-PR-Y]/.test(id), 'weak', 'vehicle registration plate number car reg'],
	[
		'nif',
		'es',
		`${n(8)}L ${n(7)}L`,
		(id) => nifLetters[Number(id.slice(0, -1)) % 23] === id.at(-1),
		'strong',
		'nif dni',
	],
	[
		'nie',
		'es',
		`L${n(7)}L`,
		(id) => /[XYZ]/.test(id[0]!) && nifLetters[Number(`${'XYZ'.indexOf(id[0]!)}${id.slice(1, -1)}`) % 23] === id.at(-1),
		'strong',
		'nie',
	],
	['passport', 'es', `LL${n(6)} LLL${n(6)}`, always, 'weak', 'passport pasaporte'],
	['fiscal_code', 'it', 'LLLLLLNNLNNLNNNL', fiscalCode, 'strong', 'codice fiscale'],
	['vat_code', 'it', n(11), (id) => luhn(id) && notAllSame(id), 'weak', 'iva partita vat'],
	['driving_licence', 'it', `LL${n(7)}L LNLNNLNNNL LNLNNNNNNL`, always, 'weak', 'patente licen'],
	['identity_card', 'it', `LL${n(7)} LLNNNNNLL`, always, 'weak', 'identità carta identity'],
	['tax_id', 'de', n(11), (id) => id[0] !== '0' && mod11_10(id), 'strong', 'steuer tax'],
	[
		'social_security',
		'de',
		`${n(8)}L${n(3)}`,
		(id) => isDay(`00${id.slice(4, 6)}${id.slice(2, 4)}`) || isDay(id.slice(4, 6) + id.slice(4, 6)),
		'strong',
		'sozial rentenversicherung social',
	],
	[
		'health_insurance',
		'de',
		`L${n(9)}`,
		(id) => luhnLetter(id),
		'strong',
		'krankenvers health insurance',
		{ class: 'health' },
	],
	[
		'identity_card',
		'de',
		'LNNLNNNNN LNNNNNNNN LLNNNNNNN LNNLLLLNN CNNNNNNNN',
		always,
		'weak',
		'personalausweis ausweis passport reisepass',
	],
	['lanr', 'de', n(9), (id) => lanr(id), 'weak', 'lanr arztnummer', { class: 'health' }],
	['bsnr', 'de', n(9), always, 'weak', 'bsnr betriebsst', { class: 'health' }],
	['pesel', 'pl', n(11), (id) => pesel(id), 'strong', 'pesel'],
	['personnummer', 'se', `${n(12)} ${n(10)}`, (id) => personnummer(id), 'strong', 'personnummer pnr'],
	[
		'organisationsnummer',
		'se',
		n(10),
		(id) => Number(id[2]) >= 2 && luhn(id),
		'weak',
		'orgnummer organisationsnummer company identity',
		{},
	],
	[
		'organisationsnummer',
		'se',
		n(10),
		(id) => Number(id[2]) >= 2 && luhn(id),
		'strong',
		'orgnummer',
		{ separators: '-' },
	],
	['tckn', 'tr', n(11), tckn, 'strong', 'tc kimlik'],
	[
		'plate',
		'tr',
		'NNLNNN NNLNNNN NNLNNNNN NNLLNN NNLLNNN NNLLNNNN NNLLLNN NNLLLNNN NNLLLNNNN',
		(id) => Number(id.slice(0, 2)) >= 1 && Number(id.slice(0, 2)) <= 81,
		'weak',
		'plaka plate vehicle',
	],
	['tnin', 'th', n(13), thai, 'strong', 'thai บัตร'],
	['rrn', 'kr', n(13), korean, 'strong', 'rrn resident', { separators: '-' }],
	['rrn', 'kr', n(13), (id) => korean(id) && rrnCheck(id), 'strong', 'rrn resident frn'],
	['brn', 'kr', n(10), (id) => koreanBusiness(id), 'strong', 'business', { separators: '--' }],
	['brn', 'kr', n(10), (id) => koreanBusiness(id), 'weak', 'business brn'],
	[
		'driving_licence',
		'kr',
		n(12),
		(id) => Number(id.slice(0, 2)) >= 11 && Number(id.slice(0, 2)) <= 28,
		'strong',
		'licen',
		{ separators: '---' },
	],
	['passport', 'kr', `LNNNLNNNN L${n(8)}`, always, 'weak', 'passport'],
	['aadhaar', 'in', n(12), (id) => /[2-9]/.test(id[0]!) && verhoeff(id), 'strong', 'aadhaar uidai'],
	['pan', 'in', 'LLLLLNNNNL', (id) => 'ABCFGHLJPT'.includes(id[3]!), 'strong', 'pan permanent'],
	[
		'gstin',
		'in',
		'NNLLLLLNNNNLNLN NNLLLLLNNNNLNLL',
		(id) => Number(id.slice(0, 2)) >= 1 && Number(id.slice(0, 2)) <= 38,
		'strong',
		'gst',
	],
	['voter', 'in', `LLL${n(7)}`, always, 'weak', 'voter epic'],
	['passport', 'in', `L${n(7)}`, always, 'weak', 'passport'],
	['abn', 'au', n(11), abn, 'strong', 'abn business'],
	[
		'acn',
		'au',
		n(9),
		(id) => (10 - (weigh(id, [8, 7, 6, 5, 4, 3, 2, 1]) % 10)) % 10 === Number(id[8]),
		'strong',
		'acn company',
		{ separators: '  ' },
	],
	[
		'acn',
		'au',
		n(9),
		(id) => (10 - (weigh(id, [8, 7, 6, 5, 4, 3, 2, 1]) % 10)) % 10 === Number(id[8]),
		'weak',
		'acn company',
	],
	[
		'tfn',
		'au',
		`${n(9)} ${n(8)}`,
		(id) => weigh(id, [1, 4, 3, 7, 5, 8, 6, 9, 10].slice(0, id.length)) % 11 === 0,
		'weak',
		'tfn tax',
	],
	[
		'medicare',
		'au',
		n(10),
		(id) => /[2-6]/.test(id[0]!) && weigh(id, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === Number(id[8]),
		'strong',
		'medicare',
		{ class: 'health', separators: '  ' },
	],
	[
		'medicare',
		'au',
		n(10),
		(id) => /[2-6]/.test(id[0]!) && weigh(id, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === Number(id[8]),
		'weak',
		'medicare',
		{ class: 'health' },
	],
	['fin', 'sg', `L${n(7)}L`, sgFin, 'strong', 'nric fin'],
	['uen', 'sg', `${n(8)}L ${n(9)}L LNNLLNNNNL`, always, 'weak', 'uen'],
	['id_number', 'za', n(13), (id) => isDay(id) && /[012]/.test(id[10]!) && luhn(id), 'strong', 'south african'],
	['tin', 'ph', `${n(9)} ${n(12)}`, always, 'weak', 'tin tax'],
	['nin', 'ng', n(11), always, 'weak', 'nin national'],
	['vehicle', 'ng', 'LLLNNNLL', always, 'weak', 'vehicle plate registration'],
	[
		'national_id',
		'any',
		[6, 7, 8, 9, 10, 11, 12].map(n).join(' '),
		notAllSame,
		'weak',
		'ssn passport licence license national identity citizen',
	],
];

function luhnLetter(id: string): boolean {
	const value = id.charCodeAt(0) - 64;
	const digits = `${value < 10 ? '0' : ''}${value}${id.slice(1, 9)}`;
	let sum = 0;
	for (const [at, char] of [...digits].entries()) {
		const product = Number(char) * (at % 2 === 0 ? 1 : 2);
		sum += product > 9 ? product - 9 : product;
	}
	return sum % 10 === Number(id[9]);
}
function lanr(id: string): boolean {
	return (10 - (weigh(id, [4, 9, 4, 9, 4, 9]) % 10)) % 10 === Number(id[6]);
}
function pesel(id: string): boolean {
	const month = Number(id.slice(2, 4)) % 20;
	const check = (10 - (weigh(id, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10;
	return (
		month >= 1 && month <= 12 && Number(id.slice(4, 6)) >= 1 && Number(id.slice(4, 6)) <= 31 && check === Number(id[10])
	);
}
function personnummer(id: string): boolean {
	const short = id.slice(-10);
	if (id.length === 12 && !/^(?:18|19|20)/.test(id)) return false;
	const day = Number(short.slice(4, 6));
	const month = Number(short.slice(2, 4));
	return month >= 1 && month <= 12 && ((day >= 1 && day <= 31) || (day >= 61 && day <= 91)) && luhn(short);
}
function rrnCheck(id: string): boolean {
	const sum = weigh(id, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
	const check = (11 - (sum % 11)) % 10;
	// Foreigners' numbers add two.
	return check === Number(id[12]) || (check + 2) % 10 === Number(id[12]);
}
function koreanBusiness(id: string): boolean {
	const sum = weigh(id, [1, 3, 7, 1, 3, 7, 1, 3, 5]) + Math.floor(((id.charCodeAt(8) - 48) * 5) / 10);
	return (10 - (sum % 10)) % 10 === Number(id[9]);
}

/** Rules by the shape they apply to. */
export const rulesByShape: ReadonlyMap<string, readonly IdRule[]> = byShape();

function byShape(): ReadonlyMap<string, readonly IdRule[]> {
	const map = new Map<string, IdRule[]>();
	for (const [name, country, shapes, valid, strength, context, extra] of rows) {
		const rule: IdRule = {
			name,
			country,
			shapes: shapes.split(' ').filter((shape) => shape !== ''),
			valid,
			strength,
			context: context.split(' '),
			...extra,
		};
		for (const shape of rule.shapes) {
			const list = map.get(shape);
			if (list === undefined) map.set(shape, [rule]);
			else list.push(rule);
		}
	}
	return map;
}
