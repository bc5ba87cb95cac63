import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { awsSignature } from '../src/aws-signature.ts'
import { awsProblem } from './aws-check.ts'

// AWS, "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk", examples
const user = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
}
const now = Date.parse('2013-05-24T00:00:00Z')
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const bucket = 'https://examplebucket.s3.amazonaws.com'

interface Example {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly payload?: string
  readonly signature: string
}

const EXAMPLES: readonly Example[] = [
  {
    path: '/test.txt',
    headers: { range: 'bytes=0-9' },
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    method: 'PUT',
    path: '/test$file.text',
    headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
    payload: '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  { path: '/?lifecycle', signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543' },
  { path: '/?max-keys=2&prefix=J', signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7' },
]

test.each(EXAMPLES)("AWS's example $path", ({ method = 'GET', path, headers = {}, payload = empty, signature }) => {
  const signed = awsSignature({ method, url: new URL(path, bucket), headers, payload, now }, user)
  expect(signed.signature).toBe(signature)
  const names = [...Object.keys(headers), 'host', 'x-amz-content-sha256', 'x-amz-date'].toSorted()
  expect(signed.headers).toEqual({
    'x-amz-content-sha256': payload,
    'x-amz-date': '20130524T000000Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,' +
      `SignedHeaders=${names.join(';')},Signature=${signature}`,
  })
})

function sign(url: string, headers = {}): string {
  return awsSignature({ method: 'GET', url: new URL(url, bucket), headers, payload: empty, now }, user).signature
}

describe('a signature', () => {
  test.each([
    ['/a%7eb', '/a~b'],
    ['/a%2Fb', '/a/b'],
    ['/%c3%a9', '/é'],
    ['/a b', '/a%20b'],
    ["/!'()*", '/%21%27%28%29%2A'],
    ['/100%', '/100%25'],
    ['/?a', '/?a='],
    ['/?b=2&a=1', '/?a=1&b=2'],
    ['/?a=2&a=1', '/?a=1&a=2'],
    ['/?a-b=&a=1', '/?a=1&a-b='],
    ['/?a=b c', '/?a=b+c'],
    ['/?a=/', '/?a=%2f'],
    ['/?a=b=c', '/?a=b%3Dc'],
    ['/?&a=1&', '/?a=1'],
    ['/#b', '/'],
    ['https://examplebucket.s3.amazonaws.com:443/', '/'],
  ])('of %s is that of %s', (one, other) => {
    expect(sign(one)).toBe(sign(other))
  })

  test.each([
    ['/a', '/b'],
    ['/a', '/A'],
    ['/a//b', '/a/b'],
    ['/a+b', '/a%20b'],
    ['/?a=%2520', '/?a=%20'],
    ['/?A', '/?a'],
    ['/', 'https://examplebucket.s3.amazonaws.com:8443/'],
  ])('of %s is not that of %s', (one, other) => {
    expect(sign(one)).not.toBe(sign(other))
  })

  test('is over headers without needless spaces', () => {
    expect(sign('/', { range: ' bytes=0-9,  20-29 ' })).toBe(sign('/', { range: 'bytes=0-9, 20-29' }))
  })

  test('is what a server finds that knows what the URL means', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 8 })
    const part = fc.tuple(text, fc.boolean()).map(([content, strict]) => {
      const encoded = encodeURIComponent(content)
      return strict ? encoded : encoded.replace(/%(?:2[1468BC]|3[AB]|40|7[BCD])/g, decodeURIComponent)
    })
    const path = fc.array(part, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`)
    const query = fc.array(fc.tuple(part, part), { maxLength: 5 })
    fc.assert(
      fc.property(path, query, (pathname, pairs) => {
        const url = new URL(bucket)
        url.pathname = pathname
        // "&" would end a parameter
        url.search = pairs.map((pair) => pair.map((item) => item.replaceAll('&', '%26')).join('=')).join('&')
        const { headers } = awsSignature({ method: 'GET', url, headers: {}, payload: empty, now }, user)
        const received = { method: 'GET', url: url.pathname + url.search, headers: { ...headers, host: url.host } }
        expect(awsProblem(received, user, now)).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })
})
