import type { SessionAnswer } from '@tappass/trust';
import type { HostPlane } from '../connection/host-plane.ts';

/** A session that the control plane has opened for one launch. */
export interface AgentSession {
	readonly session_id: string;
	/** The keyring whose tokens are bound to it, as it came. */
	readonly keyring: Uint8Array;
	/** Ends it, in a second at most: the control plane ends what nobody closes. */
	readonly close: () => Promise<void>;
}

/** Opens a session. @throws {TapPassError} server_unreachable, or the server's own code */
export async function openSession(plane: HostPlane, agent: string): Promise<AgentSession> {
	const detail = { agent: agent.slice(0, 200) };
	const answer = await plane.post('/v1/sync/sessions', 201, { schema: 'tappass.session/1', detail });
	const { keyring, session_id } = answer as unknown as SessionAnswer;
	const close = async (): Promise<void> => {
		await plane.post(`/v1/sync/sessions/${session_id}/close`, 200, {}).catch(() => undefined);
	};
	return {
		session_id: String(session_id),
		keyring: Buffer.from(JSON.stringify(keyring)),
		close: () => Promise.race([close(), afterMs(1_000)]),
	};
}

/** Some milliseconds, which keep no process alive. */
export function afterMs(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
