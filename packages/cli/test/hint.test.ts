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

test('other failures need no hint', () => {
  expect(hintFor(new ImageError('FORBIDDEN', 'no'), { name: 'copy', flags: {} })).toBe('')
  expect(hintFor(new Error('no'), { name: 'copy', flags: {} })).toBe('')
})
