import { readFileSync } from 'node:fs'
import { ImageError } from '@crossdock/core'
import { array, assert, constantFrom, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalHost, helperKeys, hostOfKey, keysUpwards } from '../../src/auth/auth-key.ts'
import { parseAuthKey } from '../../src/index.ts'
import { refusalOf } from './host.ts'

const table = JSON.parse(readFileSync(new URL('../fixtures/auth/config_test.json', import.meta.url), 'utf8')) as {
  readonly TestValidateKey: readonly { readonly rows: readonly (string | { key: string; isNamespaced: boolean })[] }[]
  readonly TestAuthKeyLookupOrder: readonly { readonly rows: readonly { input: string; expected: string[] }[] }[]
}
const keyRows = table.TestValidateKey.flatMap(({ rows }) => rows)

describe('a key', () => {
  it.each(keyRows.filter((row) => typeof row !== 'string'))('$key is one', ({ key, isNamespaced }) => {
    const parsed = parseAuthKey(key)
    expect([parsed.text, parsed.path !== undefined]).toEqual([key, isNamespaced])
  })

  it.each([
    ...keyRows.filter((row) => typeof row === 'string'),
    '',
    '/',
    'quay.io/',
    'quay.io//a',
    'quay.io/../a',
    'quay.io/a b',
    'quay .io',
    'quay.io\nhost=evil.example',
    'quay.io\0',
    '-quay.io',
    'user:secret@quay.io',
    'https://user:secret@quay.io',
    'host:port',
    'http://quay.io',
  ])('%j is none', (text) => {
    const parse = (): unknown => parseAuthKey(text)
    expect(parse).toThrow(ImageError)
    expect(parse).toThrow(/write HOST\[:PORT\] or HOST\[:PORT\]\/REPOSITORY$/)
    expect(parse).not.toThrow(/secret/)
  })

  it('reads back as what it is printed as, whatever it is', () => {
    const part = constantFrom('a', 'quay.io', 'localhost:5000', '[::1]:5000', 'index.docker.io', ':443', '..', '@', ' ')
    const parts = array(string({ minLength: 0, maxLength: 3 }).chain((noise) => constantFrom(noise, 'x')))
    assert(
      property(array(part, { maxLength: 4 }), parts, (names, noise) => {
        const text = [...names, ...noise].join('/')
        const refusal = refusalOf(() => {
          const key = parseAuthKey(text)
          expect(parseAuthKey(key.text)).toEqual(key)
          expect(keysUpwards(key)).toContain(key.text)
        })
        expect(refusal?.code ?? 'INVALID_REFERENCE').toBe('INVALID_REFERENCE')
      }),
    )
  })
})

describe('what counts for a repository', () => {
  it.each(table.TestAuthKeyLookupOrder.flatMap(({ rows }) => rows))('$input', ({ input, expected }) => {
    const { host, path } = parseAuthKey(input)
    expect(keysUpwards({ host, path })).toEqual(expected)
  })
})

describe('a host', () => {
  it.each([
    ['docker.io', 'docker.io'],
    ['index.docker.io', 'docker.io'],
    ['registry-1.docker.io', 'docker.io'],
    ['registry-1.docker.io:443', 'docker.io'],
    ['quay.io:443', 'quay.io'],
    ['quay.io:80', 'quay.io:80'],
    ['quay.io:8443', 'quay.io:8443'],
    ['evil-docker.io', 'evil-docker.io'],
    ['docker.io.evil.example', 'docker.io.evil.example'],
  ])('%s is %s', (host, canonical) => {
    expect(canonicalHost(host)).toBe(canonical)
  })

  it.each([
    ['https://index.docker.io/v1/', 'docker.io'],
    ['http://index.docker.io/v1/', 'docker.io'],
    ['https://quay.io/v1/', 'quay.io'],
    ['https://Quay.IO/v1/', 'quay.io'],
    ['Quay.IO', 'quay.io'],
    ['quay.io', 'quay.io'],
    // No URL, so that it is a repository.
    ['quay.io/v1/', 'quay.io/v1/'],
    ['https://quay.io.evil.example/quay.io', 'quay.io.evil.example'],
    ['ftp://quay.io', 'ftp://quay.io'],
  ])('of the key %s is %s', (key, host) => {
    expect(hostOfKey(key)).toBe(host)
  })

  it('is cut off every key of an old file', () => {
    expect(hostOfKey('quay.io/v1/', { legacy: true })).toBe('quay.io')
  })

  it('of Docker Hub has several names for a helper, every other one', () => {
    expect(helperKeys('docker.io')).toEqual(['docker.io', 'https://index.docker.io/v1/'])
    expect(helperKeys('docker.io', 'index.docker.io')).toEqual([
      'index.docker.io',
      'https://index.docker.io/v1/',
      'docker.io',
    ])
    expect(helperKeys('quay.io')).toEqual(['quay.io'])
  })
})
