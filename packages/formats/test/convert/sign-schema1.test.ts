import { createPublicKey, verify } from 'node:crypto'
import { MAX_MANIFEST_BYTES, manifestDigest, schema1Payload } from '@crossdock/core'
import { expect, test } from 'vitest'
import { signSchema1 } from '../../src/convert/sign-schema1.ts'
import { DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED } from '../../src/index.ts'
import { bytesOf, manifestBytes, outcome } from '../documents.ts'

/** As libtrust verifies: the signed text is the protected header and the payload. */
function verified(bytes: Uint8Array): boolean {
  const [{ header, protected: head, signature }] = JSON.parse(new TextDecoder().decode(bytes)).signatures
  const text = bytesOf(`${head}.${Buffer.from(schema1Payload(bytes)).toString('base64url')}`)
  const key = createPublicKey({ format: 'jwk', key: header.jwk })
  return verify('sha256', text, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
}

test.each([
  '{"schemaVersion":1}',
  '{ "name": "é"\n,"schemaVersion":1 \n}\n',
  `{"schemaVersion":1,"x":"${'€'.repeat(9000)}"}`,
])('the signature holds, and the name stays: %.40s', (text) => {
  const payload = manifestBytes(text, DOCKER_SCHEMA1)
  const signed = signSchema1(payload)
  expect(signed).toMatchObject({ mediaType: DOCKER_SCHEMA1_SIGNED, digest: payload.digest })
  expect(schema1Payload(signed.bytes)).toEqual(payload.bytes)
  expect(manifestDigest(signed.bytes)).toBe(payload.digest)
  expect(verified(signed.bytes)).toBe(true)
})

test('no two signatures are by one key', () => {
  const [one, other] = [1, 2].map(() => signSchema1(manifestBytes({ schemaVersion: 1 })))
  expect(one?.bytes).not.toEqual(other?.bytes)
  expect(one?.digest).toBe(other?.digest)
})

test('a manifest that is too large with its signature is refused', () => {
  const text = JSON.stringify({ schemaVersion: 1, x: 'x'.repeat(MAX_MANIFEST_BYTES - 100) })
  expect(outcome(() => signSchema1(manifestBytes(text)))).toBe('LIMIT_EXCEEDED')
})
