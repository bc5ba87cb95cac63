import { ImageError } from '@crossdock/core'
import { expect, test } from 'vitest'
import { hintFor } from '../src/hint.ts'
import { Interruption } from '../src/interruption.ts'

const stopped = new Interruption('stopped by SIGINT', 130)

test('an interrupted copy can go on, unless nothing was to be kept', () => {
  expect(hintFor(stopped, { name: 'copy', flags: { resume: true } })).toContain('Run the same command again')
  expect(hintFor(stopped, { name: 'copy', flags: { resume: false } })).toBe('')
  expect(hintFor(stopped, { name: 'inspect', flags: {} })).toBe('')
  expect(hintFor(stopped, undefined)).toBe('')
})

test.each([
  ['copy', 'source', '--src-creds'],
  ['copy', 'destination', '--dest-creds'],
  ['plan', 'source', '--src-creds'],
  ['inspect', undefined, '--creds'],
  ['inspect', 'source', '--creds'],
] as const)('%s without credentials for the %s names %s', (name, side, flag) => {
  const hint = hintFor(new ImageError('UNAUTHENTICATED', 'no', { side }), { name, flags: {} })
  expect(hint).toBe(`Give credentials with ${flag} USER:PASSWORD.\n`)
})

const UNKNOWN = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'

test.each([
  ['copy', 'source', UNKNOWN, /NODE_EXTRA_CA_CERTS.* --src-tls-verify=false /],
  ['copy', 'destination', UNKNOWN, /NODE_EXTRA_CA_CERTS.* --dest-tls-verify=false /],
  ['plan', 'source', 'DEPTH_ZERO_SELF_SIGNED_CERT', /NODE_EXTRA_CA_CERTS.* --src-tls-verify=false /],
  ['inspect', 'source', 'SELF_SIGNED_CERT_IN_CHAIN', /NODE_EXTRA_CA_CERTS.* --tls-verify=false /],
  ['copy', 'source', 'CERT_HAS_EXPIRED', /^Correct the certificate, .* --src-tls-verify=false /],
  ['inspect', 'source', 'ERR_TLS_CERT_ALTNAME_INVALID', /^Correct the certificate, .* --tls-verify=false /],
] as const)('%s from a %s with the certificate problem %s names the ways out', (name, side, code, hint) => {
  const cause = Object.assign(new Error('no'), { code })
  const error = new ImageError('UNAVAILABLE', 'no', { side, cause })
  expect(hintFor(error, { name, flags: {} })).toMatch(hint)
})

test('other failures need no hint', () => {
  expect(hintFor(new ImageError('FORBIDDEN', 'no'), { name: 'copy', flags: {} })).toBe('')
  expect(hintFor(new Error('no'), { name: 'copy', flags: {} })).toBe('')
  const reset = new ImageError('UNAVAILABLE', 'no', { cause: Object.assign(new Error('no'), { code: 'ECONNRESET' }) })
  expect(hintFor(reset, { name: 'copy', flags: {} })).toBe('')
})
