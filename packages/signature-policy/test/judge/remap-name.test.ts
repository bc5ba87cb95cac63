import { describe, expect, it } from 'vitest'
import { formatDockerReference, parseDockerReference } from '@crossdock/core'
import { remapName } from '../../src/judge/remap-name.ts'
import { rowsOf } from '../policy/tables.ts'

const file = 'policy_reference_match_test'
type Prefix = { readonly prefix: string; readonly ref: string; readonly expected: boolean }
const [prefixes = []] = rowsOf<Prefix>(file, 'TestPRMRemapIdentityRefMatchesPrefix')
type Replaced = {
  readonly prefix: string
  readonly signedPrefix: string
  readonly ref: string
  readonly expected: string
}
const [replaced = []] = rowsOf<Replaced>(file, 'TestPRMRemapIdentityRemapReferencePrefix')

describe('remapName', () => {
  // In the source these are names as they are, so that "docker.io/image" is one; here they are spelt out.
  it.each(prefixes.filter(({ ref }) => /^[^/]+\/./.test(ref)))(
    '$prefix begins $ref: $expected',
    ({ prefix, ref, expected }) => {
      const image = parseDockerReference(ref)
      expect(remapName(image, { prefix, signedPrefix: 'signed.example.com/x' }) !== image).toBe(expected)
    },
  )

  it.each(replaced)('$ref with $signedPrefix for $prefix is "$expected"', ({ ref, expected, ...remapping }) => {
    const name = remapName(parseDockerReference(ref), remapping)
    expect(name === undefined ? '' : formatDockerReference(name)).toBe(expected)
  })
})
