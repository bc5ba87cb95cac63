import type { ByteSink } from '@crossdock/archive'
import type { ResolvedOptions } from '../options.ts'
import { isDone, refusal } from '../errors.ts'
import { readCertificates } from './certificates.ts'
import { type EngineAddress, type Exchange, openExchange } from './exchange.ts'
import { type EngineHost, parseHost } from './host.ts'
import { readBody, readRefusal } from './read-body.ts'
import { createUpload } from './upload.ts'

/** An engine: the two calls of its API (Docker Engine API, "Export an image" and "Import images") that move images. */
export interface Engine {
  readonly host: EngineHost
  /** The archive of an image. Throws `NOT_FOUND`, `UNAVAILABLE`, `FORBIDDEN`, and `INVALID_DATA` for other refusals. */
  save(name: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array>
  /** Begins to send an archive. Throws `UNAVAILABLE`, `FORBIDDEN`. */
  load(signal: AbortSignal | undefined): Promise<ByteSink>
}

/** Reads what is needed to reach an engine, and connects to nothing. Throws `INVALID_DATA` for a host that is none, `IO`. */
export async function openEngine(options: ResolvedOptions, signal: AbortSignal | undefined): Promise<Engine> {
  const { certDir, insecure, connectTimeoutMs, idleTimeoutMs } = options
  const host = parseHost(options.host, { hasCertificates: certDir !== undefined })
  const needsCertificates = certDir !== undefined && 'tls' in host.at && host.at.tls
  const certificates = needsCertificates ? await readCertificates(certDir) : {}
  signal?.throwIfAborted()
  const address: EngineAddress = { host, certificates, insecure, connectTimeoutMs, idleTimeoutMs }
  return {
    host,
    save: (name, saveSignal) => save(address, name, saveSignal),
    load: async (loadSignal) => createUpload(await openExchange(address, LOAD, loadSignal), host),
  }
}

/** With progress: an engine that unpacks for minutes shows that it lives. */
const LOAD = { method: 'POST', path: '/images/load?quiet=0', headers: { 'Content-Type': 'application/x-tar' } } as const

async function* save(
  address: EngineAddress,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  // A name has no character that would have to be encoded in a path.
  await using exchange = await openExchange(address, { method: 'GET', path: `/images/${name}/get` }, signal)
  exchange.request.end()
  await checkAnswer(exchange, { address, name, signal })
  yield* readBody(exchange, await exchange.answer, { host: address.host, signal })
}

interface Asked {
  readonly address: EngineAddress
  readonly name: string
  readonly signal: AbortSignal | undefined
}

async function checkAnswer(exchange: Exchange, { address, name, signal }: Asked): Promise<void> {
  const { host } = address
  const answer = await exchange.wait(exchange.answer, signal)
  if (isDone(answer)) return
  const text = await readRefusal(exchange, answer, { host, signal })
  throw refusal(answer, { host, text, what: `it gives no image "${name}"` })
}
