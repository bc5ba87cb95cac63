import { InvalidArgumentError } from 'commander'
import { expect, test } from 'vitest'
import {
  age,
  attachBooleans,
  booleanFlag,
  byteSize,
  duration,
  gather,
  spellOutVerbose,
  wholeNumber,
} from '../src/flags.ts'

test.each([
  ['90', 90_000],
  ['90s', 90_000],
  ['1.5s', 1500],
  ['250ms', 250],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['30d', 2_592_000_000],
])('the duration %s is %d ms', (text, ms) => {
  expect(duration(text)).toBe(ms)
})

test.each(['', '0', '-1s', '1w', '1h30m', 'abc', '1e3'])('"%s" is no duration', (text) => {
  expect(() => duration(text)).toThrow(InvalidArgumentError)
})

test('ages may be nothing, and are durations otherwise', () => {
  expect(['0', '0s', '0d', '90', '7d'].map(age)).toEqual([0, 0, 0, 90_000, 604_800_000])
  for (const text of ['', '-1s', '0x', '1w']) expect(() => age(text)).toThrow(InvalidArgumentError)
})

test.each([
  ['0', 0],
  ['1024', 1024],
  ['500MB', 500_000_000],
  ['500m', 500_000_000],
  ['20 GB', 20_000_000_000],
  ['1.5GiB', 1_610_612_736],
  ['2KiB', 2048],
  ['1b', 1],
])('the size %s is %d bytes', (text, bytes) => {
  expect(byteSize(text)).toBe(bytes)
})

test.each(['', 'x', '-1', '1PB', '1e9', '99999TB', '1 G B', '0x10', 'GB'])('"%s" is no size', (text) => {
  expect(() => byteSize(text)).toThrow(InvalidArgumentError)
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
