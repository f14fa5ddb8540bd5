import { type Floor, parseFloor, pinRoot, type TrustedRoot } from '@tappass/trust';
import { type Enrolment, enrolmentSchema, readDocument } from '../state/documents.ts';
import type { Files } from '../state/files.ts';
import { enrollingPlaces, type SandboxPlaces, sandboxPlaces, setAsidePlaces } from '../state/places.ts';

/** What a sandbox was before it is enrolled anew, as far as its state can be read. */
export interface HeldBefore {
	readonly enrolment: Enrolment | undefined;
	readonly floor: Floor | undefined;
	readonly root: TrustedRoot | undefined;
}

/** Reads what is there; undefined when nothing of a sandbox is. State that is damaged binds nothing: only a new enrolment mends it. */
export async function heldBefore(files: Files, places: SandboxPlaces): Promise<HeldBefore | undefined> {
	if ((await files.list(places.directory)).length === 0) return undefined;
	const readable = async <T>(read: () => Promise<T | undefined>): Promise<T | undefined> => {
		try {
			return await read();
		} catch {
			// Damaged, as said above.
			return undefined;
		}
	};
	const parsed = async <T>(path: string, parse: (bytes: Buffer) => T): Promise<T | undefined> =>
		readable(async () => {
			const bytes = await files.read(path);
			return bytes === undefined ? undefined : parse(bytes);
		});
	return {
		enrolment: await readable(() => readDocument(files, places.enrolment, enrolmentSchema)),
		floor: await parsed(places.floor, parseFloor),
		root: await parsed(places.root, (bytes) => pinRoot(bytes)),
	};
}

/** What goes over to whoever has the name next: what the host owner runs, and what the agent has made. */
const owners = ['workspace', 'program', 'logs', 'run.json'];
/** What belongs to one sandbox, whichever host it is on. */
const sandboxs = ['spool.jsonl', 'quarantine.json'];

/**
 * Puts a sandbox that was enrolled anew in its place: what was there before is set aside, and what goes over is taken out of
 * it. The daemon must have let go of it.
 * @throws {TapPassError} file_unwritable; `finishReplacement` goes on from wherever it stopped
 */
export async function takePlace(files: Files, state: string, name: string): Promise<void> {
	const [final, aside] = [sandboxPlaces(state, name), setAsidePlaces(state, name)];
	if ((await files.list(final.directory)).length > 0) await files.moveDirectory(final.directory, aside.directory);
	await files.moveDirectory(enrollingPlaces(state, name).directory, final.directory);
	await finishReplacement(files, state, name);
}

/**
 * Goes on with a replacement that was cut off, before anything uses the sandbox; does nothing when none was. With the new one
 * in its place what goes over is brought there; without a new one the old one gets its place back.
 * @throws {TapPassError} file_unwritable
 */
export async function finishReplacement(files: Files, state: string, name: string): Promise<void> {
	const [final, aside] = [sandboxPlaces(state, name), setAsidePlaces(state, name)];
	const left = await files.list(aside.directory);
	if (left.length === 0) return;
	const there = await files.list(final.directory);
	if (there.length === 0) {
		if ((await files.read(enrollingPlaces(state, name).enrolment)) === undefined)
			await files.moveDirectory(aside.directory, final.directory);
		return;
	}
	const [before, after] = await Promise.all([heldBefore(files, aside), heldBefore(files, final)]);
	const isSame = before?.enrolment !== undefined && before.enrolment.sandbox_id === after?.enrolment?.sandbox_id;
	for (const item of [...owners, ...(isSame ? sandboxs : [])]) {
		// What is there already was made under the new enrolment.
		if (left.includes(item) && !there.includes(item))
			await files.move(`${aside.directory}/${item}`, `${final.directory}/${item}`);
	}
	await files.remove(aside.directory);
}
