import type { Instrument } from '../eval/instrument.ts';

/** Instruments as one: each sees everything, in this order. */
export function combined(instruments: readonly Instrument[]): Instrument {
	const [only] = instruments;
	if (instruments.length === 1 && only !== undefined) return only;
	return {
		enterExpr: (...args) => instruments.forEach((each) => void each.enterExpr?.(...args)),
		exitExpr: (...args) => instruments.forEach((each) => void each.exitExpr?.(...args)),
		failExpr: (...args) => instruments.forEach((each) => void each.failExpr?.(...args)),
		enterRule: (...args) => instruments.forEach((each) => void each.enterRule?.(...args)),
		exitRule: (...args) => instruments.forEach((each) => void each.exitRule?.(...args)),
		failRule: (...args) => instruments.forEach((each) => void each.failRule?.(...args)),
	};
}
