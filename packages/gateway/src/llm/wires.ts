import { isRecord } from '../stream/json-value.ts';
import type { JsonEdit } from '../stream/rewrite-json.ts';
import { anthropicErrorBody, anthropicErrorEvents } from './anthropic/error.ts';
import { forwardMessages, readMessages } from './anthropic/messages.ts';
import { judgeMessagesAnswer, messagesUsage, toldUsage } from './anthropic/messages-answer.ts';
import { MessagesStreamReader } from './anthropic/messages-stream.ts';
import { forwardChat, readChat } from './openai/chat.ts';
import { chatUsage, judgeChatAnswer } from './openai/chat-answer.ts';
import { ChatStreamReader } from './openai/chat-stream.ts';
import { openaiChatErrorEvents, openaiErrorBody, openaiResponsesErrorEvents } from './openai/error.ts';
import { forwardResponses, readResponses } from './openai/responses.ts';
import { judgeResponsesAnswer, responsesUsage } from './openai/responses-items.ts';
import { ResponsesStreamReader } from './openai/responses-stream.ts';
import type { WireFormat } from './wire.ts';

/** `POST /v1/chat/completions`. */
export const chatWire: WireFormat = {
	wire: 'openai-chat',
	path: '/chat/completions',
	native: new Set(['openai', 'openai-compatible']),
	read: readChat,
	forwardEdits: forwardChat,
	judgeAnswer: judgeChatAnswer,
	usageOf: chatUsage,
	reader: (call, judge) => new ChatStreamReader(call, judge),
	errorBody: openaiErrorBody,
	errorEvents: openaiChatErrorEvents,
};

/** `POST /v1/responses`. */
export const responsesWire: WireFormat = {
	wire: 'openai-responses',
	path: '/responses',
	native: new Set(['openai']),
	read: readResponses,
	forwardEdits: forwardResponses,
	judgeAnswer: judgeResponsesAnswer,
	usageOf: responsesUsage,
	reader: (_call, judge) => new ResponsesStreamReader(judge),
	errorBody: openaiErrorBody,
	errorEvents: (denial, reader) => {
		const { id, sequence } = reader instanceof ResponsesStreamReader ? reader.place() : { id: '', sequence: 0 };
		return openaiResponsesErrorEvents(denial, id, sequence);
	},
};

/** `POST /v1/messages`. */
export const messagesWire: WireFormat = {
	wire: 'anthropic-messages',
	path: '/messages',
	native: new Set(['anthropic']),
	read: readMessages,
	forwardEdits: forwardMessages,
	judgeAnswer: judgeMessagesAnswer,
	usageOf: (body) => (isRecord(body) ? toldUsage(messagesUsage(body['usage'])) : undefined),
	reader: (_call, judge) => new MessagesStreamReader(judge),
	errorBody: anthropicErrorBody,
	errorEvents: anthropicErrorEvents,
};

/** `POST /v1/messages/count_tokens`: the same request, but nothing is generated. */
export const countTokensWire: WireFormat = {
	...messagesWire,
	path: '/messages/count_tokens',
	read: (body, bytes) => ({ ...readMessages(body, bytes), stream: false, max_tokens: 0 }),
	judgeAnswer: async (body, judge) => {
		const edits: JsonEdit[] = [];
		judge.leaves(body, '', edits);
		return edits;
	},
	usageOf: () => ({ input_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0, output_tokens: 0 }),
};
