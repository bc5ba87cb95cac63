import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseChallenges } from '../src/challenge.ts'

interface Vector {
  readonly source: string
  readonly name: string
  readonly header: string
  /** All challenges; null where the source refuses the header. */
  readonly challenges?: readonly { readonly scheme: string; readonly params: Record<string, string> }[] | null
  /** The first challenge only, without parameters for Basic. */
  readonly scheme?: string
  readonly params?: Record<string, string>
}

const vectors = JSON.parse(
  readFileSync(new URL('fixtures/www-authenticate/vectors.json', import.meta.url), 'utf8'),
) as Vector[]

/** Where the sources disagree, this parser keeps what was complete before the broken place. */
const KEPT: Readonly<Record<string, unknown>> = {
  'Missing commas': [{ scheme: 'basic', params: { realm: 'Dev' } }],
  'Missing close quote': [{ scheme: 'basic', params: {} }],
  'Missing value after escape': [{ scheme: 'basic', params: {} }],
}

/** oras-go's rows tell the first challenge alone, Basic without parameters, and nothing of unknown schemes. */
function expected({ challenges, name, header, scheme, params }: Vector): unknown {
  if (challenges === null) return KEPT[name]
  if (challenges !== undefined) return challenges
  if (scheme === 'unknown') return header === '' ? [] : [words('foo'), words('bar')]
  if (scheme === 'basic') return [{ scheme, params: header.includes('realm') ? { realm: 'Test Registry' } : {} }]
  // A parameter without "=" reads as a scheme of its own, which nobody knows.
  return header.endsWith(',service') ? [{ scheme, params }, words('service')] : [{ scheme, params }]
}

function words(scheme: string): unknown {
  return { scheme, params: {} }
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`
}

function plain(headers: readonly string[]): unknown {
  return parseChallenges(headers).map(({ scheme, params }) => ({ scheme, params: Object.fromEntries(params) }))
}

describe('challenge vectors', () => {
  test('there are 28', () => expect(vectors).toHaveLength(28))

  test.each(vectors)('$source: $name', (vector) => {
    expect(plain([vector.header])).toEqual(expected(vector))
  })
})

describe('challenges', () => {
  test('of several headers come in order', () => {
    expect(plain(['Negotiate', 'Basic realm="a", Bearer realm="b"'])).toEqual([
      { scheme: 'negotiate', params: {} },
      { scheme: 'basic', params: { realm: 'a' } },
      { scheme: 'bearer', params: { realm: 'b' } },
    ])
  })

  test('a token68 challenge does not hide the one after it', () => {
    expect(plain(['Negotiate a87421, Bearer realm="r"'])).toContainEqual({ scheme: 'bearer', params: { realm: 'r' } })
  })

  test('the first of two equal parameters counts', () => {
    expect(plain(['Bearer realm="one",realm="two"'])).toEqual([{ scheme: 'bearer', params: { realm: 'one' } }])
  })

  test('a name like __proto__ is only a name', () => {
    expect(parseChallenges(['Bearer __proto__="x"'])[0]?.params.get('__proto__')).toBe('x')
  })

  test('no more than 64 KiB are looked at, as much as the head of an answer may have', () => {
    expect(plain([`Bearer realm="${'a'.repeat(64 * 1024)}"`])).toEqual([{ scheme: 'bearer', params: {} }])
    const many = parseChallenges([`${'Negotiate a=b, '.repeat(4000)}Basic realm="x"`])
    expect(many.at(-1)).toMatchObject({ scheme: 'basic' })
  })

  test('whatever comes, it is read in linear time and does not throw', () => {
    const pieces = fc.constantFrom('"', '\\', ',', '=', ' ', 'Bearer', 'realm', '\t', '/', 'é', '%')
    fc.assert(fc.property(fc.array(pieces, { maxLength: 200 }), (parts) => void parseChallenges([parts.join('')])))
    const started = performance.now()
    for (const piece of ['"', '\\', ', ', 'a=', '=', 'a ', '"\\']) parseChallenges([piece.repeat(32_768)])
    // Squared it would be minutes.
    expect(performance.now() - started).toBeLessThan(5000)
  })

  test('what is written by the grammar is read back', () => {
    const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9._~-]{0,8}$/)
    const params = fc.uniqueArray(fc.tuple(token, fc.string({ maxLength: 12 })), {
      selector: ([name]) => name.toLowerCase(),
      maxLength: 4,
    })
    fc.assert(
      fc.property(fc.array(fc.tuple(token, params), { minLength: 1, maxLength: 4 }), (challenges) => {
        const header = challenges
          .map(([scheme, list]) => `${scheme} ${list.map(([name, value]) => `${name}=${quote(value)}`).join(', ')}`)
          .join(', ')
        expect(plain([header])).toEqual(
          challenges.map(([scheme, list]) => ({
            scheme: scheme.toLowerCase(),
            params: Object.fromEntries(list.map(([name, value]) => [name.toLowerCase(), value])),
          })),
        )
      }),
    )
  })
})
