import type { OptionsResult, TransportPlugin } from '@crossdock/core'
import type { DockerTransportOptions } from './options.ts'
import { type DockerTransport, dockerTransport } from './transport.ts'

/** What the command loads by this package's name. */
export const plugin: TransportPlugin<DockerTransportOptions, DockerTransport> = {
  name: 'docker',
  options: { '~standard': { version: 1, vendor: '@crossdock/transport-docker', validate } },
  create: dockerTransport,
}

type Check = (value: unknown) => string | undefined

const isBoolean: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false')
const isText: Check = (value) =>
  typeof value === 'string' && /^[\x20-\x7e]+$/.test(value) ? undefined : 'must be printable text'
const isAmount: Check = (value) =>
  typeof value === 'number' && (Number.isSafeInteger(value) || value === Infinity) && value > 0
    ? undefined
    : 'must be a whole number above 0'
const isTexts: Check = (value) =>
  Array.isArray(value) && value.every((item) => isText(item) === undefined) ? undefined : 'must be a list of texts'
const isObject: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'must be an object'
const isFunctionOr =
  (other: Check): Check =>
  (value) =>
    typeof value === 'function' ? undefined : other(value)
const hasMethods =
  (...names: readonly string[]): Check =>
  (value) =>
    typeof value === 'object' && value !== null && names.every((name) => typeof Reflect.get(value, name) === 'function')
      ? undefined
      : `must be an object with ${names.join(', ')}`

const HOST_CHECKS: Readonly<Record<string, Check>> = {
  chunkBytes: isAmount,
  chunkFromBytes: isAmount,
  head: isBoolean,
  ranges: isBoolean,
}

const CHECKS: Readonly<Record<keyof DockerTransportOptions, Check>> = {
  credentials: isFunctionOr(isObject),
  insecure: isFunctionOr(isBoolean),
  certificates: isFunctionOr(isObject),
  resume: isBoolean,
  journal: hasMethods('claim', 'peek', 'note', 'forget'),
  hosts: isObject,
  maxManifestBytes: isAmount,
  parallelBlobs: isAmount,
  requestsPerHost: isAmount,
  connectTimeoutMs: isAmount,
  headersTimeoutMs: isAmount,
  idleBodyTimeoutMs: isAmount,
  maxAttempts: isAmount,
  proxy: (value) => (value === false ? undefined : isObject(value)),
  trustedHosts: isTexts,
  userAgent: isText,
  http: hasMethods('request', 'close'),
}

interface Issue {
  readonly message: string
  readonly path: readonly string[]
}

function validate(value: unknown): OptionsResult<DockerTransportOptions> {
  const given = value ?? {}
  const issues = isObject(given) === undefined ? check(given, CHECKS, []) : [{ message: 'must be an object', path: [] }]
  const hosts = issues.length === 0 ? own(given, 'hosts') : undefined
  if (typeof hosts === 'object' && hosts !== null) {
    for (const [host, one] of Object.entries(hosts)) issues.push(...check(one, HOST_CHECKS, ['hosts', host]))
  }
  // Every member was looked at.
  return issues.length > 0 ? { issues } : { value: given }
}

function check(value: unknown, checks: Readonly<Record<string, Check>>, path: readonly string[]): Issue[] {
  const problem = isObject(value)
  if (problem !== undefined) return [{ message: problem, path }]
  return Object.entries(value ?? {}).flatMap(([key, member]) => {
    if (member === undefined) return []
    const known = Object.hasOwn(checks, key) ? checks[key] : undefined
    const message = known === undefined ? `is no option; there are ${Object.keys(checks).join(', ')}` : known(member)
    return message === undefined ? [] : [{ message: `${[...path, key].join('.')} ${message}`, path: [...path, key] }]
  })
}

function own(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined
}
