/**
 * What attacks speak of, in many languages: a word that begins with one of these stems says the concept, and the model learns
 * the concept rather than the word. Scripts without blanks are matched anywhere.
 */
import { isUnspaced } from '../text/chars.ts';

export const concepts = [
	'ignore',
	'previous',
	'instruction',
	'password',
	'reveal',
	'system',
	'prompt',
	'pretend',
	'rule',
	'unrestricted',
	'user_data',
	'encode',
	'repeat',
	'money',
	'answer',
	'authority',
] as const;

const stems: Readonly<Record<(typeof concepts)[number], string>> = {
	ignore:
		'ignor disregard forget overlook bypass overrid overrul neglect dismiss vergiss vergesse missacht ignorier olvid descart omit oubli neglig esquec desconsider dimentic trascur zapomnij zignoruj negeer vergeet glöm ignorera unut yoksay игнор забуд пропуст проигнор ignoruj abaikan lupakan bỏ अनदेखा अनदेखी उपेक्षा नज़रअंदाज़ भूल تجاهل انس تغاض উপেক্ষা αγνό ξέχασε huwag balewalain',
	previous:
		'previous prior above preceding earlier foregoing before vorherig vorig bisherig obig anterior previ précédent antérieur ci-dessus acima precedent sopra poprzedn powyższ vorige bovenstaand föregående ovan önceki yukarıda предыдущ вышеук выше ранее sebelumnya trước पिछल पूर्व ऊपर السابق أعلاه আগের προηγούμεν nakaraan',
	instruction:
		'instruction directive guideline command order directions anweisung instruktion befehl instruccion instrucción indicacion instruções instrução orden ordre consigne istruzion comand polecen instrukcj instructie opdracht instruktion talimat инструкц указан команд instruksi perintah hướng निर्देश आदेश تعليم أوامر নির্দেশ οδηγί tagubilin',
	password:
		'password passwort passcode passphrase passwd kennwort contraseña contrasena senha mot-de-passe passe parola hasło wachtwoord lösenord şifre parola пароль парол sandi khẩu पासवर्ड كلمة পাসওয়ার্ড κωδικ credential login pin secret geheim secreto secret segreto секрет गुप्त السر',
	reveal:
		'reveal disclos leak expose divulg share tell give show print output display dump list send verrat zeig teil nenn gib revel muestr mostr dime dis montr donne mostra rivel pokaż ujawnij toon göster söyle раскр покаж скаж назов tampilkan beri tiết बता दिखा साझा أخبر اكشف শেয়ার πες ibigay sabihin',
	system:
		'system developer admin root sudo systemprompt système sistema systém систем النظام सिस्टम সিস্টেম σύστημα sistem hệ',
	prompt: 'prompt context conversation initialization preamble configuration config kontext contexto',
	pretend:
		'pretend imagin roleplay act play simulat hypothetical suppose fiction character persona stell dir imagina finge imagine suppos immagin wyobraź stel tänk hayal представ вообраз bayangkan tưởng कल्पना तخيل تخيل কল্পনা φαντάσου isipin',
	rule: 'rule restriction limitation filter policy policies safeguard guardrail ethic moral regel regla règle regola zasad правил nilai quy नियम قواعد',
	unrestricted:
		'unrestricted unfiltered uncensored jailbr dan dude stan amoral unlimited unconditional anything evil freed anti-dan devmode unhinged',
	user_data:
		'email e-mail address birth birthdate birthday ssn account balance live location city initials location customer adresse dirección endereço indirizzo адрес почт जन्म पता ईमेल عنوان البريد ইমেল γενέθλι',
	encode:
		'encode decode base64 rot13 hex caesar cipher backward reverse leet emoji morse binary pig translate interlace concatenate letters spaces',
	repeat:
		'repeat echo verbatim copy recite restate wiederhol repite répète ripet powtórz herhaal повтор ulangi lặp दोहरा كرر পুনরাবৃত্তি',
	money: 'wallet bitcoin phishing malware ransomware exploit weapon bomb',
	answer:
		'respond reply answer say state antwort responde répond rispond odpowied antwoord ответ jawab trả उत्तर जवाब أجب উত্তর απάντησε',
	authority:
		'president god ceo boss authority administrator openai anthropic officer emergency urgent gott dios dieu prezydent бог भगवान الله 神',
};
/** Chinese, Japanese, Thai and Korean: where they begin. */
const unspaced: Readonly<Record<string, string>> = {
	ignore: '忽略 无视 無視 忘记 忘れ ละเว้น เพิกเฉย ไม่สนใจ 무시 잊어',
	previous: '之前 以前 前面 上述 上記 以上 先前 ก่อนหน้า ข้างต้น 이전 위의 앞의',
	instruction: '指令 指示 说明 命令 คําสั่ง คำสั่ง คําแนะนํา 지시 명령',
	password: '密码 密碼 口令 パスワード 暗証 รหัส 비밀번호 암호 비밀',
	reveal: '告诉 透露 显示 泄露 教えて 表示 บอก แสดง 알려 공유',
	system: '系统 系統 システム ระบบ 시스템',
	pretend: '假装 想象 扮演 想像 สมมติ จินตนาการ 상상 가정',
	user_data: '生日 邮箱 住址 地址 用户 ユーザー 住所 生年月日 ที่อยู่ ผู้ใช้ 사용자 주소',
	repeat: '重复 繰り返 ทําซ้ํา 반복',
	answer: '回答 回复 答え ตอบ 답변 대답',
};

/** First two units of a stem to the stems that begin so. */
const byHead: ReadonlyMap<number, readonly (readonly [stem: string, concept: number])[]> = index();
function index(): ReadonlyMap<number, readonly (readonly [string, number])[]> {
	const map = new Map<number, [string, number][]>();
	for (const [number, name] of concepts.entries())
		for (const stem of `${stems[name]} ${unspaced[name] ?? ''}`.split(' ')) {
			if (stem === '') continue;
			const list = map.get(headOf(stem, 0));
			if (list === undefined) map.set(headOf(stem, 0), [[stem, number]]);
			else list.push([stem, number]);
		}
	return map;
}
/** Two units as one number; one that nothing follows is no first unit of any other. */
function headOf(text: string, at: number): number {
	return at + 1 < text.length ? (text.charCodeAt(at) << 16) | text.charCodeAt(at + 1) : -1;
}

/** Number of the concept that the word at `start` says, or -1. Latin stems of up to four letters must be the whole word. */
export function conceptAt(lower: string, start: number, end: number): number {
	const list = byHead.get(headOf(lower, start));
	if (list === undefined) return -1;
	for (const [stem, concept] of list) {
		if (!lower.startsWith(stem, start)) continue;
		if (isUnspaced(stem.charCodeAt(0)) || isHangul(stem.charCodeAt(0))) return concept;
		if (stem.length > 4 || stem.charCodeAt(0) > 0x250 ? end - start >= stem.length : end - start === stem.length)
			return concept;
	}
	return -1;
}
function isHangul(code: number): boolean {
	return code >= 0xac00 && code <= 0xd7a3;
}
