/**
 * The filter on system calls that every process of a sandbox runs under (seccomp, classic BPF). It takes away what no agent
 * needs and what has let programs out of sandboxes before; files, network and processes are the namespaces' to hold.
 */

/** What the filter is built for. */
export interface FilterOptions {
	/** `process.arch` of this machine. */
	readonly architecture: string;
	/** Whether unix sockets may be made: not where mounts show directories of the host in which services may listen. */
	readonly unixSockets: boolean;
}

interface Machine {
	/** AUDIT_ARCH_*, linux/audit.h. */
	readonly audit: number;
	/** Calls refused whatever their arguments, in this machine's numbers. */
	readonly refused: readonly number[];
	readonly socket: number;
	readonly ioctl: number;
	/** Calls from here on are of another numbering (x32), which the list would not meet. */
	readonly otherNumbering?: number;
}
/**
 * io_uring_* (does other calls' work unseen by this filter), bpf, perf_event_open, userfaultfd, add_key, request_key, keyctl,
 * kexec_*, *_module, open_by_handle_at, mount, umount2, pivot_root, unshare, and the mount calls that came later. Not setns, by which `shell` enters.
 * Numbers: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
 */
const later = [425, 426, 427, 428, 429, 430, 431, 432, 433, 442];
const machines: Readonly<Record<string, Machine>> = {
	x64: {
		audit: 0xc000003e,
		refused: [...later, 321, 298, 323, 248, 249, 250, 246, 320, 175, 176, 313, 304, 165, 166, 155, 272],
		socket: 41,
		ioctl: 16,
		otherNumbering: 0x40000000,
	},
	arm64: {
		audit: 0xc00000b7,
		refused: [...later, 280, 241, 282, 217, 218, 219, 104, 294, 105, 106, 273, 265, 40, 39, 41, 97],
		socket: 198,
		ioctl: 29,
	},
};
/** AF_INET, AF_INET6, AF_NETLINK: the rest (vsock, which no namespace holds; alg; packet …) has no use in here. */
const families = [2, 10, 16];
const unixFamily = 1;
/** TIOCSTI and TIOCLINUX push input into a terminal that a person types at. */
const terminalInput = [0x5412, 0x541c];

const load = 0x20; // BPF_LD | BPF_W | BPF_ABS
const equal = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const atLeast = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const answer = 0x06; // BPF_RET | BPF_K
const allow = 0x7fff0000;
const refuse = 0x00050001; // SECCOMP_RET_ERRNO | EPERM
const killProcess = 0x80000000;
/** Offsets in struct seccomp_data: call number, architecture, low words of the first two arguments (little-endian). */
const callNumber = 0;
const architectureAt = 4;
const [firstArgument, secondArgument] = [16, 24];

type Instruction = readonly [code: number, whenTrue: number, whenFalse: number, value: number];

/** The program as bwrap reads it, or undefined for a machine whose calls this table does not know. */
export function seccompFilter({ architecture, unixSockets }: FilterOptions): Buffer | undefined {
	const machine = Object.hasOwn(machines, architecture) ? machines[architecture] : undefined;
	if (machine === undefined) return undefined;
	const allowed = unixSockets ? [unixFamily, ...families] : families;
	const program: readonly Instruction[] = [
		[load, 0, 0, architectureAt],
		[equal, 1, 0, machine.audit],
		[answer, 0, 0, killProcess],
		[load, 0, 0, callNumber],
		...(machine.otherNumbering === undefined ? [] : unless([atLeast, machine.otherNumbering], refuse)),
		...machine.refused.flatMap((call) => unless([equal, call], refuse)),
		...within(machine.socket, firstArgument, [
			...allowed.flatMap((family) => unless([equal, family], allow)),
			[answer, 0, 0, refuse],
		]),
		...within(machine.ioctl, secondArgument, [
			...terminalInput.flatMap((request) => unless([equal, request], refuse)),
			[answer, 0, 0, allow],
		]),
		[answer, 0, 0, allow],
	];
	const bytes = Buffer.alloc(program.length * 8);
	program.forEach(([code, whenTrue, whenFalse, value], index) => {
		bytes.writeUInt16LE(code, index * 8);
		bytes.writeUInt8(whenTrue, index * 8 + 2);
		bytes.writeUInt8(whenFalse, index * 8 + 3);
		bytes.writeUInt32LE(value, index * 8 + 4);
	});
	return bytes;
}

/** Answers when the loaded word passes the test, else goes on. */
function unless([test, value]: readonly [number, number], result: number): readonly Instruction[] {
	return [
		[test, 0, 1, value],
		[answer, 0, 0, result],
	];
}

/** Looks at an argument of one call; `rules` end in an answer. */
function within(call: number, argument: number, rules: readonly Instruction[]): readonly Instruction[] {
	return [[equal, 0, rules.length + 1, call], [load, 0, 0, argument], ...rules];
}
