import { ImageError, quoteForeign } from './errors.ts'
import type { OptionsResult, OptionsSchema } from './plugin.ts'

/** What is wrong with one option; the message begins with its name. */
export interface OptionIssue {
  readonly message: string
  readonly path: readonly string[]
}

/** Looks at what the option at `path` was given, which is never undefined. */
export type OptionCheck = (value: unknown, path: readonly string[]) => readonly OptionIssue[]

/** A check of one value; `must` ends the sentence "NAME must be …". */
export function optionCheck(must: string, fits: (value: unknown) => boolean): OptionCheck {
  return (value, path) => (fits(value) ? [] : [issue(path, `must be ${must}`)])
}

export const booleanOption: OptionCheck = optionCheck('true or false', (value) => typeof value === 'boolean')
export const countOption: OptionCheck = optionCheck(
  'a whole number from 0',
  (value) => Number.isSafeInteger(value) && Number(value) >= 0,
)
export const positiveOption: OptionCheck = optionCheck(
  'a whole number above 0',
  (value) => Number.isSafeInteger(value) && Number(value) > 0,
)
export const objectOption: OptionCheck = optionCheck('an object', isObject)
/** What may stand in a header or a message. */
export const textOption: OptionCheck = optionCheck('printable text', isPrintable)
export const textsOption: OptionCheck = optionCheck(
  'a list of texts',
  (value) => Array.isArray(value) && value.every(isPrintable),
)

/** A function in place of what the other check is for. */
export function orFunction(other: OptionCheck): OptionCheck {
  return (value, path) => (typeof value === 'function' ? [] : other(value, path))
}

/** An object that has these methods. */
export function methodsOption(...names: readonly string[]): OptionCheck {
  return optionCheck(
    `an object with ${names.join(', ')}`,
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      names.every((name) => typeof Reflect.get(value, name) === 'function'),
  )
}

/** One of several texts. */
export function choiceOption(...texts: readonly string[]): OptionCheck {
  return optionCheck(
    texts.map((text) => `"${text}"`).join(' or '),
    (value) => typeof value === 'string' && texts.includes(value),
  )
}

/** An object with options of its own; others are refused. */
export function optionTable(checks: Readonly<Record<string, OptionCheck>>): OptionCheck {
  const names = Object.keys(checks).join(', ')
  return optionMap((value, path) => {
    const check = Object.entries(checks).find(([name]) => name === path.at(-1))?.[1]
    return check === undefined ? [issue(path, `is no option; there are ${names}`)] : check(value, path)
  })
}

/** An object with any names, whose members are all of one kind. */
export function optionMap(check: OptionCheck): OptionCheck {
  return (value, path) => {
    if (!isObject(value)) return objectOption(value, path)
    const given = Object.entries(value).filter(([, member]) => member !== undefined)
    return given.flatMap(([name, member]) => check(member, [...path, name]))
  }
}

export interface OptionsDefinition<Options> {
  /** For `TransportPlugin.options`. Undefined and null stand for no options. */
  readonly schema: OptionsSchema<Options>
  /** Throws `INVALID_DATA` naming the transport and what is wrong. */
  check(options: Options): void
}

/** What validates the options of a transport, which may come from a file or a command line. */
export function defineOptions<Options extends object>(
  transport: string,
  checks: Readonly<Record<keyof Options & string, OptionCheck>>,
): OptionsDefinition<Options> {
  const table = optionTable(checks)
  const isOptions = (value: unknown): value is Options => table(value, []).length === 0
  const validate = (value: unknown): OptionsResult<Options> => {
    const given = value ?? {}
    return isOptions(given) ? { value: given } : { issues: table(given, []) }
  }
  return {
    schema: { '~standard': { version: 1, vendor: '@crossdock/core', validate } },
    check(options) {
      const [first] = table(options, [])
      if (first === undefined) return
      throw new ImageError('INVALID_DATA', `options of the transport "${transport}": ${first.message}`)
    },
  }
}

function issue(path: readonly string[], problem: string): OptionIssue {
  return { message: path.length === 0 ? problem : `${quoteForeign(path.join('.'), 200)} ${problem}`, path }
}

function isPrintable(value: unknown): boolean {
  return typeof value === 'string' && /^[\x20-\x7e]+$/.test(value)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
