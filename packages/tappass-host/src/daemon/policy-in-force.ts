import { dirname, join } from 'node:path';
import { parseWith, TapPassError } from '@tappass/core';
import type { EgressRules } from '@tappass/providers';
import type { PolicyStatement } from '@tappass/trust';
import { z } from 'zod';
import { capabilitiesOf } from '../apply/capabilities.ts';
import { probeHarnessFiles, writeHarnessFiles } from '../apply/harness-files.ts';
import { type Applied, assertEnforced, kernelOutput, needsRestart, renderRuntime } from '../apply/render-runtime.ts';
import { writeRendered } from '../apply/rendered-directory.ts';
import { assertStateApart } from '../apply/state-apart.ts';
import type { EgressPolicy } from '../egress/types.ts';
import { isOtherTarget } from '../launch/other-programs.ts';
import type { RunRequest } from '../state/documents.ts';
import type { Files } from '../state/files.ts';
import type { SandboxPlaces } from '../state/places.ts';
import { asTapPassError } from './as-error.ts';

export interface PolicyInForceOptions {
	readonly files: Files;
	readonly places: SandboxPlaces;
	/** The agent's own user. */
	readonly user: { readonly uid: number; readonly gid: number };
	/** `PATH` in which programs are looked for. */
	readonly path: string;
	/** Called as soon as the proxy must look again: before anything is written. */
	readonly changed: () => void;
}

/** What is shown to the agent that is to run. */
type Shown = Pick<RunRequest, 'workspace' | 'mounts'>;

/** What putting a policy in force came to. */
export type Outcome =
	/** It is in force; `restart` when a running agent was started under something else. */
	| { readonly kind: 'loaded'; readonly restart: boolean }
	| { readonly kind: 'unchanged' }
	/** The proxy holds to it; what is read from disk is behind, and written again with the next keyring. */
	| { readonly kind: 'unwritten'; readonly error: TapPassError }
	/** It cannot be enforced here, so nothing is allowed. */
	| { readonly kind: 'refused'; readonly error: TapPassError };

/** The policy that one sandbox is held to: rendered, in the proxy's hands, and on disk. Calls of `apply` must not overlap. */
export class PolicyInForce {
	/** Directory that a running harness reads; undefined while none runs. */
	harnessDirectory: string | undefined;
	readonly #options: PolicyInForceOptions;
	#applied: Applied | undefined;
	#egress: EgressPolicy | null = null;
	#run = '';
	#refusal: TapPassError | undefined;
	#unwritten: TapPassError | undefined;

	constructor(options: PolicyInForceOptions) {
		this.#options = options;
	}

	get applied(): Applied | undefined {
		return this.#applied;
	}

	/** What the proxy is held to; the same object while nothing changed. */
	get egress(): EgressPolicy | null {
		return this.#refusal === undefined ? this.#egress : null;
	}

	/** Why the newest policy is not enforced. */
	get refusal(): TapPassError | undefined {
		return this.#refusal;
	}

	/** Why what is on disk is behind what is enforced. */
	get unwritten(): TapPassError | undefined {
		return this.#unwritten;
	}

	/** Notes that what was received could not be stored. */
	notStored(error: TapPassError): void {
		this.#unwritten = error;
	}

	/**
	 * Renders a policy and puts it in force; the same one again only when something is missing or another `run` is wanted.
	 * @param anew look at the machine again, whatever was found before: an agent is about to be started
	 */
	async apply(statement: PolicyStatement, run: Shown | undefined, anew = false): Promise<Outcome> {
		const before = this.#applied;
		const wanted = JSON.stringify([run?.workspace, run?.mounts]);
		const isSame = before?.statement === statement && wanted === this.#run;
		if (isSame && !anew && this.#unwritten === undefined && this.#refusal === undefined) return { kind: 'unchanged' };
		try {
			const after = await this.#render(statement, run);
			this.#applied = after;
			this.#egress = egressOf(after);
			this.#run = wanted;
			this.#refusal = undefined;
			// A disk that is slow or full must not keep a narrower network from the proxy.
			this.#options.changed();
			await this.#store(after);
			this.#unwritten = undefined;
			return { kind: 'loaded', restart: before !== undefined && !isSame && needsRestart(before, after) };
		} catch (cause) {
			const error = asTapPassError(cause);
			if (error.code === 'file_unwritable') {
				this.#unwritten = error;
				return { kind: 'unwritten', error };
			}
			this.#refusal = error;
			this.#options.changed();
			return { kind: 'refused', error };
		}
	}

	async #render(statement: PolicyStatement, run: Shown | undefined): Promise<Applied> {
		const { path, places, user } = this.#options;
		const shown = [places.keyringDirectory, ...(run?.mounts ?? []).map(({ from }) => from)];
		const ground = { ...user, workspace: run?.workspace ?? join(places.directory, 'workspace'), path };
		const rendering = renderRuntime(statement, await capabilitiesOf(statement, ground), shown);
		assertEnforced(rendering);
		if (user.uid === process.getuid?.()) {
			const { filesystem } = statement.compiled_policy;
			const { directory } = places;
			await assertStateApart({ filesystem, workspace: ground.workspace, directory, state: dirname(directory) });
		}
		return { statement, rendering };
	}

	async #store({ rendering, statement }: Applied): Promise<void> {
		const { files, places } = this.#options;
		await writeRendered(files, places.rendered, statement, rendering);
		if (this.harnessDirectory === undefined) return;
		await writeHarnessFiles(files, this.harnessDirectory, statement, rendering);
		const wrong = await probeHarnessFiles(files, this.harnessDirectory, statement, rendering);
		if (wrong.length > 0)
			throw new TapPassError('runtime_unenforced', { detail: `not as rendered: ${wrong.join(', ')}` });
	}
}

/** Where another program holds the network, ours lets nothing through. */
const nothing: EgressPolicy = Object.freeze<EgressPolicy>({
	rules: { schema: 'tappass.egress-rules/1', allow: [], deny: [] },
	cidrs: [],
});

const rulesSchema = z.object({
	schema: z.literal('tappass.egress-rules/1'),
	allow: z.array(z.string()),
	deny: z.array(z.string()),
}) as unknown as z.ZodType<EgressRules>;

function egressOf({ rendering, statement }: Applied): EgressPolicy | null {
	if (isOtherTarget(statement.runtime.rings.kernel)) return nothing;
	const file = kernelOutput(statement, rendering)?.files.find(({ path }) => path === 'egress-rules.json');
	if (file === undefined) return null;
	const rules = parseWith(rulesSchema, JSON.parse(file.content), 'egress-rules.json');
	return Object.freeze({ rules, cidrs: statement.runtime.cidrs });
}
