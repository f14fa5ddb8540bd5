/**
 * Words whose inner letters were shuffled ("ingroe all prveiuos"): a reader, and a model, still reads them. Shuffling leaves
 * a word its ends and its letters, and these are what a word is looked up by. Words of the list are put right, others stay.
 */
import { mix } from '../text/tokens.ts';

/** Words that attacks are made of, then common ones, the commoner of two that look alike first. */
const dictionary =
	'ignore disregard forget previous prior above following instructions instruction directions directives commands command rules rule guidelines prompt prompts system systems password passwords secret secrets passphrase passcode reveal repeat print output outputs display conversation developer administrator override mode message messages response responses respond reply answer answers question questions translate pretend imagine everything confidential user users email address current currently location located country countries capital start begin beginning continue before after please provide provided information account access security article encoding encode decode reverse restrictions restriction unrestricted initial original text word words verbatim hidden debugging troubleshooting opposite assistant language model explain describe discussing discuss hypothetical hypothetically ' +
	'with your that this from tell give show share have been told will what when where while which would could should about there their these those they them then than some such same only over most more many much make makes made making take takes taken taking come comes coming know known knows like likes just into your yours other others another because between without within through during against under until again always never every each both being does doing done good great little long last first second third right left high world life time times year years day days week weeks month months today tomorrow yesterday work works working worked people person persons child children woman women friend friends family house home school city town state states government company business number numbers part parts place places point points hand hands case cases fact facts group groups problem problems thing things ' +
	'write writes writing written wrote read reads reading speak speaking talk talking call called calls calling asked asks asking help helps helping need needs needed want wants wanted find finds found think thinks thought feel feels look looks looking seem seems leave keep keeps begin turn turns turned play plays playing move moves moved live lives living believe bring brings happen happens stand hear heard watch watching follow follows stop stops create creates created creating learn learns learning change changes changed open opens close closed sell send sends sent build builds built form forms list lists line lines code codes data file files name names names page pages table tables step steps example examples order orders process service services result results report reports research study studies paper papers story stories poem poems letter letters sentence sentences paragraph book books movie movies film song songs music game games character characters scene plan plans project projects ' +
	'important different possible general special certain clear simple difficult easy easily true false real really actually likely probably perhaps maybe especially usually often sometimes several enough almost around along across behind beyond since still later early earlier soon next ever even also however therefore although though despite instead rather quite very well better best worse worst less least large small young older human humans history historical science scientific scientist technology computer computers machine network networks neural train training trained software program programs programming function functions variable value values return returns import class method methods object string list array error errors server servers website internet online phone mobile money bank banks credit card cards price market health medical doctor hospital medicine disease drug drugs chemical compound formula energy power water food cooking recipe climate weather temperature global planet earth country ocean beach ' +
	'society societies social political politics religion culture law laws legal police crime criminal illegal attack attacks weapon weapons bomb dangerous safe safety risk risks protect protection privacy private personal public meeting agree agreed agrees suppose assure ensure allow allowed allows require required requires include includes included including contain contains consider considered discover manage managed ancient civilization civilizations modern future expert experts teacher student students employee employees customer customers manager director president minister action actions items item based subject subjects recipient audit review complete full whole entire';
/** Words that only look as if letters had been shuffled. */
const plain =
	'cloud three quiet except expect trail trial angle angel diary dairy united untied sacred scared bread beard';

/** A number without a pattern for each letter: the sum of several does not depend on their order. */
const weights: Int32Array = Int32Array.from({ length: 32 }, (_, letter) => mix(letter, 60));

/** Words by their outlines; the first of a list is what a shuffled word is read as. */
const byOutline: ReadonlyMap<number, readonly string[]> = Map.groupBy(
	new Set(`${dictionary} ${plain}`.split(' ').filter((word) => word.length >= 4)),
	(word) => outlineOf(word, 0, word.length),
);

/** First letter, last letter, and which letters stand between, in whichever case and order. */
function outlineOf(text: string, start: number, end: number): number {
	let sum = 0;
	for (let at = start + 1; at < end - 1; at += 1) sum += weights[text.charCodeAt(at) & 31]!;
	const ends = ((text.charCodeAt(start) & 31) << 5) | (text.charCodeAt(end - 1) & 31);
	return Math.imul(sum ^ (end - start), 0x85ebca6b) ^ Math.imul(ends + 1, 0xc2b2ae35);
}

/** What the word of `text` from `start` to `end` is when it is shuffled, undefined when it is as it should be. */
function intended(text: string, start: number, end: number): string | undefined {
	const words = byOutline.get(outlineOf(text, start, end));
	if (words === undefined) return undefined;
	const written = text.slice(start, end).toLowerCase();
	// A word that is written backwards is another matter.
	return words.some((word) => word === written || isReverse(word, written)) ? undefined : words[0];
}

function isReverse(word: string, written: string): boolean {
	for (let at = 0; at < word.length; at += 1) if (word[at] !== written[word.length - 1 - at]) return false;
	return true;
}

/** Whether the word of `text` from `start` to `end` is a shuffled form of a word of the list. */
export function mayBeShuffled(text: string, start: number, end: number): boolean {
	return end - start >= 4 && end - start <= 16 && intended(text, start, end) !== undefined;
}

/** `text` with shuffled words put right, or undefined when fewer than two were. */
export function unscramble(text: string): string | undefined {
	let count = 0;
	const restored = text.replace(/[A-Za-z]{4,16}/g, (written) => {
		const word = intended(written, 0, written.length);
		if (word === undefined) return written;
		count += 1;
		return word;
	});
	return count >= 2 ? restored : undefined;
}
