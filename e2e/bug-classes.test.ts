/**
 * Classes of bugs that gateways and brokers have shipped, and the tests that would have caught each here. That the tests are
 * there is held; what they hold they say themselves.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './support/repository.ts';

const gateway = 'packages/gateway/src';
const llm = `${gateway}/llm/regressions.test.ts`;
const hostile = `${gateway}/llm/hostile-upstream.test.ts`;
const usage = `${gateway}/llm/usage.test.ts`;
const mcp = `${gateway}/mcp/regressions.test.ts`;
const doors = `${gateway}/llm/doors.test.ts`;
const path = `${gateway}/llm/whole-path.test.ts`;
const guarantees = `${gateway}/pipeline/guarantees.test.ts`;

/** What went wrong elsewhere, and `[file, name of a test]` of whatever would have shown it. */
const classes: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
	'a guard of streams is passed by, idle, or breaks the stream': [
		[`${gateway}/stream/guarantee.test.ts`, ': for any chunking the verdict and the text are those of the whole'],
		[guarantees, 'holds for every way to cut an answer into pieces'],
		[
			`${gateway}/stream/guarantee.test.ts`,
			': the verdict of the shipped detectors is that of the whole, for any chunking, mode %s',
		],
		[path, 'a secret in an answer is withheld, however it is cut, stream: %s'],
		[llm, 'a message_start whose content is %s, which no block would bring to the judge, is refused'],
		[llm, 'text beside the delta, where some clients look as well, is judged'],
		[llm, 'an end that says something else than its pieces is refused'],
		[`${gateway}/llm/every-place.test.ts`, 'no place of a stream lets it out'],
		[hostile, 'a text %s is judged, streamed and whole'],
		[hostile, 'a text in pieces below a list, as routers and Mistral stream it, is one text'],
		[hostile, 'a text that nobody expects %s is judged'],
		[hostile, 'a text that nobody expects beside %s is judged'],
		[hostile, 'a tool call that ends under another %s is refused'],
	],
	'one wire is translated into another and loses something': [
		[llm, 'an empty list of tool calls is no tool call'],
		[llm, 'the first token comes with the role and is not lost'],
		[llm, 'chunks with empty choices, for filters, usage and what else, break nothing'],
		[llm, 'tool calls with %s are told apart by their ids'],
		[llm, 'parallel tool calls in turns are judged whole and come out in their order'],
		[llm, 'thinking is judged, its seal and redacted thinking pass'],
		[llm, 'a ping passes while a tool call is held, and an error after it is the end'],
		[llm, 'an error in the middle is an error, also when more follows'],
		[path, "a revocation cuts a stream that runs, with the wire's own error"],
	],
	'usage is lost, added twice, or cached tokens are charged as others': [
		[llm, 'later usage replaces earlier usage: nothing is added twice, cached tokens stay apart'],
		[llm, 'a message that breaks off has no usage: its beginning does not know what the end will be'],
		[`${gateway}/budget/estimate.test.ts`, 'cached tokens are charged at their own price, and each token once'],
		[path, 'what was used is settled once, cached tokens at their own price, stream: %s'],
		[guarantees, 'are kept reserved when the upstream does not say what it used'],
		[usage, 'usage before the end is no usage: an answer that breaks off cost more than it said by then'],
		[usage, 'nobody answers an empty prompt: zero is told where nothing is known'],
		[usage, 'tokens that are kept for an hour stand apart: writing them costs more'],
		[path, 'a faster tier is reserved and settled at its price'],
		[
			`${gateway}/llm/upstream/translate.test.ts`,
			'and is lost in the middle may have served, so its reservation stands',
		],
	],
	'parallel calls exceed a budget, or it has holes': [
		[guarantees, 'are never exceeded by calls that come at once'],
		[guarantees, 'take nothing for a reservation that comes after its settlement'],
		[
			'packages/server/src/gateway-store/ports.service.test.ts',
			'is never exceeded by parallel calls of two replicas, and a settlement gives back what was not used',
		],
		[`${gateway}/pipeline/steps/enter.cases.test.support.ts`, 'a price that nobody knows, when the policy says so'],
		[
			`${gateway}/pipeline/steps/enter.cases.test.support.ts`,
			'a price that nobody knows, at more than any list says, when nothing states a ceiling',
		],
		[`${gateway}/pipeline/shelf.test.ts`, 'the 32 steps are those that policy knows, in the same order'],
	],
	'an MCP session is half alive': [
		[mcp, 'a request whose session header was dropped is refused, and no session is made of it'],
		[mcp, 'a session goes on at a second replica, which never saw it begin'],
		[
			mcp,
			'an answer to a question in the middle of a call, of a client that speaks %s, is told at a second replica to try again, and arrives at the first',
		],
		[
			mcp,
			'one upstream that is killed is said to be gone; the other goes on, and the dead one is found again when it returns',
		],
	],
	'who may use a server is mistaken, or its credential goes elsewhere': [
		[mcp, 'a token that was made up or changed is nobody, and is told what opens the door'],
		[mcp, 'what was granted of one server grants nothing of another, nor of one that was removed'],
		[mcp, 'a credential crosses to no other origin, %s'],
		[guarantees, 'that was believed at one door is nobody at another'],
		[guarantees, 'that was believed is nobody once the keys of its org are others'],
		[`${gateway}/pipeline/steps/enter.cases.test.support.ts`, 'a token of the broker at the door for models'],
		[`${gateway}/mcp/broker.test.ts`, 'that is dead is said to be, and takes only its own tools along'],
		[
			mcp,
			'a server that is gone is no server without tools: its lists are errors, and among others only its own are missing',
		],
	],
	'a rule reads a field that is not there': [
		['packages/policy/src/rego/level-program.test.ts', 'refuses a decision rule whose fields are never there together'],
	],
	'what fails lets through': [
		[`${gateway}/pipeline/faults.test.ts`, 'blocks: %s on a call of a %s'],
		[
			`${gateway}/pipeline/faults.test.ts`,
			'a refusal that meets a broken settlement is still a refusal, and still recorded',
		],
		[`${gateway}/pipeline/faults.test.ts`, 'blocks a tool call that a model asks for: %s'],
		[`${gateway}/pipeline/faults.test.ts`, 'blocks the result of a tool: %s'],
		[path, 'an audit log that takes nothing lets nothing out'],
	],
	'of two doors one is guarded': [
		[doors, 'every route asks who calls before anything else, and what reaches a model or a tool passes the pipeline'],
		[mcp, '%s reaches no server under a policy that does not allow it'],
		[mcp, 'what a client answers to a server that speaks %s is judged like arguments'],
	],
	'a policy is said to be in force before it is': [
		['e2e/operator.service.test.ts', 'is waited for, shown by its own name, and cut off'],
	],
	'a dependency that moved breaks what was shipped': [
		['e2e/npm-pack.service.test.ts', 'tappass-cli helps, checks policy, and streams an answer'],
	],
};

test.each(
	Object.entries(classes).flatMap(([name, tests]) => tests.map(([file, title]) => [name, file, title] as const)),
)('%s: %s has the test "%s"', (_, file, title) => {
	const source = readFileSync(join(root, file), 'utf8');

	expect(["'", '"', '`'].some((quote) => source.includes(`${title}${quote}`))).toBe(true);
});
