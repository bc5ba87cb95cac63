import { digestOf } from '@crossdock/core'
import { array, assert, property, stringMatching, webUrl } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatLocation, parseLocation, policyOf, validateScope } from '../src/reference.ts'

const printed = (text: string): string => formatLocation(parseLocation('https', text))

function messageOf(work: () => unknown): string {
  try {
    work()
    return ''
  } catch (error) {
    return String(error)
  }
}

describe('a URL', () => {
  it.each<[string, string]>([
    ['//example.com/a.tar', '//example.com/a.tar'],
    ['//EXAMPLE.com/A.tar', '//example.com/A.tar'],
    ['//example.com:443/a', '//example.com/a'],
    ['//example.com:8443/a', '//example.com:8443/a'],
    ['//example.com', '//example.com/'],
    ['//example.com/a/../b', '//example.com/b'],
    ['//example.com/%61%2fb%c3%a9', '//example.com/a%2Fb%C3%A9'],
    ['//example.com/a?x=1&y=%41', '//example.com/a?x=1&y=%41'],
    ['//example.com/a#team/app:1.0', '//example.com/a#team/app:1.0'],
    ['//example.com/a?x#@0', '//example.com/a?x#@0'],
    ['//bücher.example/a', '//xn--bcher-kva.example/a'],
    ['//[2001:DB8::1]/a', '//[2001:db8::1]/a'],
  ])('%s is %s', (text, expected) => {
    expect(printed(text)).toBe(expected)
    expect(printed(expected)).toBe(expected)
  })

  it('names an image in its archive', () => {
    const digest = digestOf(new Uint8Array(0))
    expect(parseLocation('http', '//h/a#app:1').selection).toEqual({ name: 'app:1' })
    expect(parseLocation('http', '//h/a#@7').selection).toEqual({ index: 7 })
    expect(parseLocation('http', `//h/a#@${digest}`).selection).toEqual({ digest })
    expect(parseLocation('http', '//h/a').selection).toEqual({})
  })

  it.each([
    ['/example.com/a'],
    ['example.com/a'],
    ['//'],
    ['///a'],
    ['//example.com/a b'],
    ['//example.com\\@evil.example/a'],
    ['//example.com/a\tb'],
    ['//example.com/a\u0000'],
    ['//exa mple.com/a'],
    ['//example.com:99999/a'],
    ['//user@example.com/a'],
    ['//example.com/a#'],
    ['//example.com/a#@'],
    ['//example.com/a#@sha256:00'],
    ['//example.com/a#@-1'],
    ['//example.com/a#a b'],
    [`//example.com/${'a'.repeat(5000)}`],
  ])('%j is refused', (text) => {
    expect(() => parseLocation('https', text)).toThrow(expect.objectContaining({ code: 'INVALID_REFERENCE' }))
  })

  it.each(['//me:s3cret@h/a', '//me:s3cret@h/a b', '//h/a b?token=s3cret', '//h/a?x=s3cret#a b'])(
    'shows no secret of %s',
    (text) => {
      expect(messageOf(() => parseLocation('https', text))).toMatch(/^(?!.*s3cret).*names no archive/)
    },
  )

  it('reads back what it prints', () => {
    assert(
      property(webUrl({ withQueryParameters: true, withFragments: false, validSchemes: ['https'] }), (url) => {
        let text: string
        try {
          text = printed(url.slice('https:'.length))
        } catch {
          return
        }
        expect(printed(text)).toBe(text)
        expect(new URL(`https:${text}`).host).toBe(new URL(url).host)
      }),
    )
  })
})

describe('the identity for a policy', () => {
  it.each<[string, string, readonly string[]]>([
    ['//h.example/a/b.tar', 'h.example/a/b.tar', ['h.example/a', 'h.example']],
    ['//h.example:8443/a', 'h.example:8443/a', ['h.example:8443']],
    ['//h.example/', 'h.example', []],
    ['//h.example//a///b/', 'h.example/a/b', ['h.example/a', 'h.example']],
    ['//h.example/a?b=c#d', 'h.example/a', ['h.example']],
    ['//h.example/%61', 'h.example/a', ['h.example']],
  ])('of %s is %s', (text, identity, namespaces) => {
    expect(policyOf(parseLocation('https', text).url)).toEqual({ identity, namespaces })
  })

  it('and what stands above it are scopes', () => {
    const part = stringMatching(/^[a-zA-Z0-9._~%-]{1,6}$/)
    assert(
      property(array(part, { maxLength: 4 }), (parts) => {
        let url: URL
        try {
          ;({ url } = parseLocation('https', `//h.example:81/${parts.join('/')}`))
        } catch {
          return
        }
        const { identity, namespaces } = policyOf(url)
        for (const scope of [identity, ...namespaces]) expect(() => validateScope('https', scope)).not.toThrow()
      }),
    )
  })
})
