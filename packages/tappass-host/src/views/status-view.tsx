import { printable, type Terminal } from '@tappass/cli-kit';
import { Box, render, Text, useApp } from 'ink';
import { type ReactElement, useEffect, useState } from 'react';
import { detailsOf, versionOf, weaknessesOf } from '../commands/status.ts';
import type { DaemonView, Posture, SandboxView } from '../daemon/view.ts';

const colours: Readonly<Record<Posture, string>> = {
	waiting: 'yellow',
	fresh: 'green',
	stale: 'yellow',
	quarantined: 'red',
	denied: 'red',
	revoked: 'red',
	locked: 'red',
	failed: 'red',
};

/**
 * Shows the status at a terminal, drawn anew on every change, until interrupted or the daemon goes.
 * @throws what `views` throws
 */
export async function showStatus(views: AsyncIterable<DaemonView>, style: Terminal['style']): Promise<void> {
	const hasColour = style.bold('x') !== 'x';
	let failure: unknown;
	const onFailure = (error: unknown): void => {
		failure = error;
	};
	const app = render(<Live views={views} hasColour={hasColour} onFailure={onFailure} />);
	await app.waitUntilExit();
	if (failure !== undefined) throw failure;
}

function Live({
	hasColour,
	onFailure,
	views,
}: {
	readonly views: AsyncIterable<DaemonView>;
	readonly hasColour: boolean;
	readonly onFailure: (error: unknown) => void;
}): ReactElement {
	const { exit } = useApp();
	const [view, setView] = useState<DaemonView>();
	const [ended, setEnded] = useState(false);
	useEffect(() => {
		const follow = async (): Promise<void> => {
			for await (const next of views) setView(next);
			setEnded(true);
		};
		follow()
			.catch(onFailure)
			.finally(() => exit());
	}, [views, exit, onFailure]);
	if (view === undefined) return <Text>{ended ? 'the daemon has gone' : 'asking the daemon'}</Text>;
	return <Status view={view} hasColour={hasColour} ended={ended} />;
}

/** One picture of the status. */
export function Status(props: {
	readonly view: DaemonView;
	readonly hasColour: boolean;
	readonly ended: boolean;
}): ReactElement {
	const { ended, hasColour, view } = props;
	return (
		<Box flexDirection="column">
			{view.sandboxes.length === 0 && <Text>no sandbox on this host</Text>}
			{view.sandboxes.map((sandbox) => (
				<Sandbox key={sandbox.name} sandbox={sandbox} hasColour={hasColour} />
			))}
			{weaknessesOf(view).map((line) => (
				<Text key={line} dimColor={hasColour}>
					{line}
				</Text>
			))}
			{ended ? <Text>the daemon has gone</Text> : <Text dimColor={hasColour}>Ctrl-C ends this view</Text>}
		</Box>
	);
}

function Sandbox({ hasColour, sandbox }: { readonly sandbox: SandboxView; readonly hasColour: boolean }): ReactElement {
	const { agent, connected, keyring_seconds_left, name, posture } = sandbox;
	const facts = [
		`policy ${versionOf(sandbox)}`,
		`agent ${agent.state}${agent.pid === null ? '' : ` (${agent.pid})`}`,
		connected ? 'connected' : 'not connected',
		keyring_seconds_left > 0 ? `ends in ${keyring_seconds_left} s` : 'no keyring in force',
	];
	return (
		<Box flexDirection="column" marginBottom={1}>
			<Box columnGap={2} flexWrap="wrap">
				<Text bold={hasColour}>{name}</Text>
				<Text {...(hasColour && { color: colours[posture] })}>{posture}</Text>
				{facts.map((fact) => (
					<Box key={fact} flexShrink={0}>
						<Text>{fact}</Text>
					</Box>
				))}
			</Box>
			{detailsOf(sandbox).map((line) => (
				<Box key={line} paddingLeft={2}>
					<Text>{printable(line.slice(name.length + 2))}</Text>
				</Box>
			))}
		</Box>
	);
}
