import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { noise } from './bodies.ts'

const text = Buffer.from(Array.from({ length: 3000 }, (_, line) => `line ${line} of a file\n`).join(''))
const small = Buffer.from('a line of text, a line of text')
const empty = Buffer.alloc(0)

/** What the samples in `fixtures/packed` hold. */
export const contents = {
  text,
  lines: Buffer.from(Array.from({ length: 12_000 }, (_, line) => `line ${line * 7919} of a file\n`).join('')),
  repeated: Buffer.concat(Array.from({ length: 50 }, () => text)),
  small,
  zeros: Buffer.alloc(1_000_000),
  noise: noise(5000),
  empty,
} as const

/** Every sample that can be unpacked. */
export const samples: readonly (readonly [name: string, content: Buffer])[] = [
  ['text-none.xz', text],
  ['text-crc32.xz', text],
  ['text-crc64.xz', text],
  ['text-sha256.xz', text],
  ['small.xz', small],
  ['empty.xz', empty],
  ['noise.xz', contents.noise],
  ['zeros.xz', contents.zeros],
  ['blocks.xz', text],
  ['blocks-with-sizes.xz', text],
  ['streams-padded.xz', Buffer.concat([text, small, text])],
  ['lc0-lp4-pb0.xz', text],
  ['lc4-lp0-pb4.xz', contents.lines],
  ['small-dictionary.xz', text],
  ['wrapping.xz', contents.repeated],
  ['dictionary-64m.xz', small],
  ['text.bz2', text],
  ['small.bz2', small],
  ['empty.bz2', empty],
  ['noise.bz2', contents.noise],
  ['zeros.bz2', contents.zeros],
  ['lines-1.bz2', contents.lines],
  ['lines-9.bz2', contents.lines],
  ['twice.bz2', Buffer.concat([text, text])],
  ['streams.bz2', Buffer.concat([text, small])],
  ['named.gz', text],
  ['level-1.gz', text],
  ['members.gz', Buffer.concat([text, small])],
  ['frames.zst', Buffer.concat([text, small])],
  ['pzstd.zst', text],
  ['window-128m.zst', text],
]

export function packedSample(name: string): Buffer {
  return readFileSync(new URL(`fixtures/packed/${name}`, import.meta.url))
}

/** The same with other bytes from `at` on. */
export function altered(packed: Buffer, at: number, ...bytes: readonly number[]): Buffer {
  const copy = Buffer.from(packed)
  copy.set(bytes, at < 0 ? copy.byteLength + at : at)
  return copy
}

/** The same with the CRC-32 of bytes `from` to `to` written where it fits: behind them, unless said otherwise. */
export function sealed(packed: Buffer, { from, to, at = to }: { from: number; to: number; at?: number }): Buffer {
  const copy = Buffer.from(packed)
  copy.writeUInt32LE(crc32(copy.subarray(from, to)), at)
  return copy
}
