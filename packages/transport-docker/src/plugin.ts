import {
  booleanOption,
  defineOptions,
  objectOption,
  type OptionCheck,
  optionCheck,
  optionMap,
  optionTable,
  type TransportPlugin,
} from '@crossdock/core'
import type { DockerTransportOptions, HostOptions } from './options.ts'
import { type DockerTransport, dockerTransport } from './transport.ts'

const isText = (value: unknown): boolean => typeof value === 'string' && /^[\x20-\x7e]+$/.test(value)
const text = optionCheck('printable text', isText)
const texts = optionCheck('a list of texts', (value) => Array.isArray(value) && value.every(isText))
const amount = optionCheck(
  'a whole number above 0',
  (value) => typeof value === 'number' && (Number.isSafeInteger(value) || value === Infinity) && value > 0,
)

function orFunction(other: OptionCheck): OptionCheck {
  return (value, path) => (typeof value === 'function' ? [] : other(value, path))
}

function methods(...names: readonly string[]): OptionCheck {
  return optionCheck(
    `an object with ${names.join(', ')}`,
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      names.every((name) => typeof Reflect.get(value, name) === 'function'),
  )
}

const HOST_CHECKS: Readonly<Record<keyof HostOptions, OptionCheck>> = {
  chunkBytes: amount,
  chunkFromBytes: amount,
  head: booleanOption,
  ranges: booleanOption,
}

const { schema } = defineOptions<DockerTransportOptions>('docker', {
  credentials: orFunction(objectOption),
  registries: optionCheck('a function', (value) => typeof value === 'function'),
  insecure: orFunction(booleanOption),
  certificates: orFunction(objectOption),
  signatureStorage: methods('read'),
  sigstoreAttachments: orFunction(booleanOption),
  resume: booleanOption,
  journal: methods('claim', 'peek', 'note', 'forget'),
  hosts: optionMap(optionTable(HOST_CHECKS)),
  maxManifestBytes: amount,
  parallelBlobs: amount,
  requestsPerHost: amount,
  connectTimeoutMs: amount,
  headersTimeoutMs: amount,
  idleBodyTimeoutMs: amount,
  maxAttempts: amount,
  proxy: (value, path) => (value === false ? [] : objectOption(value, path)),
  trustedHosts: texts,
  userAgent: text,
  http: methods('request', 'close'),
})

/** What the command loads by this package's name. */
export const plugin: TransportPlugin<DockerTransportOptions, DockerTransport> = {
  name: 'docker',
  options: schema,
  create: dockerTransport,
}
