import { digestOf } from '@crossdock/core'
import type { HttpResponse } from '@crossdock/http'
import { describe, expect, it } from 'vitest'
import { locationOf, storedBytes, withDigest } from '../../../src/client/upload/upload-url.ts'

function answer(url: string, headers: Readonly<Record<string, string>>): HttpResponse {
  return {
    status: 202,
    url: new URL(url),
    headers: { get: (name) => headers[name], all: (name) => (headers[name] === undefined ? [] : [headers[name]]) },
    body: (async function* () {})(),
    discard: () => Promise.resolve(),
  }
}

describe('locationOf', () => {
  it.each([
    ['https://r.test/v2/a/blobs/uploads/', '/v2/a/blobs/uploads/1?x=%2B', 'https://r.test/v2/a/blobs/uploads/1?x=%2B'],
    ['https://r.test/v2/a/blobs/uploads/', '1', 'https://r.test/v2/a/blobs/uploads/1'],
    ['https://r.test/v2/', 'https://other.test/x', 'https://other.test/x'],
    // The port that everybody leaves out.
    ['https://r.test:443/v2/', 'https://r.test/x', 'https://r.test/x'],
    // A proxy ends TLS and the registry does not know.
    ['https://r.test/v2/', 'http://r.test/x', 'https://r.test/x'],
    ['https://r.test:5000/v2/', 'http://r.test:5000/x', 'https://r.test:5000/x'],
    ['https://r.test:5000/v2/', 'http://r.test/x', 'https://r.test:5000/x'],
    ['https://r.test/v2/', 'http://other.test/x', 'http://other.test/x'],
    ['https://r.test/v2/', 'http://r.test:8080/x', 'http://r.test:8080/x'],
  ])('of an answer from %s with %s is %s', (url, location, expected) => {
    expect(locationOf(answer(url, { location }))?.href).toBe(expected)
  })

  it('is undefined without the header and refuses what is no URL', () => {
    expect(locationOf(answer('https://r.test/', {}))).toBeUndefined()
    expect(() => locationOf(answer('https://r.test/', { location: 'http://[' }))).toThrowError(
      expect.objectContaining({ code: 'INVALID_DATA' }),
    )
  })
})

it('adds the digest behind what is there', () => {
  const digest = digestOf(new Uint8Array())
  const encoded = encodeURIComponent(digest)
  expect(withDigest(new URL('https://r.test/x'), digest).search).toBe(`?digest=${encoded}`)
  expect(withDigest(new URL('https://r.test/x?a=b%2Bc+d'), digest).search).toBe(`?a=b%2Bc+d&digest=${encoded}`)
})

it.each([
  ['0-99', 100],
  ['bytes=0-99', 100],
  ['bytes 0-99', 100],
  ['0-0', 0],
  ['1-2', undefined],
  ['x', undefined],
  ['', undefined],
])('reads Range: %s', (range, expected) => {
  expect(storedBytes(answer('https://r.test/', { range }))).toBe(expected)
})
