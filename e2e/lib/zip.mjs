// Reads a zip archive by its central directory, as an unpacker would.

import { crc32 } from 'node:zlib';
import { inflateRawSync } from 'node:zlib';

/** The files of an archive, by name. Fails on anything that is not whole. */
export function unzip(archive) {
	const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
	if (end < 0) throw new Error('no end of the central directory');
	let { count, at } = directory(archive, end);
	const files = new Map();
	for (; count > 0; count -= 1) {
		if (archive.readUInt32LE(at) !== 0x02014b50) throw new Error('a broken central directory');
		const [name, extra, comment] = [28, 30, 32].map((place) => archive.readUInt16LE(at + place));
		const path = archive.toString('utf8', at + 46, at + 46 + name);
		if (!path.endsWith('/'))
			files.set(path, contents(archive, at, archive.subarray(at + 46 + name, at + 46 + name + extra)));
		at += 46 + name + extra + comment;
	}
	return files;
}

function directory(archive, end) {
	const locator = end - 20;
	if (locator >= 0 && archive.readUInt32LE(locator) === 0x07064b50) {
		const wide = Number(archive.readBigUInt64LE(locator + 8));
		return { count: Number(archive.readBigUInt64LE(wide + 32)), at: Number(archive.readBigUInt64LE(wide + 48)) };
	}
	return { count: archive.readUInt16LE(end + 10), at: archive.readUInt32LE(end + 16) };
}

function contents(archive, entry, extra) {
	const method = archive.readUInt16LE(entry + 10);
	const sum = archive.readUInt32LE(entry + 16);
	const narrow = {
		packed: archive.readUInt32LE(entry + 20),
		plain: archive.readUInt32LE(entry + 24),
		at: archive.readUInt32LE(entry + 42)
	};
	const { packed, at } = widened(narrow, extra);
	const start = at + 30 + archive.readUInt16LE(at + 26) + archive.readUInt16LE(at + 28);
	const body = archive.subarray(start, start + packed);
	const bytes = method === 8 ? inflateRawSync(body) : Buffer.from(body);
	if (crc && crc(bytes) !== sum) throw new Error('a checksum is wrong');
	return bytes;
}

/** Sizes and places that do not fit into 32 bits stand in an extra field, in this order. */
function widened(narrow, extra) {
	const wide = { ...narrow };
	for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
		if (extra.readUInt16LE(at) !== 1) continue;
		let place = at + 4;
		for (const name of ['plain', 'packed', 'at']) {
			if (narrow[name] !== 0xffffffff) continue;
			wide[name] = Number(extra.readBigUInt64LE(place));
			place += 8;
		}
	}
	return wide;
}

/** Not every Node has it. */
const crc = typeof crc32 === 'function' ? crc32 : undefined;
