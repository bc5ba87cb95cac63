import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ImageError } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AppName, formatAppName, formatCimd, parseAppName } from '../../src/index.ts'

interface NameRow {
  readonly in: string
  readonly name?: string
  readonly labels?: Readonly<Record<string, string>>
}

interface IdentifierRow {
  readonly in: string
  readonly acIdentifier: string
}

function recorded(name: string): string {
  return readFileSync(join(import.meta.dirname, '../fixtures/appc', name), 'utf8')
}

const names: readonly NameRow[] = JSON.parse(recorded('app-string.json'))
const identifiers: readonly IdentifierRow[] = JSON.parse(recorded('identifiers.json'))

function verdict(text: string): AppName | undefined {
  try {
    return parseAppName(text)
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'INVALID_REFERENCE') return undefined
    throw reason
  }
}

describe('recorded names', () => {
  it.each(names)('$in', (row) => {
    const app = verdict(row.in)
    expect(app?.name).toBe(row.name)
    expect(app && Object.fromEntries(app.labels)).toEqual(row.labels)
  })
})

describe('recorded identifiers', () => {
  /** rkt took them, and made paths of them. */
  const refused = new Set(['a//b', 'a/./b', 'a/../b'])

  /** Names with a version, which is no part of an identifier. */
  const versioned = new Set(['a:b', 'registry-1.docker.io/library/busybox-sha256:abc'])

  it.each(identifiers)('$in', (row) => {
    const accepted = row.acIdentifier === 'ok' && !refused.has(row.in)
    expect(verdict(row.in) !== undefined).toBe(accepted || versioned.has(row.in))
    expect(verdict(`x,${row.in}=1`) !== undefined).toBe(accepted)
  })
})

describe('URIs of rkt', () => {
  it.each([
    ['cimd:appc:v=0:example.com/app01', 'example.com/app01'],
    ['cimd:appc:v=0:example.com%2Fapp01', 'example.com/app01'],
    ['cimd:appc:0:example.com/app01', 'example.com/app01'],
    ['cimd:appc:v=1:example.com/app01', 'example.com/app01'],
    ['cimd:appc:v=0:example.com/app01?version=v1.0.0', 'example.com/app01:v1.0.0'],
    ['cimd:appc:v=0:example.com/app01?label01=%3F%26%2A%2F&version=v1.0.0', 'example.com/app01:v1.0.0,label01=?&*/'],
    ['cimd:appc:v=0:example.com/app01?label01=?%26%2A/&version=v1.0.0', 'example.com/app01:v1.0.0,label01=?&*/'],
    ['cimd:appc:v=0:a?b=c+d', 'a,b=c d'],
    ['cimd:appc:v=0:a?', 'a'],
    // Two parts are a name of appc.
    ['cimd:1', 'cimd:1'],
  ])('%s is %s', (uri, name) => {
    expect(formatAppName(parseAppName(uri))).toBe(name)
  })

  it.each([
    'cimd:docker:v=0:busybox',
    'cimd:aci-archive:v=0:https%3A%2F%2Fexample.com%2Fa.aci',
    'cimd:appc:v=x:a',
    'cimd:appc:v=-1:a',
    'cimd:appc:v=4294967296:a',
    'cimd:appc:v=0:',
    'cimd:appc:v=0:a%2',
    'cimd:appc:v=0:a?b',
    'cimd:appc:v=0:a?b=%2C',
    'cimd:appc:v=0:a?b=%3A',
    'cimd:appc:v=0:a?b=%00',
    'cimd:appc:v=0:a?b=1&b=2',
    'cimd:appc:v=0:a+b',
  ])('%s is refused', (uri) => {
    expect(verdict(uri)).toBeUndefined()
  })
})

it('is printed with version, os and arch first, whatever the order was', () => {
  expect(formatAppName(parseAppName('a,z=1,arch=amd64,b=2,os=linux,version=3'))).toBe('a:3,os=linux,arch=amd64,b=2,z=1')
})

it.each(['a\n', 'a,b=\u001b[2J', `a:${'1'.repeat(4096)}`])('%j is refused', (text) => {
  expect(verdict(text)).toBeUndefined()
})

describe('properties', () => {
  const identifier = fc.stringMatching(/^[a-z0-9](?:[a-z0-9._~-]{0,8}[a-z0-9])?(?:\/[a-z0-9]{1,4}){0,3}$/)
  const value = fc
    .string({ unit: 'binary' })
    .filter((text) => text.length <= 40 && !/[,:\p{Cc}]/u.test(text) && text.isWellFormed())
  const apps = fc.record({
    name: identifier,
    labels: fc.dictionary(
      identifier.filter((label) => label !== 'name'),
      value,
      { maxKeys: 5, noNullPrototype: true },
    ),
  })

  it('printed and read again, a name is the same, in both forms', () => {
    fc.assert(
      fc.property(apps, ({ name, labels }) => {
        const app: AppName = { name, labels: new Map(Object.entries(labels)) }
        const text = formatAppName(app)
        const again = parseAppName(text)
        expect([again.name, Object.fromEntries(again.labels)]).toEqual([name, labels])
        expect(formatAppName(again)).toBe(text)
        expect(formatAppName(parseAppName(formatCimd(app)))).toBe(text)
      }),
    )
  })

  it('any text is read or refused as a reference', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^(?:cimd:appc:v=0:)?[a-c%2F:,=?&/.]{0,20}$/),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const app = verdict(text)
        const printed = app && formatAppName(app)
        expect(printed && formatAppName(parseAppName(printed))).toBe(printed)
      }),
    )
  })
})
