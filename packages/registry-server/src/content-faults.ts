import { gzipSync } from 'node:zlib'
import type { ContentFault } from './fault-action.ts'
import { ConnectionEnd, withBody, withHeaders, type Faults } from './fault-call.ts'
import { bytesReply } from './refusal.ts'

export const CONTENT_FAULTS: Faults<ContentFault> = {
  corrupt: async ({ atByte }, { exchange, next }) => {
    const reply = await next(exchange)
    return withBody(reply, reply.body?.size, (bytes) => corrupted(bytes, atByte))
  },
  wrongLength: async ({ byBytes }, { exchange, next }) => {
    const reply = await next(exchange)
    const length = String((reply.body?.size ?? 0) + byBytes)
    const lying = withHeaders(reply, { 'content-length': length })
    return withBody(lying, undefined, thenCut)
  },
  endless: async ({ status }, { exchange, next }) => {
    const reply = withHeaders(await next(exchange), { 'content-length': null })
    return { ...reply, status: status ?? reply.status, body: { open: endless } }
  },
  gzip: async (_action, { exchange, next }) => {
    const reply = await next(exchange)
    return withHeaders(withBody(reply, undefined, gzipped), { 'content-encoding': 'gzip', 'content-length': null })
  },
  html: async ({ status = 200 }) => {
    const page = '<!doctype html><title>Sign in</title><p>Please sign in to go on.</p>\n'
    return bytesReply(status, Buffer.from(page), { 'content-type': 'text/html; charset=utf-8' })
  },
}

async function* corrupted(bytes: AsyncIterable<Uint8Array>, atByte: number): AsyncGenerator<Uint8Array> {
  let position = 0
  for await (const piece of bytes) {
    const index = atByte - position
    position += piece.byteLength
    if (index < 0 || index >= piece.byteLength) {
      yield piece
      continue
    }
    const copy = Uint8Array.from(piece) // what is stored stays whole
    copy[index] = (copy[index] ?? 0) ^ 0xff
    yield copy
  }
}

/** The connection cannot be used on: its reader waits for other bytes than come. */
async function* thenCut(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* bytes
  throw new ConnectionEnd('cut')
}

async function* endless(): AsyncGenerator<Uint8Array> {
  const piece = Buffer.alloc(64 * 1024, ' ')
  for (;;) yield piece
}

async function* gzipped(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // A gzip stream may consist of several members: each piece is one.
  for await (const piece of bytes) yield gzipSync(piece)
}
