// The long s and the sign of Kelvin are what folds into ASCII besides its own capitals.
const folds = /[A-Z\u017f\u212a]/;

/** Whether a name has another form for readers that do not look at case, as those of Go's `encoding/json`. */
export function isFoldable(name: string): boolean {
	return folds.test(name);
}

/** The form that all names have in common which such a reader takes for one. */
export function foldedName(name: string): string {
	return name.replaceAll('\u017f', 's').replaceAll('\u212a', 'k').toLowerCase();
}
