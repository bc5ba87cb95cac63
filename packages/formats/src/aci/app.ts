import { quoteForeign } from '@crossdock/core'
import {
  checkString,
  fieldPath,
  invalid,
  NO_STRINGS,
  optional,
  optionalBoolean,
  optionalList,
  optionalString,
  optionalStrings,
  type Place,
  requiredList,
  requiredString,
} from '../fields.ts'
import { foldKeys } from './fold-keys.ts'
import { checkAciName } from './identifier.ts'
import { type AciIsolator, checkTogether, readIsolator } from './isolators.ts'
import { type AciNamedValue, checkUnique } from './named-values.ts'

export interface AciMountPoint {
  readonly name: string
  readonly path: string
  readonly readOnly: boolean
}

export interface AciPort {
  readonly name: string
  readonly protocol: string
  readonly port: number
  /** How many ports there are, from `port` on. */
  readonly count: number
  readonly socketActivated: boolean
}

export interface AciEventHandler {
  readonly name: 'pre-start' | 'post-stop'
  readonly exec: readonly string[]
}

/** How a container starts (appc spec, "Image Manifest Schema", app). */
export interface AciApp {
  readonly exec: readonly string[]
  /** A name, a number, or the absolute path of a file whose owner is meant; the same for `group`. */
  readonly user: string
  readonly group: string
  /** Empty if it does not say. */
  readonly workingDirectory: string
  readonly environment: readonly AciNamedValue[]
  readonly eventHandlers: readonly AciEventHandler[]
  readonly mountPoints: readonly AciMountPoint[]
  readonly ports: readonly AciPort[]
  readonly isolators: readonly AciIsolator[]
  readonly supplementaryGids: readonly number[]
  /** Without a prototype, as `userAnnotations`. */
  readonly userLabels: Readonly<Record<string, string>>
  readonly userAnnotations: Readonly<Record<string, string>>
}

const KEYS = [
  'exec',
  'user',
  'group',
  'workingDirectory',
  'environment',
  'eventHandlers',
  'mountPoints',
  'ports',
  'isolators',
  'supplementaryGIDs',
  'userLabels',
  'userAnnotations',
]

/** Names that a variable of the environment may have. */
export const ACI_VARIABLE: RegExp = /^[A-Za-z_][A-Za-z_0-9.-]*$/

/** Throws `INVALID_DATA`. */
export function readAciApp(value: unknown, where: string): AciApp {
  const place = foldKeys(value, where, KEYS)
  const workingDirectory = optionalString(place, 'workingDirectory') ?? ''
  if (workingDirectory !== '' && !workingDirectory.startsWith('/')) {
    throw invalid(fieldPath(where, 'workingDirectory'), 'must be an absolute path')
  }
  return {
    exec: optionalList(place, 'exec', checkString) ?? [],
    user: required(place, 'user'),
    group: required(place, 'group'),
    workingDirectory,
    environment: readEnvironment(place),
    eventHandlers: readEventHandlers(place),
    mountPoints: optionalList(place, 'mountPoints', readMountPoint) ?? [],
    ports: optionalList(place, 'ports', readPort) ?? [],
    isolators: readIsolators(place),
    supplementaryGids: optionalList(place, 'supplementaryGIDs', readInteger) ?? [],
    userLabels: optionalStrings(place, 'userLabels') ?? NO_STRINGS,
    userAnnotations: optionalStrings(place, 'userAnnotations') ?? NO_STRINGS,
  }
}

function required(place: Place, key: string): string {
  const value = requiredString(place, key)
  if (value === '') throw invalid(fieldPath(place.where, key), 'must not be empty')
  return value
}

function readEnvironment(place: Place): readonly AciNamedValue[] {
  const environment = optionalList(place, 'environment', readVariable) ?? []
  checkUnique(environment, fieldPath(place.where, 'environment'))
  return environment
}

function readVariable(value: unknown, where: string): AciNamedValue {
  const place = foldKeys(value, where, ['name', 'value'])
  const name = requiredString(place, 'name')
  if (!ACI_VARIABLE.test(name)) throw invalid(where, `"${quoteForeign(name, 100)}" is no name of a variable`)
  return { name, value: optionalString(place, 'value') ?? '' }
}

function readEventHandlers(place: Place): readonly AciEventHandler[] {
  const handlers = optionalList(place, 'eventHandlers', readEventHandler) ?? []
  checkUnique(handlers, fieldPath(place.where, 'eventHandlers'))
  return handlers
}

function readEventHandler(value: unknown, where: string): AciEventHandler {
  const place = foldKeys(value, where, ['name', 'exec'])
  const name = requiredString(place, 'name')
  if (name !== 'pre-start' && name !== 'post-stop') {
    throw invalid(where, `an event handler is called pre-start or post-stop, not "${quoteForeign(name, 100)}"`)
  }
  return { name, exec: requiredList(place, 'exec', checkString) }
}

function readMountPoint(value: unknown, where: string): AciMountPoint {
  const place = foldKeys(value, where, ['name', 'path', 'readOnly'])
  return {
    name: checkAciName(requiredString(place, 'name'), fieldPath(where, 'name')),
    path: optionalString(place, 'path') ?? '',
    readOnly: optionalBoolean(place, 'readOnly') ?? false,
  }
}

const PORTS = 65_535

function readPort(value: unknown, where: string): AciPort {
  const place = foldKeys(value, where, ['name', 'protocol', 'port', 'count', 'socketActivated'])
  const port = optional(place, 'port')
  const count = optional(place, 'count') ?? 0
  if (!isCount(port) || port < 1 || port > PORTS) throw invalid(fieldPath(where, 'port'), `must be from 1 to ${PORTS}`)
  if (!isCount(count) || port + count > PORTS + 1) {
    throw invalid(fieldPath(where, 'count'), `leads beyond the last port, ${PORTS}`)
  }
  return {
    name: checkAciName(requiredString(place, 'name'), fieldPath(where, 'name')),
    protocol: optionalString(place, 'protocol') ?? '',
    port,
    count: Math.max(count, 1),
    socketActivated: optionalBoolean(place, 'socketActivated') ?? false,
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}

function readIsolators(place: Place): readonly AciIsolator[] {
  const isolators = optionalList(place, 'isolators', readIsolator) ?? []
  checkTogether(isolators, fieldPath(place.where, 'isolators'))
  return isolators
}

function readInteger(value: unknown, where: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw invalid(where, 'must be a whole number')
}
