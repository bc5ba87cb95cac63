import type { IncomingMessage, ServerResponse } from 'node:http'
import { answer, type Answering } from './answer.ts'
import { createGate } from './gate.ts'
import type { Registry } from './exchange.ts'
import { createFaultScript, type FaultScript } from './faults.ts'
import { startListener, type Listener } from './listener.ts'
import { resolveOptions, type RegistryServerOptions } from './options.ts'
import { withProfile } from './profiles.ts'
import { createRecorder, type RecordedRequest, type RegistryCounters } from './recorder.ts'
import { createSessions } from './sessions.ts'
import type { RegistryStorage } from './storage.ts'

/** A registry that is listening. */
export interface RegistryServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/` */
  readonly url: URL
  /** `127.0.0.1:PORT`, as it stands in an image name. */
  readonly host: string
  /** The latest requests, oldest first. */
  readonly requests: readonly RecordedRequest[]
  readonly counters: RegistryCounters
  readonly storage: RegistryStorage
  readonly faults: FaultScript
  /** Makes every token handed out so far invalid. */
  expireTokens(): void
  /** Ends every connection at once; what was received of open uploads is kept. */
  close(): Promise<void>
}

/** Starts a registry (distribution-spec 1.1). Rejects if the address is taken or the storage cannot be opened. */
export async function startRegistry(options: RegistryServerOptions = {}): Promise<RegistryServer> {
  const resolved = resolveOptions(withProfile(options))
  const { storage, auth } = resolved
  const recorder = createRecorder(resolved.limits.maxRecordedRequests)
  const faults = createFaultScript(resolved.faults)
  const ending = new AbortController()
  const running = new Set<Promise<void>>()
  const listeners: Listener[] = []
  let tokenOrigin: string | undefined
  const gate = auth && createGate(auth, () => tokenOrigin)
  const registry: Registry = {
    storage,
    options: resolved,
    sessions: createSessions(),
    signatures: new Map(),
    auth: gate,
  }
  const scheme = resolved.tls === undefined ? 'http' : 'https'

  const listen = async (port: number, onlyTokens: boolean): Promise<Listener> => {
    const answering: Answering = { registry, recorder, faults, ending: ending.signal, scheme, onlyTokens }
    const listener = await startListener({ ...resolved, port }, (request, response) => {
      track(running, answering, { request, response })
    })
    listeners.push(listener)
    return listener
  }

  const stop = async (): Promise<void> => {
    ending.abort()
    await Promise.all(listeners.map((listener) => listener.close()))
    await Promise.all(running)
    await storage.close()
  }

  await storage.open()
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => (closed ??= stop())
  try {
    const { host, origin } = await listen(resolved.port, false)
    if (auth?.kind === 'token' && auth.separateOrigin === true) tokenOrigin = (await listen(0, true)).origin
    const { requests, counters } = recorder
    const url = new URL(`${origin}/`)
    const expireTokens = (): void => gate?.expireTokens()
    return { url, host, requests, counters, storage, faults, expireTokens, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

function track(
  running: Set<Promise<void>>,
  answering: Answering,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): void {
  const answered = answer(answering, request, response).finally(() => running.delete(answered))
  running.add(answered)
}
