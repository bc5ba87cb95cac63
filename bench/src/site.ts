import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Certificate } from './certificate.ts'
import { type CountingProxy, startCountingProxy, type Traffic } from './link/counting-proxy.ts'
import type { DelayHost } from './link/delay-host.ts'
import { type BenchLink, isImitated } from './links.ts'
import { type Registry, startRegistry } from './registry.ts'
import type { RegistryAddress } from './registry-client.ts'

export interface SiteOptions {
  readonly link: BenchLink
  /** The registry that holds the images. */
  readonly source: Registry
  /** Of registries that are started here. Default: the one of this project. */
  readonly binary: string | undefined
  /** For folders and registries of its own; exists. */
  readonly folder: string
  /** Counts requests and bytes, which disturbs timings. */
  readonly counting: boolean
  /** Needed if the link speaks TLS. */
  readonly certificate: Certificate | undefined
  /** Where proxies live; asked for if the link is imitated. */
  readonly delays: () => Promise<DelayHost>
}

/** A registry as tools see it. */
export interface Host extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly name: string
  /** The registry itself, with nothing between. */
  readonly address: RegistryAddress
}

/** Where a series of runs takes place: registries behind the same link, through a counter or not. */
export interface Site extends AsyncDisposable {
  readonly link: BenchLink
  readonly source: Host
  /**
   * A registry that nobody has ever talked to: a tool that remembers where it put blobs would else mount in one run what it
   * moved in another.
   */
  freshRegistry(): Promise<Host>
  /** The path of a folder that does not exist yet. */
  freshFolder(): string
  /** What a name was last prepared to; prepared now if it was not. */
  prepared<Value>(name: string, prepare: () => Promise<Value>): Promise<Value>
  /** All traffic so far; zero if nothing is counted. */
  traffic(): Traffic
}

export async function openSite(options: SiteOptions): Promise<Site> {
  const { link, source, binary, folder, certificate } = options
  const counters: CountingProxy[] = []
  const kept = new Map<string, Promise<unknown>>()
  const show = async (registry: Registry, close: () => Promise<void>): Promise<Host> => {
    const front = await openFront(registry.address.port, options)
    if (front.counter !== undefined) counters.push(front.counter)
    const end = async (): Promise<void> => {
      await front.close()
      await close()
    }
    return { name: `127.0.0.1:${front.port}`, address: registry.address, [Symbol.asyncDispose]: end }
  }
  const sourceHost = await show(source, async () => {})
  return {
    link,
    source: sourceHost,
    freshRegistry: async () => {
      const registry = await startRegistry({
        binary,
        folder: join(folder, randomUUID()),
        certificate: link.tls ? certificate : undefined,
      })
      return show(registry, () => registry.close())
    },
    freshFolder: () => join(folder, randomUUID()),
    // The map holds what `prepare` of the same name gave.
    prepared: <Value>(name: string, prepare: () => Promise<Value>) => {
      const found = kept.get(name) ?? prepare()
      kept.set(name, found)
      return found as Promise<Value>
    },
    traffic: () => sum(counters.map((counter) => counter.traffic())),
    [Symbol.asyncDispose]: () => sourceHost[Symbol.asyncDispose](),
  }
}

interface Front {
  readonly port: number
  readonly counter: CountingProxy | undefined
  close(): Promise<void>
}

/** The counter stands at the registry, the link before it. */
async function openFront(registry: number, options: SiteOptions): Promise<Front> {
  const { link, counting, certificate, delays } = options
  const secured = link.tls ? certificate : undefined
  const counter = counting ? await startCountingProxy({ port: registry, certificate: secured }) : undefined
  const behind = counter?.port ?? registry
  const { rttMs, bytesPerSecond } = link
  const delay = isImitated(link) ? await (await delays()).open({ port: behind, rttMs, bytesPerSecond }) : undefined
  return {
    port: delay?.port ?? behind,
    counter,
    close: async () => {
      await delay?.close()
      await counter?.close()
    },
  }
}

function sum(traffics: readonly Traffic[]): Traffic {
  const total = { requests: 0, sent: 0, received: 0, blobs: 0 }
  for (const { requests, sent, received, blobs } of traffics) {
    total.requests += requests
    total.sent += sent
    total.received += received
    total.blobs += blobs
  }
  return total
}

/** A folder that goes with everything in it. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'crossdock-bench-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
