import { daemonFigures } from './host/daemon.ts';
import { kernelRing } from './host/kernel-ring.ts';

/** What a host adds to an agent; each part says whether it keeps to its figure. */
export async function run(): Promise<Readonly<Record<string, unknown>>> {
	return { kernel_ring: await kernelRing(), daemon: await daemonFigures() };
}
