import { ImageError } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Policy } from '../../src/index.ts'
import { judgeWith } from '../../src/judge/evaluate-policy.ts'
import { type Claim, fakeVerifiers, image, NOW, signature } from '../judge/subjects.ts'
import { everything, readPolicyText } from './policies.ts'
import { dockerImage } from './test-transports.ts'

/** Where a member of an object stands: the object's place, and the member's key. */
interface MemberPlace {
  readonly path: readonly (string | number)[]
  readonly key: string
}

function membersOf(value: unknown, path: readonly (string | number)[] = []): readonly MemberPlace[] {
  if (typeof value !== 'object' || value === null) return []
  const isList = Array.isArray(value)
  return Object.entries(value).flatMap(([key, child]: [string, unknown]) => [
    ...(isList ? [] : [{ path, key }]),
    ...membersOf(child, [...path, isList ? Number(key) : key]),
  ])
}

/** The document as text, with the member written by `write`, which is given its key and value as JSON. */
function rewritten(value: unknown, place: MemberPlace, write: (key: string, value: string) => string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const [step, ...path] = place.path
  const inner = (key: string | number, child: unknown): string =>
    step === key ? rewritten(child, { ...place, path }, write) : JSON.stringify(child)
  if (Array.isArray(value)) return `[${value.map((item: unknown, index) => inner(index, item)).join(',')}]`
  const members = Object.entries(value).map(([key, child]: [string, unknown]) =>
    step === undefined && key === place.key
      ? write(key, JSON.stringify(child))
      : `${JSON.stringify(key)}:${inner(key, child)}`,
  )
  return `{${members.filter((member) => member !== '').join(',')}}`
}

const named = (key: string, value: string): string => `${JSON.stringify(key)}:${value}`

type Write = (key: string, value: string) => string
const doubled: readonly Write[] = [
  (key, value) => `${named(key, value)},${named(key, value)}`,
  (key, value) => `${named(key, '[{"type":"insecureAcceptAnything"}]')},${named(key, value)}`,
  (key, value) => `${named(key, value)},${named(key, '[{"type":"insecureAcceptAnything"}]')}`,
  // The same key, written in another way.
  (key, value) =>
    `${named(key, value)},"${Array.from(key, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}":${value}`,
]
const others: readonly Write[] = [
  () => '',
  (key, value) => named(`${key}x`, value),
  (key, value) => named(key.toUpperCase(), value),
  (_, value) => named('__proto__', value),
  (key, value) => `${named(key, value)},"__proto__":{"type":"insecureAcceptAnything"}`,
  ...['null', '[]', '{}', '""', '0', 'true', '[null]'].map(
    (value): Write =>
      (key) =>
        named(key, value),
  ),
]

const places = membersOf(everything)
const text = JSON.stringify(everything)

function read(policy: string): Policy | undefined {
  try {
    return readPolicyText(policy)
  } catch (error) {
    if (error instanceof ImageError && error.code === 'INVALID_DATA') return undefined
    throw error
  }
}

const NAMES = [
  'example.com/keys/a:1',
  'example.com/identities/a:1',
  'sub.example.com/a:1',
  'example.com/base/a:1',
  'example.org/a:1',
]
const CLAIMS: readonly (readonly Claim[])[] = [
  [],
  [{ by: 'mallory', name: NAMES[0] }],
  [{ name: 'example.net/other:1' }],
  [{ format: 'sigstore' }],
]

/** The images that are accepted, of some that are signed by nobody, by a stranger, for another name, for none. */
async function accepted(policy: Policy): Promise<readonly string[]> {
  const outcomes = NAMES.flatMap((name) =>
    CLAIMS.map(async (claims, index) => {
      const options = { now: () => NOW, readFile: async () => Buffer.from('alice') }
      const subject = image(dockerImage(name), claims.map(signature))
      const { outcome } = await judgeWith(fakeVerifiers, { policy, image: subject, options })
      return outcome === 'accepted' ? [`${name} ${index}`] : []
    }),
  )
  return (await Promise.all(outcomes)).flat()
}

describe('a policy in which something is changed', () => {
  it('is refused if a key is written twice', () => {
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.constantFrom(...doubled), (place, write) => {
        expect(read(rewritten(everything, place, write))).toBeUndefined()
      }),
      { numRuns: 300 },
    )
  })

  it('is refused, or accepts nothing that it did not accept before', async () => {
    expect(read(rewritten(everything, { path: [], key: 'nothing' }, named))).toEqual(readPolicyText(text))
    expect(await accepted(readPolicyText(text))).toEqual([])
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), fc.constantFrom(...others), async (place, write) => {
        const policy = read(rewritten(everything, place, write))
        expect(policy === undefined ? [] : await accepted(policy)).toEqual([])
      }),
      { numRuns: 400 },
    )
  })

  it('is refused if it is cut off anywhere', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), (length) => {
        expect(read(text.slice(0, length))).toBeUndefined()
      }),
    )
  })

  it('never fails in any other way than by INVALID_DATA, whatever it is', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(read(json)).toBeUndefined()
        read(`{"default":${json}}`)
        read(`{"default":[${json}]}`)
        read(`{"default":[{"type":"reject"}],"transports":${json}}`)
      }),
    )
  })
})
