import {
  booleanOption,
  defineOptions,
  methodsOption,
  objectOption,
  type OptionCheck,
  optionCheck,
  optionMap,
  optionTable,
  orFunction,
  textOption,
  textsOption,
  type TransportPlugin,
} from '@crossdock/core'
import type { DockerTransportOptions, HostOptions } from './options.ts'
import { type DockerTransport, dockerTransport } from './transport.ts'

const amount = optionCheck(
  'a whole number above 0',
  (value) => typeof value === 'number' && (Number.isSafeInteger(value) || value === Infinity) && value > 0,
)

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
  signatureStorage: methodsOption('read'),
  sigstoreAttachments: orFunction(booleanOption),
  resume: booleanOption,
  journal: methodsOption('claim', 'peek', 'note', 'forget'),
  locations: (value, path) => (value === true ? [] : methodsOption('add', 'neighbour', 'flush')(value, path)),
  hosts: optionMap(optionTable(HOST_CHECKS)),
  maxManifestBytes: amount,
  parallelBlobs: amount,
  requestsPerHost: amount,
  connectTimeoutMs: amount,
  headersTimeoutMs: amount,
  idleBodyTimeoutMs: amount,
  maxAttempts: amount,
  proxy: (value, path) => (value === false ? [] : objectOption(value, path)),
  trustedHosts: textsOption,
  userAgent: textOption,
  http: methodsOption('request', 'close'),
})

/** What the command loads by this package's name. */
export const plugin: TransportPlugin<DockerTransportOptions, DockerTransport> = {
  name: 'docker',
  options: schema,
  create: dockerTransport,
}
