import { expect, test } from 'vitest';
import { planeEndpoints } from './agent-plane.ts';
import { casePolicy } from './test-support/golden.ts';

test.each([
	['http://127.example.com:3128/v1', false],
	['http://localhost.example.com:3128/v1', false],
	['http://10.0.0.1:3128/v1', false],
	['http://127.0.0.1:3128/v1', true],
	['http://127.1:3128/v1', true],
	['http://localhost.:3128/v1', true],
	['http://[::1]:3128/v1', true],
])('%s is on the machine itself: %s', (gateway_url, loopback) => {
	const [gateway] = planeEndpoints(casePolicy('typical'), { gateway_url, mcp_url: gateway_url });

	expect(gateway).toMatchObject({ port: 3128, loopback });
});
