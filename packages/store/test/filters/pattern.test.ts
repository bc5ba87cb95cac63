import { type Arbitrary, array, assert, constantFrom, letrec, oneof, property, string, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePattern } from '../../src/filters/pattern.ts'

function matches(pattern: string, text: string): boolean {
  const compiled = compilePattern(pattern)
  if (compiled.pattern === undefined) throw new Error(`${pattern}: ${compiled.problem}`)
  return compiled.pattern.test(text)
}

/** Patterns of all that the syntax has, over few characters. */
const patterns: Arbitrary<string> = letrec<{ choice: string; piece: string; atom: string }>((tie) => ({
  choice: array(array(tie('piece'), { maxLength: 4 }), { minLength: 1, maxLength: 3 }).map((parts) =>
    parts.map((pieces) => pieces.join('')).join('|'),
  ),
  piece: oneof(
    constantFrom('^', '$', '\\b', '\\B'),
    tuple(tie('atom'), constantFrom('', '', '*', '+', '?', '{2}', '{1,}', '{0,2}', '*?')).map((parts) =>
      parts.join(''),
    ),
  ),
  atom: oneof(
    { depthSize: 'small' },
    constantFrom(
      'a',
      'b',
      'A',
      'é',
      '☃',
      '.',
      '[ab]',
      '[^a\\]]',
      '\\w',
      '\\W',
      '\\n',
      '\\u0061',
      '\\u{1f600}',
      '\\p{Lu}',
      '\\x61',
      '-',
    ),
    tuple(constantFrom('(', '(?:', '(?<name>'), tie('choice')).map(([open, inner]) => `${open}${inner})`),
  ),
})).choice

const texts = string({ unit: constantFrom('a', 'b', 'A', 'é', '☃', '\n', '-', ']', '\u{1f600}'), maxLength: 12 })

describe('compilePattern', () => {
  it('finds what JavaScript finds', () => {
    assert(
      property(patterns, constantFrom('', 'i', 's', 'm', 'ims'), texts, (pattern, flags, text) => {
        if (pattern.length > 100 || pattern.split('(?<name>').length > 2) return
        // V8 looks for places between the two halves of such a character as well, which ECMAScript does not have.
        if (pattern.includes('\\B') && text.includes('\u{1f600}')) return
        const expected = new RegExp(pattern, `${flags}u`).test(text)
        expect(matches(flags === '' ? pattern : `(?${flags})${pattern}`, text)).toBe(expected)
      }),
      { numRuns: 1000 },
    )
  })

  const long = 'a'.repeat(1500)
  it.each([
    '(a+)+$',
    '((a+))+b',
    '(a|a)*b',
    '(a?){200}a{200}b',
    'a*a*a*a*a*a*b',
    '.*a.*a.*a.*b',
    `${'(a|a)'.repeat(60)}b`,
  ])('takes no more time for %s than for another pattern', (pattern) => {
    const began = performance.now()
    expect(matches(pattern, `${long}!`)).toBe(false)
    expect(performance.now() - began).toBeLessThan(5000)
  })

  it.each([
    ['docker\\.io\\/library\\/x\\-y\\_z\\@sha256\\:\\"a\\ b', 'docker.io/library/x-y_z@sha256:"a b'],
    ['^[a\\-c\\]]+$', 'a-]c'],
    ['\\\\(a|b)', '\\b'],
    ['\\(\\?=', '(?='],
  ])('takes any sign behind a backslash as itself: %s', (pattern, text) => {
    expect(matches(pattern, text)).toBe(true)
    expect(matches(pattern, text.replaceAll(/\W/g, 'x'))).toBe(false)
  })

  it.each(['a{2', '(', ')', '[', '*', 'a**', '\\', '\\q', '(?P<n>a)', '{1}'])('refuses %s', (pattern) => {
    expect(compilePattern(pattern).problem).toBeTypeOf('string')
  })
})
