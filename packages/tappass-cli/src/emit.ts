import { note, type Terminal } from '@tappass/cli-kit';
import { type ApiClient, path } from './remote/api-client.ts';
import { withProgress } from './remote/follow.ts';
import { type Bootstraps, bootstraps } from './remote/shapes.ts';

/** Makes sandboxes of a spec, and says on stderr what a person should know of them. */
export async function emitBootstraps(
	terminal: Terminal,
	client: ApiClient,
	spec: string,
	{ count, project }: { readonly count: number; readonly project: string | undefined },
): Promise<Bootstraps> {
	const made = await withProgress(terminal, client, `making ${count} of ${spec}`, () =>
		client.send('POST', path`/v1/sandbox-specs/${spec}/bootstraps`, bootstraps, {
			count,
			...(project === undefined ? {} : { project }),
		}),
	);
	if (made.bound) note(terminal, 'note', `${spec} is now in the project ${made.project}`);
	if (made.failed > 0)
		note(terminal, 'warning', `${made.failed} do not compile and deny everything: tappass sandbox list`);
	note(
		terminal,
		'note',
		`each URL enrols one host, once, until ${made.items[0]?.expires_at ?? 'it expires'}; there: tappass-host init <name> --enroll-url '<url>'`,
	);
	return made;
}
