import { InvalidArgumentError } from 'commander'
import { expect, test } from 'vitest'
import { attachBooleans, booleanFlag, duration, gather, spellOutVerbose, wholeNumber } from '../src/flags.ts'

test.each([
  ['90', 90_000],
  ['90s', 90_000],
  ['1.5s', 1500],
  ['250ms', 250],
  ['5m', 300_000],
  ['1h', 3_600_000],
])('the duration %s is %d ms', (text, ms) => {
  expect(duration(text)).toBe(ms)
})

test.each(['', '0', '-1s', '1d', '1h30m', 'abc', '1e3'])('"%s" is no duration', (text) => {
  expect(() => duration(text)).toThrow(InvalidArgumentError)
})

test('whole numbers are read strictly', () => {
  const read = wholeNumber(1)
  expect(read('16')).toBe(16)
  for (const text of ['0', '', ' 1', '1x', '-1', '1.5', '99999999999999999999'])
    expect(() => read(text)).toThrow(InvalidArgumentError)
})

test('booleans are true or false', () => {
  expect([booleanFlag('true'), booleanFlag('false')]).toEqual([true, false])
  expect(() => booleanFlag('no')).toThrow(InvalidArgumentError)
})

test('lists gather over commas and repetitions', () => {
  expect(gather('c', gather('a,b'))).toEqual(['a', 'b', 'c'])
})

test('a bare boolean does not take the name behind it', () => {
  expect(attachBooleans(['copy', '--src-tls-verify', 'a', '--tls-verify=false', '--', '--dest-tls-verify'])).toEqual([
    'copy',
    '--src-tls-verify=true',
    'a',
    '--tls-verify=false',
    '--',
    '--dest-tls-verify',
  ])
})

test.each([
  ['login -v quay.io', 'login --verbose quay.io'],
  ['--debug login quay.io -v', '--debug login quay.io --verbose'],
  ['login -p -v quay.io', 'login -p -v quay.io'],
  ['-v login', '-v login'],
  ['copy -v', 'copy -v'],
])('%s means %s', (given, meant) => {
  expect(spellOutVerbose(given.split(' ')).join(' ')).toBe(meant)
})
