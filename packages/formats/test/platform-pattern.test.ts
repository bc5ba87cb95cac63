import { expect, test } from 'vitest'
import { parsePlatform, parsePlatformPattern, platformMatches } from '../src/index.ts'
import vectors from './fixtures/platforms-vectors.json' with { type: 'json' }

function matches(pattern: string, platform: string): boolean {
  return platformMatches(parsePlatformPattern(pattern), parsePlatform(platform))
}

test.each([
  ['linux/amd64', 'linux/amd64', true],
  ['linux/x86_64', 'linux/amd64', true],
  ['linux/amd64', 'linux/amd64/v3', false],
  ['linux/amd64/v3', 'linux/amd64/v3', true],
  ['linux/amd64', 'windows/amd64', false],
  ['linux/arm64', 'linux/arm64/v8', true],
  ['linux/arm64/v8', 'linux/arm64', true],
  ['linux/arm64', 'linux/arm64/v9', false],
  ['linux/arm', 'linux/arm/v7', true],
  ['linux/arm', 'linux/arm/v6', false],
  ['linux/arm/*', 'linux/arm/v6', true],
  ['linux/arm/*', 'linux/arm', true],
  ['linux/arm/*', 'linux/arm64', false],
  ['linux/*', 'linux/s390x', true],
  ['linux/*', 'linux/arm/v5', true],
  ['linux/*', 'windows/amd64', false],
  ['*/arm64', 'darwin/arm64', true],
  ['*/arm64', 'linux/amd64', false],
  ['*', 'plan9/386', true],
  ['*/*', 'plan9/386', true],
  ['*/*/*', 'plan9/386', true],
  ['*', 'unknown/unknown', false],
  ['unknown/*', 'unknown/unknown', false],
  ['unknown/unknown', 'unknown/unknown', true],
  ['windows/amd64', 'windows(10.0.17763)/amd64', true],
  ['windows(10.0.17763)/amd64', 'windows(10.0.17763)/amd64', true],
  ['windows(10.0.17763)/amd64', 'windows(10.0.20348)/amd64', false],
  ['windows(10.0.17763)/*', 'windows(10.0.17763)/arm64', true],
  ['linux(+gpu)/amd64', 'linux/amd64', true],
  ['linux(+gpu)/amd64', 'linux(+gpu+simd)/amd64', false],
])('%s, %s: %s', (pattern, platform, expected) => {
  expect(matches(pattern, platform)).toBe(expected)
})

test.each([['linux'], ['linux/a*'], ['lin*/amd64'], ['*/*/v7'], ['**'], ['linux/arm/v7/*'], ['']])(
  '"%s" is no pattern',
  (text) => {
    expect(() => parsePlatformPattern(text)).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
  },
)

/** Versions of an OS are compared for equality here, there by what a host can run. */
const strict = vectors.match.filter(({ matcher, spec }) => matcher === 'OnlyStrict' && !spec.startsWith('windows('))

test.each(strict)('$spec matches what a strict matcher matches', ({ spec, matches: expected }) => {
  // A pattern without features leaves them open.
  const corpus = vectors.matchCorpus.filter((text) => spec.includes('+') || !text.includes('+'))
  expect(corpus.filter((text) => matches(spec, text))).toEqual(expected)
})
