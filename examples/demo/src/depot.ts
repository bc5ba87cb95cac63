import { setTimeout as wait } from 'node:timers/promises'
import { folderStorage, type RecordedRequest, type RegistryServer, startRegistry } from '@crossdock/registry-server'

/** What a registry saw during one piece of work. */
export interface Observation<Value> {
  readonly value: Value
  readonly requests: readonly RecordedRequest[]
  /** Of blobs, in either direction. */
  readonly blobBytes: number
  /** Of everything. */
  readonly bytes: number
  readonly seconds: number
}

/** A registry of this process that tells what passed through it. */
export interface Depot extends AsyncDisposable {
  readonly host: string
  /** Bytes received so far. */
  received(): number
  /** Bytes sent so far. */
  sent(): number
  observe<Value>(work: () => Promise<Value>): Promise<Observation<Value>>
}

export interface DepotOptions {
  readonly folder: string
  /** The rate of each connection. Default: unlimited. */
  readonly bytesPerSecond?: number | undefined
  readonly port?: number | undefined
}

const SETTLE_MS = 10

export async function openDepot({ folder, bytesPerSecond, port }: DepotOptions): Promise<Depot> {
  let over = 0
  const server = await startRegistry({
    storage: folderStorage(folder),
    bytesPerSecond,
    port,
    onRequest: () => {
      over += 1
    },
  })
  /** Answers to a command that was killed end when the registry notices. */
  const settled = async (): Promise<void> => {
    while (over < server.counters.requests) await wait(SETTLE_MS)
  }
  return {
    host: server.host,
    received: () => server.counters.bytesReceived,
    sent: () => server.counters.bytesSent,
    observe: async (work) => {
      await settled()
      const before = snapshot(server)
      const started = performance.now()
      const value = await work()
      const seconds = (performance.now() - started) / 1000
      await settled()
      const after = snapshot(server)
      const requests = server.requests.slice(before.requests)
      return { value, requests, seconds, bytes: after.bytes - before.bytes, blobBytes: blobBytes(requests) }
    },
    [Symbol.asyncDispose]: () => server.close(),
  }
}

function snapshot({ counters }: RegistryServer): { readonly requests: number; readonly bytes: number } {
  return { requests: counters.requests, bytes: counters.bytesReceived + counters.bytesSent }
}

function blobBytes(requests: readonly RecordedRequest[]): number {
  return requests
    .filter(({ route, status }) => route !== 'manifest' && status < 400)
    .reduce((sum, { bytesReceived, bytesSent }) => sum + bytesReceived + bytesSent, 0)
}
