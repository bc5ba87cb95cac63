import { readFileSync } from 'node:fs'
import { ImageError } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatAciManifest, parseAciManifest } from '../../src/index.ts'

interface Row {
  readonly in: string
  readonly error?: string
  readonly normalized?: object
}

const { rows }: { rows: readonly Row[] } = JSON.parse(
  readFileSync(new URL('../fixtures/appc/image-manifest.json', import.meta.url), 'utf8'),
)

/** Names that become paths: upstream takes empty components. */
const REFUSED_HERE = new Set(['{"acKind":"ImageManifest","acVersion":"0.8.11","name":"a..b//c"}'])

const isAccepted = ({ in: text, error }: Row): boolean => error === undefined && !REFUSED_HERE.has(text)
const accepted = rows.filter(isAccepted)
const refused = rows.filter((row) => !isAccepted(row))

function parse(text: string): ReturnType<typeof parseAciManifest> {
  return parseAciManifest(new TextEncoder().encode(text))
}

function written(text: string): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(formatAciManifest(parse(text))))
}

/** Upstream keeps that `exec` was null, and does not keep zeros before a number. */
function asWritten(document: object): unknown {
  return JSON.parse(JSON.stringify(document).replace('"exec":null', '"exec":[]'))
}

function withoutZeros(document: object): unknown {
  return JSON.parse(JSON.stringify(document).replace('"acVersion":"01.', '"acVersion":"1.'))
}

describe('manifests that the reader of appc was asked about', () => {
  it('has all of them', () => expect(rows).toHaveLength(133))

  it.each(refused)('refuses $in', ({ in: text }) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'ImageError', code: 'INVALID_DATA' }))
  })

  it.each(accepted)('reads $in', ({ in: text, normalized }) => {
    expect(withoutZeros(written(text))).toStrictEqual(asWritten(normalized!))
  })

  it('reads what it writes as the same', () => {
    for (const { in: text } of accepted) {
      const manifest = parse(text)
      expect(parseAciManifest(formatAciManifest(manifest))).toStrictEqual(manifest)
    }
  })
})

describe('what appc does not see', () => {
  const base = '"acKind":"ImageManifest","acVersion":"0.8.11"'

  it.each(['a/../b', 'a/./b', '../a', 'a//b', 'a/..'])('refuses the name %s', (name) => {
    expect(() => parse(`{${base},"name":"${name}"}`)).toThrow(/component|both ends/)
  })

  it('refuses a member that is there twice in different case', () => {
    expect(() => parse(`{${base},"name":"a","NAME":"b"}`)).toThrow('"name" is there twice')
  })

  it('takes __proto__ for a name like others', () => {
    const { app } = parse(`{${base},"name":"a","app":{"user":"0","group":"0","userLabels":{"__proto__":"x"}}}`)
    expect(Object.entries(app!.userLabels)).toStrictEqual([['__proto__', 'x']])
  })

  it('says where and what', () => {
    expect(() =>
      parse(`{${base},"name":"a","labels":[{"name":"os","value":"linux"},{"name":"arch","value":"arm64"}]}`),
    ).toThrow('App Container manifest: labels: the architecture for linux must be one of amd64, i386, aarch64')
  })

  it('never fails in another way', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(failureOf(() => parse(text))).toSatisfy((reason) => reason === undefined || reason instanceof ImageError)
      }),
    )
  })
})

function failureOf(work: () => unknown): unknown {
  try {
    work()
    return undefined
  } catch (reason) {
    return reason
  }
}
