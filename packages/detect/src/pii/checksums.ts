/** Check digits of cards, accounts and national numbers. Each takes digits (or letters in upper case) without separators. */

export function luhn(digits: string): boolean {
	let sum = 0;
	for (let at = 0; at < digits.length; at += 1) {
		let digit = digits.charCodeAt(digits.length - 1 - at) - 48;
		if (at % 2 === 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
		sum += digit;
	}
	return sum % 10 === 0;
}

/** ISO 7064 mod 97-10 as an IBAN uses it. */
export function iban(text: string): boolean {
	let rest = 0;
	for (const char of text.slice(4) + text.slice(0, 4)) {
		const value = Number.parseInt(char, 36);
		rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
	}
	return rest === 1;
}

/** Sum of digits by weights, without reduction. */
export function weigh(digits: string, weights: readonly number[]): number {
	return weights.reduce((sum, weight, at) => sum + weight * (digits.charCodeAt(at) - 48), 0);
}

const verhoeffD =
	'0123456789123406789523401789563401289567401239567859876043216598710432765982104387659321049876543210';
const verhoeffP = '01234567891576283094580379614289160435279453126870428657390127938064157046913258';
export function verhoeff(digits: string): boolean {
	let check = 0;
	for (let at = 0; at < digits.length; at += 1) {
		const digit = digits.charCodeAt(digits.length - 1 - at) - 48;
		const permuted = verhoeffP.charCodeAt((at % 8) * 10 + digit) - 48;
		check = verhoeffD.charCodeAt(check * 10 + permuted) - 48;
	}
	return check === 0;
}

/** ISO 7064 mod 11,10: German tax numbers, French and Italian codes derive from it. */
export function mod11_10(digits: string): boolean {
	let product = 10;
	for (let at = 0; at < digits.length - 1; at += 1) {
		let sum = (digits.charCodeAt(at) - 48 + product) % 10;
		if (sum === 0) sum = 10;
		product = (sum * 2) % 11;
	}
	const check = 11 - product === 10 ? 0 : 11 - product;
	return check % 10 === digits.charCodeAt(digits.length - 1) - 48;
}

/** Whether `yymmdd` at `at` is a day. */
export function isDay(text: string, at = 0): boolean {
	const month = Number(text.slice(at + 2, at + 4));
	const day = Number(text.slice(at + 4, at + 6));
	return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}
