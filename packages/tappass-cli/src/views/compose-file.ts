import { serverVersion } from '@tappass/server';

/**
 * A compose file with one host for each bootstrap URL. Hosts share the machine's network, since a server for development
 * listens on loopback.
 */
export function composeFile(urls: readonly string[]): string {
	const enrol = `npx --yes tappass-host@${serverVersion} init "$$TAPPASS_NAME" --enroll-url "$$TAPPASS_ENROLL_URL"`;
	const run = `exec npx --yes tappass-host@${serverVersion} daemon`;
	const lines = ['# The URLs are single use and live for 15 minutes; make the file anew after that.', 'services:'];
	for (const [at, url] of urls.entries())
		lines.push(
			`  sandbox_${at + 1}:`,
			'    image: node:24-slim',
			'    network_mode: host',
			'    environment:',
			`      TAPPASS_NAME: sandbox_${at + 1}`,
			`      TAPPASS_ENROLL_URL: ${quoted(url)}`,
			`    command: ${JSON.stringify(['sh', '-ec', `${enrol}\n${run}`])}`,
		);
	return `${lines.join('\n')}\n`;
}

// Compose reads `$` as a variable and takes `$$` for it; a JSON string is one of YAML too.
function quoted(text: string): string {
	return JSON.stringify(text.replaceAll('$', '$$$$'));
}
