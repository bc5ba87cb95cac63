import { InvalidArgumentError } from 'commander'

/** Reads parsed flags, whose types the parser does not know, one by one. */
export type Flags = Readonly<Record<string, unknown>>

export function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags[name]
  return typeof value === 'string' ? value : undefined
}

export function isSet(flags: Flags, name: string): boolean {
  return flags[name] === true
}

export function listFlag(flags: Flags, name: string): readonly string[] {
  const value = flags[name]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

export function numberFlag(flags: Flags, name: string): number | undefined {
  const value = flags[name]
  return typeof value === 'number' ? value : undefined
}

/** For commander: gathers a flag that may be given several times, and commas within one. */
export function gather(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...value.split(',')]
}

/** For commander: gathers a flag that may be given several times, its values as they are: paths have commas. */
export function gatherWhole(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value]
}

/**
 * A flag with a value of its own or none, `--flag` or `--flag=false`, never takes the next argument: that is an image's name.
 * Commander would take it, so a bare flag is given its value here.
 */
export function attachBooleans(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--')
  return argv.map((argument, position) => {
    const isFlag = end < 0 || position < end
    return isFlag && /^--(?:src-|dest-)?tls-verify$/.test(argument) ? `${argument}=true` : argument
  })
}

/** `-v` means the version, but behind `login`, where other tools have it, `--verbose`. */
export function spellOutVerbose(argv: readonly string[]): readonly string[] {
  const command = argv.indexOf('login')
  const isValue = (position: number): boolean => /^(?:-[pu]|--password|--username)$/.test(argv[position - 1] ?? '')
  return argv.map((argument, position) =>
    argument === '-v' && command >= 0 && position > command && !isValue(position) ? '--verbose' : argument,
  )
}

/** For commander: `--flag=true`, `--flag=false`. */
export function booleanFlag(value: string): boolean {
  if (value === 'true') return true
  if (value === 'false') return false
  throw new InvalidArgumentError('It is either "true" or "false".')
}

/** For commander: a whole number from `least` on. */
export function wholeNumber(least: number): (value: string) => number {
  return (value) => {
    if (!/^[0-9]{1,15}$/.test(value) || Number(value) < least) {
      throw new InvalidArgumentError(`It takes a whole number from ${least} on.`)
    }
    return Number(value)
  }
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

/** For commander: `30s`, `5m`, `1h`, `7d`, in milliseconds. A bare number is seconds. */
export function duration(value: string): number {
  const match = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)?$/.exec(value)
  const unit = UNITS.get(match?.[2] ?? 's')
  const amount = Number(match?.[1])
  if (unit === undefined || Number.isNaN(amount) || amount === 0) {
    throw new InvalidArgumentError('It takes a duration such as 90s, 5m or 1h.')
  }
  return amount * unit
}

/** For commander: how old something is, which may be `0`; else as `duration`. */
export function age(value: string): number {
  return /^0(?:ms|s|m|h|d)?$/.test(value) ? 0 : duration(value)
}

const BYTE_UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['k', 1e3],
  ['m', 1e6],
  ['g', 1e9],
  ['t', 1e12],
  ['ki', 1024],
  ['mi', 1024 ** 2],
  ['gi', 1024 ** 3],
  ['ti', 1024 ** 4],
])

/** For commander: `500MB`, `20 GB`, `1.5GiB`, in bytes. A bare number is bytes. */
export function byteSize(value: string): number {
  const match = /^([0-9]{1,15}(?:\.[0-9]{1,3})?) ?(?:([kmgt]i?)?b?)$/i.exec(value)
  const unit = BYTE_UNITS.get((match?.[2] ?? '').toLowerCase())
  const bytes = Math.floor(Number(match?.[1]) * (unit ?? Number.NaN))
  if (!Number.isSafeInteger(bytes)) throw new InvalidArgumentError('It takes a size such as 500MB or 20GiB.')
  return bytes
}
