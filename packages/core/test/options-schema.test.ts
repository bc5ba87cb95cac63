import { describe, expect, it } from 'vitest'
import {
  booleanOption,
  choiceOption,
  countOption,
  defineOptions,
  methodsOption,
  objectOption,
  optionCheck,
  type OptionCheck,
  optionMap,
  optionTable,
  orFunction,
  positiveOption,
  textOption,
  textsOption,
} from '../src/index.ts'

interface Options {
  readonly speed?: 'fast' | 'slow' | undefined
  readonly count?: number | undefined
  readonly verbose?: boolean | undefined
  readonly text?: string | undefined
  readonly any?: object | undefined
  readonly hosts?: Readonly<Record<string, { readonly verbose?: boolean | undefined }>> | undefined
}

const { schema, check } = defineOptions<Options>('example', {
  speed: choiceOption('fast', 'slow'),
  count: countOption,
  verbose: booleanOption,
  text: optionCheck('a text', (value) => typeof value === 'string'),
  any: objectOption,
  hosts: optionMap(optionTable({ verbose: booleanOption })),
})
const { validate } = schema['~standard']

describe('the schema', () => {
  it.each<unknown>([
    {},
    { speed: 'slow', count: 0, verbose: false, text: '', any: {}, hosts: { 'a.example': { verbose: true }, b: {} } },
    { speed: undefined, unknown: undefined, hosts: { a: { verbose: undefined } } },
  ])('takes %j as it is', (options) => {
    expect(validate(options)).toEqual({ value: options })
  })

  it.each([undefined, null])('takes %j for no options', (nothing) => {
    expect(validate(nothing)).toEqual({ value: {} })
  })

  it.each<[unknown, ...[string, string[]][]]>([
    ['x', ['must be an object', []]],
    [[], ['must be an object', []]],
    [{ speed: 'medium' }, ['speed must be "fast" or "slow"', ['speed']]],
    [{ speed: ['fast'] }, ['speed must be "fast" or "slow"', ['speed']]],
    [{ speed: null }, ['speed must be "fast" or "slow"', ['speed']]],
    [{ count: -1 }, ['count must be a whole number from 0', ['count']]],
    [{ count: 2 ** 53 }, ['count must be a whole number from 0', ['count']]],
    [{ count: '1' }, ['count must be a whole number from 0', ['count']]],
    [{ any: null }, ['any must be an object', ['any']]],
    [{ any: [] }, ['any must be an object', ['any']]],
    [{ verbose: 1, text: 2 }, ['verbose must be true or false', ['verbose']], ['text must be a text', ['text']]],
    [{ hosts: { a: null } }, ['hosts.a must be an object', ['hosts', 'a']]],
    [{ hosts: { a: { verbose: 1 } } }, ['hosts.a.verbose must be true or false', ['hosts', 'a', 'verbose']]],
    [{ hosts: { a: { loud: 1 } } }, ['hosts.a.loud is no option; there are verbose', ['hosts', 'a', 'loud']]],
    [
      { constructor: 1 },
      ['constructor is no option; there are speed, count, verbose, text, any, hosts', ['constructor']],
    ],
    [
      JSON.parse('{"__proto__":1}'),
      ['__proto__ is no option; there are speed, count, verbose, text, any, hosts', ['__proto__']],
    ],
    [{ 'a\u001b': 1 }, ['a\\u{1b} is no option; there are speed, count, verbose, text, any, hosts', ['a\u001b']]],
  ])('refuses %j', (options, ...expected) => {
    expect(validate(options)).toEqual({ issues: expected.map(([message, path]) => ({ message, path })) })
  })
})

describe('the check', () => {
  it('says nothing of what fits', () => {
    expect(() => check({ count: 1 })).not.toThrow()
  })

  it('throws what is wrong first, naming the transport', () => {
    expect(() => check({ count: 1.5, verbose: 'x' as unknown as boolean })).toThrow(
      expect.objectContaining({
        code: 'INVALID_DATA',
        message: 'options of the transport "example": count must be a whole number from 0',
      }),
    )
  })
})

describe('checks of a value', () => {
  const given = { on: () => undefined, off: 1 }

  it.each<[string, OptionCheck, readonly unknown[], readonly unknown[]]>([
    ['a whole number above 0', positiveOption, [1, 7], [0, -1, 1.5, Infinity, '1']],
    ['printable text', textOption, ['a b', '~'], ['', 'a\n', 'ä', 1]],
    ['a list of texts', textsOption, [[], ['a', 'b']], ['a', ['a', ''], [1]]],
    ['an object with on', methodsOption('on'), [given], [{}, { on: 1 }, null, 'on']],
    ['an object with on, off', methodsOption('on', 'off'), [], [given]],
    ['true or false', orFunction(booleanOption), [true, () => 1], [1, 'true']],
  ])('%s', (must, option, good, bad) => {
    for (const value of good) expect(option(value, ['x'])).toEqual([])
    for (const value of bad) expect(option(value, ['x'])).toEqual([{ message: `x must be ${must}`, path: ['x'] }])
  })
})
