import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createMistral } from '@ai-sdk/mistral';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModelV4 } from '@ai-sdk/provider';
import { type Agent, type RequestInit, fetch as undiciFetch } from 'undici';
import type { Route } from '../../pipeline/admission.ts';
import { boundedAnswer } from './bounded-body.ts';
import { baseUrl } from './dispatch.ts';

/** The model of a route, called through its vendor's own package over our connections. */
export function vendorModel(agent: Agent, route: Route): LanguageModelV4 {
	const baseURL = baseUrlOf(route);
	// The packages insist on a key of their own; `credentialed` puts the route's in its place.
	const settings = { baseURL, apiKey: 'from-the-route', fetch: credentialed(agent, route) };
	switch (route.speaks) {
		case 'anthropic':
			return createAnthropic(settings)(route.model);
		case 'google':
			return createGoogle(settings)(route.model);
		case 'mistral':
			return createMistral(settings)(route.model);
		case 'openai':
			return createOpenAI(settings).chat(route.model);
		case 'openai-compatible':
			return createOpenAICompatible({ ...settings, name: route.upstream, includeUsage: true }).chatModel(route.model);
	}
}

function baseUrlOf(route: Route): string {
	// Google's version is `v1beta`; an operator who means another one writes it.
	const url =
		route.speaks === 'google' && new URL(route.base_url).pathname === '/'
			? `${route.base_url.replace(/\/$/, '')}/v1beta`
			: baseUrl(route).href;
	return url.replace(/\/$/, '');
}

const credentialHeaders: readonly string[] = ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'];

function credentialed(agent: Agent, route: Route): typeof globalThis.fetch {
	const send = async (input: string | URL, init: RequestInit = {}): Promise<unknown> => {
		const headers = new Headers(init.headers as Record<string, string>);
		for (const name of credentialHeaders) headers.delete(name);
		for (const [name, value] of Object.entries(route.headers)) headers.set(name, value);
		headers.set('user-agent', 'tappass-gateway');
		headers.set('accept-encoding', 'identity');
		// A redirect would carry the credential to another address.
		const sent = {
			...init,
			headers: [...headers] as [string, string][],
			redirect: 'manual',
			dispatcher: agent,
		} as const;
		return boundedAnswer(await undiciFetch(input, sent));
	};
	return send as unknown as typeof globalThis.fetch;
}
