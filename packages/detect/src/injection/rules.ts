/**
 * Wordings that are attacks by themselves. A rule begins at a telling word and reads on over a bounded number of characters;
 * no part of a pattern can match what its neighbour matches.
 */
import { isWordChar } from '../text/chars.ts';
import { WordIndex } from '../text/word-index.ts';

export interface RuleMatch {
	readonly name: string;
	readonly start: number;
	readonly end: number;
	readonly confidence: number;
}
export interface Rule {
	readonly name: string;
	readonly words: string;
	readonly pattern: RegExp;
	readonly confidence: number;
}

export const rules: readonly Rule[] = [
	{
		name: 'instruction_override',
		words: 'ignore disregard forget overlook override bypass neglect',
		pattern:
			/[a-z]{2,12} (?:about )?(?:all |any |every |the |your |my |of |these |those |everything |what(?:ever)? ){0,4}(?:previous|prior|above|preceding|earlier|former|foregoing|past|initial|original|existing|system)(?: and (?:following|above|prior))? ?(?:system )?(?:instructions?|directives?|directions?|prompts?|commands?|rules?|guidelines?|orders|messages?|context|text|input|training|programming|conversation)/iy,
		confidence: 0.97,
	},
	{
		name: 'instruction_override',
		words: 'ignore disregard forget',
		pattern:
			/[a-z]{2,12} (?:all |everything )?(?:of )?(?:your|the|these|those) (?:instructions|guidelines|directives|programming|training|restrictions|safety rules)/iy,
		confidence: 0.9,
	},
	{
		name: 'instruction_override',
		words: 'ignore disregard forget',
		pattern:
			/[a-z]{2,12} (?:everything|all(?: that)?|anything|whatever|what) (?:you(?:'ve| have| were|'re)?|i(?:'ve| have)?|was) (?:been |ever )?(?:told|instructed|learn\w{0,3}|said|given|taught|written)/iy,
		confidence: 0.95,
	},
	{
		name: 'prompt_extraction',
		words: 'reveal print show repeat output display tell give share expose leak dump recite provide what',
		pattern:
			/[a-z]{2,12}(?:'s| is| are| was| were)? (?:me |us |back |out |verbatim |the |full |entire |exact |complete |content of |contents of |of |all |your |hidden |secret |initial |original ){0,7}(?:system prompt|system message|system instructions|initial prompt|initial instructions|hidden instructions|original instructions|pre-?prompt|prompt instructions)/iy,
		confidence: 0.92,
	},
	{
		name: 'jailbreak_persona',
		words: 'do developer jailbreak jailbroken unfiltered dan',
		pattern:
			/(?:do anything now|developer mode (?:enabled|on|output|activated)|jailbr(?:eak|oken) mode|unfiltered and amoral|dan mode)/iy,
		confidence: 0.95,
	},
	{
		name: 'role_marker',
		words: 'system im_start inst sys',
		pattern:
			/(?:im_start\|>\s?(?:system|assistant)|inst\]|sys>>|system\]? ?[:>] ?(?:you are now|new instructions|override|ignore))/iy,
		confidence: 0.9,
	},
	{
		name: 'credential_request',
		words: 'what tell share give provide reveal confirm show need',
		pattern:
			/(?<!(?:never|not|n't|to|should i|or) )(?:what(?:'s| is| was| would)|tell me|share(?: with me)?|give me|provide|reveal|confirm|show me|need)(?: me| us| with me)? (?:your|our system'?s?|the system'?s?) (?:system |secret |admin |root |master |own )?(?:password|passphrase|passcode|pass ?code phrase|passcode phrase|secret key|secret phrase|secret word)\b(?! (?:policy|manager|reset|polic|rules|requirement|strength|hash))/iy,
		confidence: 0.8,
	},
	{
		name: 'user_data_request',
		words: 'what tell give share where provide reveal show encode translate',
		pattern:
			/(?:what(?:'s| is| are| was)|tell me|give me|share|where|provide|reveal|show me|encode|translate)(?: me)?(?: does| is)?(?: the (?:first|last|square|sum|second|third)(?: \w{1,8}){0,3} of)? the user(?:(?:'s|s'|’s)(?: (?:current|full|first|last|home))? (?:e-?mail|birth|address|initials|password|location|home|city|name|bank|balance|phone|age|favorite)| (?:currently |now )?(?:lives?|located|from|reside)\b)/iy,
		confidence: 0.75,
	},
	{
		name: 'prompt_extraction',
		words: 'repeat print output show translate encode beginning starting what were was',
		pattern:
			/(?:(?:repeat|print|output|show(?: me)?|recite) (?:(?:all |everything |the |this |entire |whole |text |content |words |conversation |message ){1,5}(?:above|back to me|that came before|before this))|(?:what|everything) (?:were|was) you (?:told|instructed|given) (?:before|initially|at the (?:start|beginning))|(?:beginning|starting) with ["'“](?:you are|my instructions))/iy,
		confidence: 0.85,
	},
	{
		name: 'indirect_address',
		words: 'ai llm assistant assistants agents notice note instruction',
		pattern:
			/(?:(?:ai|llm)s?(?: language)? (?:assistants?|agents?|models?|systems?)|assistants?|agents|notice|note|instruction)(?: (?:to|for) (?:the |all |any )?(?:ai|llm)(?: (?:agents?|assistants?|models?))?| (?:reading|processing|summari[sz]ing|parsing) (?:this|these|the))[^.\n]{0,40}?(?:must|should|shall|:|ignore|are (?:required|instructed))/iy,
		confidence: 0.8,
	},
	{
		name: 'priority_claim',
		words: 'takes take has overrides supersedes',
		pattern:
			/(?:(?:takes?|has) (?:priority|precedence) over|overrides|supersedes) (?:the |all |any |your )?(?:user|previous|prior|earlier|other|system|original)(?:'s|’s)? (?:request|instructions?|prompts?|task|messages?|rules?|question)/iy,
		confidence: 0.8,
	},
	{
		name: 'concealment',
		words: 'do don never without',
		pattern:
			/(?:do not|don(?:'|’)t|never|without) (?:mention(?:ing)?|tell(?:ing)?|inform(?:ing)?|reveal(?:ing)?|notify(?:ing)?|alert(?:ing)?)(?: this| that| it| about this)? ?(?:to )?(?:the |your )user\b/iy,
		confidence: 0.7,
	},
	{
		name: 'never_refuse',
		words: 'never without must',
		pattern:
			/(?:never (?:refuse|say no|decline|warn the user|break character|apologi[sz]e)|without (?:any )?(?:restrictions|ethical (?:guidelines|considerations)|moral guidelines|censorship|disclaimers?)|must (?:obey|comply with) (?:all|every|my|any))/iy,
		confidence: 0.7,
	},
];

const byWord: WordIndex<readonly Rule[]> = index();
function index(): WordIndex<readonly Rule[]> {
	const map = new Map<string, Rule[]>();
	for (const rule of rules)
		for (const word of rule.words.split(' ')) {
			const list = map.get(word);
			if (list === undefined) map.set(word, [rule]);
			else list.push(rule);
		}
	return new WordIndex(map);
}

/** Rules that hold in `text`; one match for each place. */
export function matchRules(text: string): readonly RuleMatch[] {
	const found: RuleMatch[] = [];
	for (let at = 0; at < text.length && found.length < 100; ) {
		if (!isWordUnit(text.charCodeAt(at))) {
			at += 1;
			continue;
		}
		const start = at;
		while (at < text.length && isWordUnit(text.charCodeAt(at))) at += 1;
		if (at - start > 12 || at - start < 2) continue;
		for (const { name, pattern, confidence } of byWord.get(text, start, at) ?? []) {
			pattern.lastIndex = start;
			if (!pattern.test(text)) continue;
			found.push({ name, start, end: pattern.lastIndex, confidence });
			break;
		}
	}
	return found;
}
function isWordUnit(code: number): boolean {
	return isWordChar(code) || code === 95;
}
