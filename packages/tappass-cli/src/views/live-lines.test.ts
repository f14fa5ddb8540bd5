import { createTerminal, type Terminal } from '@tappass/cli-kit';
import { expect, test, vi } from 'vitest';
import { hasColour } from './live-lines.ts';

function terminal(env: Readonly<Record<string, string>>): Terminal {
	const stdout = { isTTY: true, write: vi.fn() };
	return createTerminal({ name: 'tappass', env, stdout: stdout as never });
}

test('a view has no colour where the terminal has none', () => {
	expect(hasColour(terminal({ NO_COLOR: '1' }))).toBe(false);
	expect(hasColour(terminal({}))).toBe(true);
});
