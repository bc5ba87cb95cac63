import { readFileSync } from 'node:fs'
import { digestOf } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { formatAciImageId, parseAciImageId } from '../../src/index.ts'
import { checkAciHash } from '../../src/aci/image-id.ts'

interface Row {
  readonly in: string
  readonly out?: string
}

const rows: readonly Row[] = JSON.parse(
  readFileSync(new URL('../fixtures/appc/image-id.json', import.meta.url), 'utf8'),
)

const good = rows.filter(({ out }) => out !== undefined)
const bad = rows.filter(({ out }) => out === undefined)

describe('hashes', () => {
  it.each(good)('takes $in', ({ in: text, out }) => expect(checkAciHash(text, 'it')).toBe(out))

  it.each(bad)('refuses $in', ({ in: text }) => {
    expect(() => checkAciHash(text, 'it')).toThrow('it must be "sha512-"')
  })
})

describe('image IDs', () => {
  it('stand for digests', () => {
    const digest = digestOf(new Uint8Array(3), 'sha512')
    expect(parseAciImageId(formatAciImageId(digest))).toBe(digest)
  })

  it.each(['sha512-ab', `sha512-${'a'.repeat(64)}`, `sha512-${'g'.repeat(128)}`])('are whole: not %s', (text) => {
    expect(() => parseAciImageId(text)).toThrow('is no whole image ID')
  })
})
