import { basename } from 'node:path'
import { digestOf } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { folderPaths, instancePath, parseFileName, signaturePath } from '../../src/folder/paths.ts'

const paths = folderPaths('/d')
const sha256 = digestOf(new Uint8Array())
const sha512 = digestOf(new Uint8Array(), 'sha512')
const [hex256, hex512] = [sha256.slice(7), sha512.slice(7)]

function read(path: string): unknown {
  return parseFileName(basename(path))
}

describe('names of files', () => {
  it.each([
    [paths.blobs.pathOf(sha256), `/d/${hex256}`],
    [paths.blobs.pathOf(sha512), `/d/sha512-${hex512}`],
    [instancePath(paths, sha256), `/d/${hex256}.manifest.json`],
    [instancePath(paths, sha512), `/d/sha512-${hex512}.manifest.json`],
    [signaturePath(paths, undefined, { number: 1 }), '/d/signature-1'],
    [signaturePath(paths, sha256, { number: 12 }), `/d/${hex256}.signature-12`],
    [signaturePath(paths, sha512, { number: 2 }), `/d/sha512-${hex512}.signature-2`],
  ])('%s', (path, expected) => {
    expect(path.replaceAll('\\', '/')).toBe(expected)
  })

  it('are read back', () => {
    const digest = fc
      .tuple(fc.uint8Array({ maxLength: 4 }), fc.constantFrom('sha256' as const, 'sha512' as const))
      .map(([bytes, algorithm]) => digestOf(bytes, algorithm))
    fc.assert(
      fc.property(digest, fc.integer({ min: 1, max: 999_999_999 }), (one, number) => {
        expect(read(paths.blobs.pathOf(one))).toEqual({ kind: 'blob', digest: one })
        expect(read(instancePath(paths, one))).toEqual({ kind: 'instance', digest: one })
        for (const owner of [undefined, one]) {
          expect(read(signaturePath(paths, owner, { number }))).toEqual({ kind: 'signature', digest: owner, number })
        }
      }),
    )
  })

  it.each([
    '',
    'manifest.json',
    'version',
    '.crossdock',
    'README.md',
    'signature-',
    'signature-0',
    'signature-01',
    'signature-1.txt',
    'signature-9999999999',
    'x.signature-1',
    '.signature-1',
    hex256.slice(1),
    hex256.toUpperCase(),
    `${hex256}.manifest`,
    `${hex256}.json`,
    `${hex256}.tar`,
    `${hex256}.manifest.json.signature-1`,
    `.manifest.json`,
    `sha256-${hex256}`,
    `sha512-${hex256}`,
    `md5-${hex256.slice(32)}`,
    hex512,
    `${hex256} `,
  ])('of others are none: %j', (name) => {
    expect(parseFileName(name)).toBeUndefined()
  })
})
