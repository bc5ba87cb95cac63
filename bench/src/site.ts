import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CountingProxy, startCountingProxy, type Traffic } from './counting-proxy.ts'
import { type Proxy, startDelayProxy } from './delay-proxy.ts'
import { type Registry, startRegistry, type StartRegistryOptions } from './registry.ts'

export interface SiteOptions {
  /** The registry that holds the images. */
  readonly source: Registry
  readonly registries: Omit<StartRegistryOptions, 'folder'>
  /** For folders and registries of its own; exists. */
  readonly folder: string
  /** Counts requests and bytes, which disturbs timings. */
  readonly counting: boolean
  readonly rttMs: number
  readonly bytesPerSecond: number
}

/** A registry as tools see it. */
export interface Host extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly name: string
}

/** Where a series of runs takes place: the same registries, seen directly, from afar or through a counter. */
export interface Site extends AsyncDisposable {
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
  const { source, registries, folder } = options
  const stack = new AsyncDisposableStack()
  const counters: CountingProxy[] = []
  const kept = new Map<string, Promise<unknown>>()
  const show = async (port: number): Promise<Proxy | undefined> => {
    const front = await startFront(port, options)
    if (front !== undefined && 'traffic' in front) counters.push(front)
    return front
  }
  const front = await show(source.port)
  if (front !== undefined) stack.defer(() => front.close())
  return {
    source: { name: hostOf(front?.port ?? source.port), [Symbol.asyncDispose]: async () => {} },
    freshRegistry: async () => {
      const registry = await startRegistry({ ...registries, folder: join(folder, randomUUID()) })
      const before = await show(registry.port)
      return {
        name: hostOf(before?.port ?? registry.port),
        [Symbol.asyncDispose]: async () => {
          await before?.close()
          await registry.close()
        },
      }
    },
    freshFolder: () => join(folder, randomUUID()),
    // The map holds what `prepare` of the same name gave.
    prepared: <Value>(name: string, prepare: () => Promise<Value>) => {
      const found = kept.get(name) ?? prepare()
      kept.set(name, found)
      return found as Promise<Value>
    },
    traffic: () => sum(counters.map((counter) => counter.traffic())),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function startFront(port: number, options: SiteOptions): Promise<Proxy | CountingProxy | undefined> {
  const { counting, rttMs, bytesPerSecond } = options
  if (counting) return startCountingProxy({ port })
  return rttMs === 0 && bytesPerSecond === Infinity ? undefined : startDelayProxy({ port, rttMs, bytesPerSecond })
}

function hostOf(port: number): string {
  return `127.0.0.1:${port}`
}

function sum(traffics: readonly Traffic[]): Traffic {
  const total = { requests: 0, sent: 0, received: 0 }
  for (const { requests, sent, received } of traffics) {
    total.requests += requests
    total.sent += sent
    total.received += received
  }
  return total
}

/** A folder that goes with everything in it. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'crossdock-bench-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
