import type { Signature } from '@crossdock/core'
import { expect, it } from 'vitest'
import { distinctSignatures, newSignatures } from '../../src/index.ts'

const simple = (byte: number): Signature => ({ format: 'simple', bytes: Uint8Array.of(byte) })
const sigstore = (byte: number, annotations: Readonly<Record<string, string>>, mediaType = 'a/b'): Signature => {
  return { format: 'sigstore', mediaType, bytes: Uint8Array.of(byte), annotations }
}

it('signatures are the same by format, type, bytes and annotations', () => {
  const different = [
    simple(1),
    simple(2),
    sigstore(1, {}),
    sigstore(1, { a: '1' }),
    sigstore(1, { a: '1', b: '2' }),
    sigstore(1, {}, 'c/d'),
  ]
  const again = [sigstore(1, { b: '2', a: '1' }), simple(2), sigstore(1, {}), simple(1)]
  expect(distinctSignatures([...different, ...again])).toEqual(different)
  expect(newSignatures([...again, simple(3)], different)).toEqual([simple(3)])
})

it('each stands where it stood first', () => {
  expect(distinctSignatures([simple(1), simple(2), simple(1)])).toEqual([simple(1), simple(2)])
})
