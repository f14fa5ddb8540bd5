/**
 * Random bytes out of a pool that is filled some thousand at a time: to ask the system for ten costs as much. No byte is given twice.
 * @param fill fills with random bytes, or throws
 */
export function randomPool(fill: (bytes: Uint8Array) => void, size = 4_096): (count: number) => Uint8Array {
	const pool = new Uint8Array(size);
	let used = size;
	return (count) => {
		if (count > size) {
			const own = new Uint8Array(count);
			fill(own);
			return own;
		}
		if (used + count > size) {
			// Until it is filled there is nothing in it.
			used = size;
			fill(pool);
			used = 0;
		}
		used += count;
		const given = pool.slice(used - count, used);
		pool.fill(0, used - count, used);
		return given;
	};
}
