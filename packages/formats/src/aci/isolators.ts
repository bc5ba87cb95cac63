import { quoteForeign } from '@crossdock/core'
import { invalid, requiredString } from '../fields.ts'
import { isObject, member } from '../json.ts'
import { foldKeys } from './fold-keys.ts'

/** A limit or a right that an app is given, kept as it is. */
export interface AciIsolator {
  readonly name: string
  readonly value: unknown
}

/** What is wrong with a value; undefined if nothing is. */
type Check = (value: unknown) => string | undefined

const QUANTITY = /^[+-]?[0-9.]+[eEinumkKMGTP]*[-+]?[0-9]*$/

/** appc spec, "Isolators". A name that is not among them makes the manifest invalid: what it would limit is not known. */
const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['resource/cpu', resource(false)],
  ['resource/memory', resource(false)],
  ['resource/block-bandwidth', resource(true)],
  ['resource/block-iops', resource(true)],
  ['resource/network-bandwidth', resource(true)],
  ['os/linux/capabilities-retain-set', set],
  ['os/linux/capabilities-remove-set', set],
  ['os/linux/seccomp-retain-set', seccomp],
  ['os/linux/seccomp-remove-set', seccomp],
  ['os/linux/no-new-privileges', (value) => (typeof value === 'boolean' ? undefined : 'must be true or false')],
  ['os/linux/oom-score-adj', between(-1000, 1000)],
  ['os/linux/cpu-shares', between(2, 262_144)],
  ['os/linux/selinux-context', isAnyObject],
  ['os/linux/apparmor-profile', isAnyObject],
  ['os/unix/sysctl', isAnyObject],
])

/** Throws `INVALID_DATA`. */
export function readIsolator(value: unknown, where: string): AciIsolator {
  const place = foldKeys(value, where, ['name', 'value'])
  const name = requiredString(place, 'name')
  const check = CHECKS.get(name)
  if (check === undefined) throw invalid(where, `"${quoteForeign(name, 100)}" is no isolator that is known`)
  const content = member(place.object, 'value')
  const problem = check(content)
  if (problem !== undefined) throw invalid(where, `the value of ${name} ${problem}`)
  return { name, value: content }
}

/** Throws `INVALID_DATA` for isolators that exclude one another. */
export function checkTogether(isolators: readonly AciIsolator[], where: string): void {
  const has = (ending: string): boolean => isolators.some(({ name }) => name === `os/linux/seccomp-${ending}-set`)
  if (has('retain') && has('remove'))
    throw invalid(where, 'what seccomp retains and what it removes exclude one another')
}

function resource(isDefault: boolean): Check {
  return (value) => {
    if (!isObject(value)) return 'must be an object'
    if ((member(value, 'default') ?? false) !== isDefault) return `must have ${isDefault} as "default"`
    for (const key of ['request', 'limit']) {
      const quantity = member(value, key) ?? undefined
      if (quantity === undefined) continue
      if (isDefault && key === 'request') return 'must have no "request"'
      const isQuantity = typeof quantity === 'number' || (typeof quantity === 'string' && QUANTITY.test(quantity))
      if (!isQuantity) return `must have a quantity as "${key}", such as 250m or 2G`
    }
    return undefined
  }
}

function set(value: unknown): string | undefined {
  const found = isObject(value) ? member(value, 'set') : undefined
  const isSet = Array.isArray(found) && found.length > 0 && found.every((each) => typeof each === 'string')
  return isSet ? undefined : 'must have a list of names, not empty, as "set"'
}

function seccomp(value: unknown): string | undefined {
  const errno = isObject(value) ? (member(value, 'errno') ?? '') : ''
  const isErrno = errno === '' || (typeof errno === 'string' && /^E[A-Z0-9]*$/.test(errno))
  return set(value) ?? (isErrno ? undefined : 'must have the name of an error, such as EPERM, as "errno"')
}

function between(least: number, most: number): Check {
  return (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? undefined
      : `must be a whole number from ${least} to ${most}`
}

function isAnyObject(value: unknown): string | undefined {
  return isObject(value) ? undefined : 'must be an object'
}
