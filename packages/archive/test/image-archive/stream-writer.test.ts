import { bytesBody, type Digest, digestOf } from '@crossdock/core'
import { describe, expect, test } from 'vitest'
import { type ByteSink, createStreamWriter, type MemberWriter, resolveReadOptions } from '../../src/index.ts'
import { noise, rejection, streamed, text } from '../bodies.ts'
import { temporaryFolder } from '../temporary-folder.ts'

interface Watched {
  readonly writer: MemberWriter
  /** What the sink was given, and what happened to it. */
  readonly sent: () => Buffer
  readonly events: readonly string[]
}

async function watched(): Promise<Watched> {
  const chunks: Uint8Array[] = []
  const events: string[] = []
  const sink: ByteSink = {
    send: (chunk) => void chunks.push(Buffer.from(chunk)),
    ready: async (signal) => signal?.throwIfAborted(),
    finish: async () => void events.push('finish'),
    [Symbol.asyncDispose]: async () => void events.push('dispose'),
  }
  const writer = createStreamWriter({
    ...resolveReadOptions({ tmpDir: await temporaryFolder() }),
    open: async () => {
      events.push('open')
      return sink
    },
    memberOf: (digest) => digest && { path: nameOf(digest) },
  })
  return { writer, sent: () => Buffer.concat(chunks), events }
}

const nameOf = (digest: Digest): string => digest.slice(-12)

const bytes = noise(100_000)
const digest = digestOf(bytes)

describe('an archive that goes away as it is written', () => {
  test('has blobs in their order, then the last members', async () => {
    const { writer, sent, events } = await watched()
    await writer.putBlob(bytesBody(bytes), { digest, size: bytes.byteLength })
    await writer.putBlob(bytesBody(Buffer.from('small')), { digest: digestOf(Buffer.from('small')), size: 5 })
    await writer.commit([{ header: { path: 'last' }, content: Buffer.from('end') }])
    const members = await streamed(sent())
    expect(members.map(({ entry }) => entry.path)).toStrictEqual([
      nameOf(digest),
      nameOf(digestOf(Buffer.from('small'))),
      'last',
    ])
    expect(members[0]?.content.equals(bytes)).toBe(true)
    expect(text(members[2]?.content ?? Buffer.of())).toBe('end')
    expect(sent().byteLength % 512).toBe(0)
    expect(events).toStrictEqual(['open', 'finish'])
  })

  test('begins with the first blob, and is broken off unless it is committed', async () => {
    const { writer, events } = await watched()
    expect(events).toStrictEqual([])
    await writer.putBlob(bytesBody(bytes), { digest, size: bytes.byteLength })
    await writer[Symbol.asyncDispose]()
    expect(events).toStrictEqual(['open', 'dispose'])
    expect(await rejection(writer.putBlob(bytesBody(bytes), {}))).toMatchObject({ code: 'CONFLICT' })
  })

  test('a blob of unknown size or digest is the same member', async () => {
    const known = await watched()
    await known.writer.putBlob(bytesBody(bytes), { digest, size: bytes.byteLength })
    const { open } = bytesBody(bytes)
    for (const hint of [{}, { digest }, { size: bytes.byteLength }]) {
      const unknown = await watched()
      expect(await unknown.writer.putBlob({ open }, hint)).toMatchObject({ digest, size: bytes.byteLength })
      expect(unknown.sent().equals(known.sent())).toBe(true)
    }
  })

  test('what is there already is not sent again, whether its digest was known or not', async () => {
    const { writer, sent } = await watched()
    await writer.putBlob(bytesBody(bytes), { digest, size: bytes.byteLength })
    const once = sent().byteLength
    await writer.putBlob(bytesBody(bytes), { digest, size: bytes.byteLength })
    await writer.putBlob({ open: bytesBody(bytes).open }, {})
    expect(sent().byteLength).toBe(once)
  })

  test('a blob that failed on its way is not put a second time under its name', async () => {
    const { writer } = await watched()
    const wrong = { open: bytesBody(noise(100_000).fill(0, 0, 10)).open }
    const hint = { digest, size: bytes.byteLength }
    expect(await rejection(writer.putBlob(wrong, hint))).toMatchObject({ code: 'DIGEST_MISMATCH' })
    expect(await rejection(writer.putBlob(bytesBody(bytes), hint))).toMatchObject({ code: 'CONFLICT' })
  })

  test('but one whose digest was not known is: nothing of it had been sent', async () => {
    const { writer, sent } = await watched()
    async function* cut(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 10)
      throw new Error('cut')
    }
    expect(await rejection(writer.putBlob({ open: cut }, {}))).toMatchObject({ message: 'cut' })
    expect(sent().byteLength).toBe(0)
    await writer.putBlob({ open: bytesBody(bytes).open }, {})
    await writer.commit([])
    expect(await streamed(sent())).toHaveLength(1)
  })
})
