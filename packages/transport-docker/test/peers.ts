import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesBody, digestOf, type BlobBody, type Descriptor, type ImageError } from '@crossdock/core'
import { startRegistry, type RegistryServer, type RegistryServerOptions } from '@crossdock/registry-server'
import { onTestFinished } from 'vitest'
import { dockerTransport, memoryJournal, type DockerTransport, type DockerTransportOptions } from '../src/index.ts'

/** A registry that ends with the test. */
export async function registry(options?: RegistryServerOptions): Promise<RegistryServer> {
  const server = await startRegistry(options)
  onTestFinished(() => server.close())
  return server
}

/** A transport that ends with the test and remembers nothing outside of it. */
export function transport(options: DockerTransportOptions = {}): DockerTransport {
  const value = dockerTransport({ journal: memoryJournal(), maxAttempts: 1, ...options })
  onTestFinished(() => value.close())
  return value
}

/** A folder that goes with the test. */
export async function temporaryFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'crossdock-docker-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

export interface RawServer {
  readonly host: string
  /** `METHOD path?query`, but for pings. */
  readonly requests: readonly string[]
}

/** A server of which every answer is the test's. What the request's body was is given as bytes. */
export async function rawServer(
  answer: (request: IncomingMessage, response: ServerResponse, body: Buffer) => void,
): Promise<RawServer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => undefined)
    request.on('end', () => {
      requests.push(`${request.method} ${request.url}`)
      answer(request, response, Buffer.concat(chunks))
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { host: `127.0.0.1:${address.port}`, requests }
}

export function descriptor(bytes: Uint8Array, mediaType = 'application/vnd.oci.image.layer.v1.tar'): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength }
}

/** A body in pieces that remembers where it was opened. */
export function watchedBody(
  bytes: Uint8Array,
  pieceBytes = 64 * 1024,
): BlobBody & { readonly offsets: number[]; sent(): number } {
  const offsets: number[] = []
  let sent = 0
  return {
    size: bytes.byteLength,
    offsets,
    sent: () => sent,
    open: (offset = 0) => {
      offsets.push(offset)
      return pieces(bytes, offset, pieceBytes)
    },
  }
  async function* pieces(all: Uint8Array, offset: number, size: number): AsyncGenerator<Uint8Array> {
    for (let start = offset; start < all.byteLength; start += size) {
      const piece = all.subarray(start, start + size)
      sent += piece.byteLength
      yield piece
    }
  }
}

/** A body of unknown size. */
export function unsizedBody(bytes: Uint8Array): BlobBody {
  return { open: (offset) => bytesBody(bytes).open(offset) }
}

/** `METHOD route status`, in order. */
export function seen(server: RegistryServer): string[] {
  return server.requests.map(({ method, route, status }) => `${method} ${route} ${status}`)
}

export async function failure(run: () => Promise<unknown>): Promise<ImageError> {
  try {
    await run()
  } catch (error) {
    return error as ImageError // what it is the test looks at
  }
  throw new Error('it succeeded')
}

export async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const list: Value[] = []
  for await (const value of values) list.push(value)
  return list
}
