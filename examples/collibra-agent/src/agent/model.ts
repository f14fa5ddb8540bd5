import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import type { Client } from 'tappass-agent';

/** Which wire the model speaks; which models there are is the gateway's business, not the agent's. */
export type Wire = 'openai' | 'anthropic';

/** A LangChain model behind the gateway. It has no credential: that is added after the call has left the sandbox. */
export async function chatModel(client: Client, wire: Wire, model: string): Promise<BaseChatModel> {
	if (wire === 'anthropic') {
		const { ChatAnthropic } = await import('@langchain/anthropic');
		const { apiKey, baseURL, fetch } = client.llm.anthropic();
		return new ChatAnthropic({ model, apiKey, anthropicApiUrl: baseURL, clientOptions: { fetch }, maxRetries: 0 });
	}
	const { ChatOpenAI } = await import('@langchain/openai');
	const { apiKey, baseURL, fetch } = client.llm.openai();
	return new ChatOpenAI({ model, apiKey, configuration: { baseURL, fetch }, maxRetries: 0 });
}
