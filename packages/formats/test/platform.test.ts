import type { Platform } from '@crossdock/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  formatPlatform,
  hostPlatform,
  normalizePlatform,
  parsePlatform,
  parsePlatformPattern,
  platformMatches,
} from '../src/index.ts'
import { outcome, OUTCOMES } from './documents.ts'
import vectors from './fixtures/platforms-vectors.json' with { type: 'json' }

interface Row {
  readonly in: string
  readonly error?: string
  readonly platform?: Platform
  readonly formatAll?: string
  readonly normalize?: Platform
}

const rows: readonly Row[] = vectors.parse

/** Read in the order they are written; here features are in one order from the start. */
function sorted(platform: Platform | undefined): Platform | undefined {
  const features = platform?.['os.features']
  return platform === undefined || features === undefined
    ? platform
    : { ...platform, 'os.features': features.toSorted() }
}

test.each(rows.filter(({ error }) => error === undefined))('"$in"', (row) => {
  const platform = parsePlatform(row.in)
  expect(sorted(platform)).toEqual(sorted(row.platform))
  expect(formatPlatform(platform)).toBe(row.formatAll)
  expect(normalizePlatform(platform)).toEqual(row.normalize)
})

test.each(rows.filter(({ error }) => error !== undefined))('"$in" is no platform', (row) => {
  expect(() => parsePlatform(row.in)).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
})

const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/)
const text = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }).filter((value) => value.isWellFormed())

const platforms: fc.Arbitrary<Platform> = fc
  .record({
    os: fc.oneof(fc.constantFrom('linux', 'windows', 'darwin'), word),
    architecture: fc.oneof(fc.constantFrom('amd64', 'arm', 'arm64', '386', 's390x'), word),
    variant: fc.option(fc.oneof(fc.constantFrom('v6', 'v7', 'v8', 'v8.2', 'v2'), word), { nil: undefined }),
    'os.version': fc.option(text, { nil: undefined }),
    'os.features': fc.option(fc.array(text, { minLength: 1, maxLength: 3 }), { nil: undefined }),
  })
  .map((platform) => normalizePlatform(platform))

test('every platform reads back from its printed form', () => {
  fc.assert(
    fc.property(platforms, (platform) => {
      const printed = formatPlatform(platform)
      if (printed.length > 255) return
      expect(sorted(parsePlatform(printed))).toEqual(sorted(platform))
      expect(normalizePlatform(normalizePlatform(platform))).toEqual(normalizePlatform(platform))
      expect(platformMatches(parsePlatformPattern(printed), platform)).toBe(true)
    }),
    { numRuns: 1000 },
  )
})

test('whatever the text, nothing but an ImageError is thrown', () => {
  const near = fc.stringMatching(/^[a-z0-9/*().+% -]{0,20}$/)
  fc.assert(
    fc.property(fc.oneof(fc.string(), near), (input) => {
      expect(OUTCOMES).toContain(outcome(() => parsePlatform(input)))
      expect(OUTCOMES).toContain(outcome(() => parsePlatformPattern(input)))
    }),
    { numRuns: 1000 },
  )
})

test('a long text is refused at once', () => {
  expect(() => parsePlatform(`${'a'.repeat(100_000)}/b`)).toThrow(/\(100002 characters\)": write os\/architecture/)
})

test('this machine is a linux one', () => {
  const host = hostPlatform()
  expect(host.os).toBe('linux')
  expect(parsePlatform(formatPlatform(host))).toEqual(host)
  const known: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', s390x: 's390x', riscv64: 'riscv64' }
  expect(host.architecture).toBe(known[process.arch] ?? host.architecture)
})
