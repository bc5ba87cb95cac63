import type { Descriptor, DockerReference, ImageSource, ProgressEvent } from '@crossdock/core'
import type { RegistryServer, RegistryServerOptions } from '@crossdock/registry-server'
import { type TestImage, writeImage } from '@crossdock/transport-testkit'
import type {
  DockerImageReference,
  DockerTransport,
  DockerTransportOptions,
  RegistryEndpoint,
  RegistryRoute,
} from '../src/index.ts'
import { collect, registry, transport } from './peers.ts'

/** Where the image is at its own registry, and at mirrors. */
const PATH = 'team/app'
const MIRROR_PATH = 'cache/app'

export interface MirroredOptions {
  readonly image?: TestImage
  /** In the mirrors; undefined for one that has nothing. Default: one mirror, with the image. */
  readonly mirrors?: readonly (TestImage | undefined)[]
  readonly servers?: RegistryServerOptions
  readonly options?: DockerTransportOptions
  readonly route?: Partial<RegistryRoute>
}

/** An image in a registry and its mirrors, and a transport that knows them. */
export interface Mirrored {
  readonly registry: RegistryServer
  /** The first mirror. */
  readonly mirror: RegistryServer
  readonly mirrors: readonly RegistryServer[]
  readonly docker: DockerTransport
  readonly reference: DockerImageReference
  readonly events: ProgressEvent[]
  readonly onProgress: (event: ProgressEvent) => void
  /** What was looked up. */
  readonly asked: readonly DockerReference[]
  /** `METHOD route status` since the image was written, pings left out. */
  requestsOf(server: RegistryServer): string[]
}

export async function mirrored(image: TestImage, setting: MirroredOptions = {}): Promise<Mirrored> {
  const { mirrors: contents = [image], servers, options = {}, route = {} } = setting
  const own = await registry(servers)
  const mirrors = await Promise.all(contents.map(() => registry(servers)))
  const writer = transport(options.credentials === undefined ? {} : { credentials: options.credentials })
  await writeImage(writer.parseReference(`//${own.host}/${PATH}:t`), image)
  for (const [index, content] of contents.entries()) {
    if (content === undefined) continue
    await writeImage(writer.parseReference(`//${mirrors[index]?.host}/${MIRROR_PATH}:t`), content)
  }
  const before = new Map([own, ...mirrors].map((server) => [server, server.requests.length]))
  const asked: DockerReference[] = []
  const sources = [...mirrors.map((mirror) => endpoint(mirror, MIRROR_PATH)), endpoint(own, PATH)]
  const docker = transport({
    ...options,
    registries: (reference) => {
      asked.push(reference)
      return { sources, insecure: false, ...route }
    },
  })
  const events: ProgressEvent[] = []
  const [mirror = own] = mirrors
  return {
    registry: own,
    mirror,
    mirrors,
    docker,
    asked,
    reference: docker.parseReference(`//${own.host}/${PATH}:t`),
    events,
    onProgress: (event) => void events.push(event),
    requestsOf: (server) =>
      server.requests
        .slice(before.get(server))
        .filter((request) => request.route !== 'ping' && request.route !== 'token')
        .map((request) => `${request.method} ${request.route} ${request.status}`),
  }
}

export async function readBytes(
  source: ImageSource,
  blob: Descriptor,
  from?: Mirrored,
  offset?: number,
): Promise<Buffer> {
  return Buffer.concat(await collect(await source.getBlob(blob, { offset, onProgress: from?.onProgress })))
}

/** Messages of one level, in order. */
export function notes({ events }: Mirrored, level: 'info' | 'warning'): string[] {
  return events
    .filter((event) => event.type === 'note' && event.level === level)
    .map((event) => ('message' in event ? event.message : ''))
}

function endpoint({ host }: RegistryServer, path: string): RegistryEndpoint {
  return { reference: { domain: host, path }, insecure: false }
}
