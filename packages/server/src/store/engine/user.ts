import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TapPassError } from '@tappass/core';

const run = promisify(execFile);

/** The operating system's user under which the engine runs. */
export interface EngineUser {
	readonly name: string;
	readonly uid: number;
	readonly gid: number;
}

/** The user that is made when the server is started as root. */
export const engineUserName = 'tappass';

/**
 * PostgreSQL refuses to run as root: finds the user it shall run as, and makes the system user `tappass` when there is
 * none, saying so and how to undo it. Undefined when this process is not root: then the engine runs as itself.
 *
 * @param name  an existing user to take instead; never made
 * @throws {TapPassError} engine_failed
 */
export async function findEngineUser(
	say: (line: string) => void,
	name: string = engineUserName,
): Promise<EngineUser | undefined> {
	if (process.getuid?.() !== 0) return undefined;
	const found = await lookUp(name);
	if (found !== undefined) return unprivileged(found);
	if (name !== engineUserName)
		throw new TapPassError('engine_failed', { detail: `there is no user ${name}`, hint: 'name an existing user' });
	try {
		await run('useradd', [
			'--system',
			'--no-create-home',
			'--home-dir',
			'/nonexistent',
			'--shell',
			'/usr/sbin/nologin',
			name,
		]);
	} catch (cause) {
		throw new TapPassError('engine_failed', {
			detail: 'PostgreSQL does not run as root, and the system user tappass could not be made',
			hint: 'make it with your system’s own tool, start the server as an ordinary user, or give --database',
			cause,
		});
	}
	say(`made the system user ${name} for the embedded PostgreSQL, which does not run as root (undo: userdel ${name})`);
	const made = await lookUp(name);
	if (made === undefined) throw new TapPassError('engine_failed', { detail: `the new user ${name} cannot be found` });
	return unprivileged(made);
}

async function lookUp(name: string): Promise<EngineUser | undefined> {
	try {
		const [uid, gid] = await Promise.all([run('id', ['-u', '--', name]), run('id', ['-g', '--', name])]);
		return { name, uid: Number(uid.stdout), gid: Number(gid.stdout) };
	} catch {
		// `id` fails exactly when it knows no such user.
		return undefined;
	}
}

function unprivileged(user: EngineUser): EngineUser {
	if (Number.isSafeInteger(user.uid) && user.uid > 0) return user;
	throw new TapPassError('engine_failed', {
		detail: `the user ${user.name} is root, as which PostgreSQL does not run`,
	});
}
