import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { detectCompression } from '../src/index.ts'
import { bytes } from './bodies.ts'

describe('detectCompression', () => {
  test.each([
    ['gzip', gzipSync('x')],
    ['zstd', zstdCompressSync(bytes('x'))],
    ['zstd', Uint8Array.of(0x50, 0x2a, 0x4d, 0x18)],
    ['zstd', Uint8Array.of(0x5f, 0x2a, 0x4d, 0x18)],
    ['bzip2', bytes('BZh91AY&SY')],
    ['xz', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)],
    ['none', bytes('plain text')],
    ['none', new Uint8Array(0)],
    ['none', new Uint8Array(512)],
    ['none', Uint8Array.of(0x1f)],
    ['none', Uint8Array.of(0x60, 0x2a, 0x4d, 0x18)],
    ['none', Uint8Array.of(0x50, 0x2a, 0x4d)],
    ['none', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a)],
  ] as const)('%s', (compression, head) => {
    expect(detectCompression(head)).toBe(compression)
  })
})
