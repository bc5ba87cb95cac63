import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { thisProcess } from '@crossdock/blob-files'
import { type BlobBody, bytesBody, type Digest, digestOf, parseDigest } from '@crossdock/core'
import { faultyBody, hangingBody, randomBytes, recordedBody, testBlob } from '@crossdock/transport-testkit'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createArchiveWriter } from '../../src/image-archive/archive-writer.ts'
import type { MemberWriter } from '../../src/image-archive/member-writer.ts'
import { checkTarget, indexTar, openFile } from '../../src/index.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const memberOf = (digest: Digest) => ({ path: digest.slice('sha256:'.length) })
const small = testBlob(randomBytes(700, 'small'))
const large = testBlob(randomBytes(1_300_000, 'large'))

async function newWriter(path?: string): Promise<{ writer: MemberWriter; path: string }> {
  const target = path ?? join(await temporaryFolder(), 'a.tar')
  return { writer: createArchiveWriter({ path: target, durable: false, memberOf }), path: target }
}

/** The members of an archive and the digests of what is in them. */
async function membersOf(path: string): Promise<(readonly [string, string])[]> {
  await using access = await openFile(path)
  const bytes = await readFile(path)
  const { entries } = await indexTar(access)
  return entries.map(({ path: name, offset, size }) => [name, digestOf(bytes.subarray(offset, offset + size))])
}

/** It gives nothing before the gate is open. */
function gatedBody(bytes: Uint8Array, gate: Promise<void>): BlobBody {
  return {
    size: bytes.byteLength,
    async *open(offset) {
      await gate
      yield* bytesBody(bytes).open(offset)
    },
  }
}

const namesBeside = async (path: string): Promise<string[]> => await readdir(dirname(path))

describe('an archive that is written', () => {
  it('has each blob once, known beforehand or not, and nothing of those that failed', async () => {
    const { writer, path } = await newWriter()
    await using _ = writer
    const { open } = bytesBody(large.bytes)
    await expect(writer.putBlob(faultyBody(bytesBody(large.bytes), { failAfterBytes: 1_000_000 }), {})).rejects.toThrow(
      /on purpose/,
    )
    await expect(writer.putBlob(bytesBody(large.bytes), { digest: small.descriptor.digest })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    })
    await expect(writer.putBlob({ open }, { size: 5 })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
    expect(await writer.putBlob({ open }, {})).toMatchObject({ digest: large.descriptor.digest, size: 1_300_000 })
    expect(await writer.putBlob(bytesBody(small.bytes), small.descriptor)).toMatchObject({ size: 700 })
    expect(await writer.putBlob({ open }, {})).toMatchObject({ digest: large.descriptor.digest })
    const again = recordedBody(bytesBody(small.bytes))
    expect((await writer.putBlob(again, small.descriptor)).digest).toBe(small.descriptor.digest)
    expect(again.offsets).toEqual([])
    await expect(writer.putBlob(again, { ...small.descriptor, size: 1 })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    })
    await expect(
      writer.putBlob(faultyBody(bytesBody(randomBytes(900_000, 'x')), { failAfterBytes: 800_000 }), {}),
    ).rejects.toThrow(/on purpose/)
    await writer.commit([{ header: { path: 'last' }, content: Buffer.from('x') }])
    const expected = [large, small].map(({ descriptor: { digest } }) => [digest.slice(7), digest])
    expect(await membersOf(path)).toEqual([...expected, ['last', digestOf(Buffer.from('x'))]])
    expect((await readFile(path)).byteLength % 512).toBe(0)
    expect(await namesBeside(path)).toEqual(['a.tar'])
  })

  it('takes several at once, each in the place that it was put in', async () => {
    const { writer, path } = await newWriter()
    await using _ = writer
    const blobs = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((seed) => testBlob(randomBytes(100_000, seed)))
    const gates = blobs.map(() => Promise.withResolvers<void>())
    const puts = blobs.map(({ bytes, descriptor }, at) =>
      writer.putBlob(gatedBody(bytes, gates[at]!.promise), descriptor),
    )
    // Whoever is last to be put is the first to be whole.
    for (const [at, gate] of [...gates.entries()].toReversed()) {
      gate.resolve()
      await puts[at]
    }
    await writer.commit([])
    expect(await membersOf(path)).toEqual(blobs.map(({ descriptor: { digest } }) => [digest.slice(7), digest]))
  })

  it('has what is put again where it was put at first', async () => {
    const { writer, path } = await newWriter()
    await using _ = writer
    const blobs = [100_000, 300_000, 200_000].map((size) => testBlob(randomBytes(size, 'again')))
    const put = async (at: number, body = bytesBody(blobs[at]!.bytes)): Promise<unknown> =>
      await writer.putBlob(body, blobs[at]!.descriptor)
    const broken = faultyBody(bytesBody(blobs[1]!.bytes), { failAfterBytes: 100_000 })
    const results = await Promise.allSettled([put(0), put(1, broken), put(2)])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    await put(1)
    await writer.commit([{ header: { path: 'last' }, content: Buffer.from('x') }])
    const expected = blobs.map(({ descriptor: { digest } }) => [digest.slice(7), digest])
    expect(await membersOf(path)).toEqual([...expected, ['last', digestOf(Buffer.from('x'))]])
  })

  it('closes the gaps of what failed', async () => {
    const { writer, path } = await newWriter()
    await using _ = writer
    const [kept, other] = ['a', 'b'].map((seed) => testBlob(randomBytes(2_000_000, seed)))
    const broken = faultyBody(bytesBody(large.bytes), { failAfterBytes: 100_000 })
    await Promise.allSettled([
      writer.putBlob(bytesBody(kept!.bytes), kept!.descriptor),
      writer.putBlob(broken, large.descriptor),
      writer.putBlob(bytesBody(other!.bytes), other!.descriptor),
    ])
    await writer.commit([])
    expect(await membersOf(path)).toEqual(
      [kept!, other!].map(({ descriptor: { digest } }) => [digest.slice(7), digest]),
    )
    expect(await namesBeside(path)).toEqual(['a.tar'])
  })

  it('has a blob once that two put at once, and the second one if the first fails', async () => {
    const { writer, path } = await newWriter()
    await using _ = writer
    const unread = recordedBody(bytesBody(large.bytes))
    await Promise.all([
      writer.putBlob(bytesBody(large.bytes), large.descriptor),
      writer.putBlob(unread, large.descriptor),
      writer.putBlob(bytesBody(large.bytes), { size: 1_300_000 }),
      writer.putBlob({ open: bytesBody(large.bytes).open }, {}),
    ])
    expect(unread.offsets).toEqual([])
    const [broken, good] = await Promise.allSettled([
      writer.putBlob(faultyBody(bytesBody(small.bytes), { failAfterBytes: 100 }), small.descriptor),
      writer.putBlob(bytesBody(small.bytes), small.descriptor),
    ])
    expect([broken.status, good.status]).toEqual(['rejected', 'fulfilled'])
    await writer.commit([])
    expect(await membersOf(path)).toEqual([large, small].map(({ descriptor: { digest } }) => [digest.slice(7), digest]))
  })

  it('lets no blob write into the room of another one', async () => {
    const { writer, path } = await newWriter()
    await using _ = writer
    const [longer] = await Promise.allSettled([
      writer.putBlob({ open: bytesBody(large.bytes).open }, { size: 1000 }),
      writer.putBlob(bytesBody(small.bytes), small.descriptor),
    ])
    expect(longer).toMatchObject({ status: 'rejected', reason: { code: 'DIGEST_MISMATCH' } })
    await writer.commit([])
    expect(await membersOf(path)).toEqual([[small.descriptor.digest.slice(7), small.descriptor.digest]])
  })

  it('is ended when all have come that were begun', async () => {
    const { writer, path } = await newWriter()
    await using _ = writer
    const gate = Promise.withResolvers<void>()
    const put = writer.putBlob(gatedBody(large.bytes, gate.promise), large.descriptor)
    await writer.putBlob(bytesBody(small.bytes), small.descriptor)
    const committed = writer.commit([])
    gate.resolve()
    await Promise.all([put, committed])
    expect((await membersOf(path)).map(([name]) => name)).toEqual(
      [large, small].map(({ descriptor: { digest } }) => digest.slice(7)),
    )
  })

  it('gives back what is stored', async () => {
    const { writer } = await newWriter()
    await using _ = writer
    await writer.putBlob(bytesBody(large.bytes), {})
    const stored = await writer.putBlob(bytesBody(small.bytes), {})
    expect(Buffer.from((await writer.read(stored.digest))!).equals(small.bytes)).toBe(true)
    expect(await writer.read(digestOf(new Uint8Array(1)))).toBeUndefined()
  })

  it('is not there before it is committed, and nothing is left if it is not', async () => {
    const { writer, path } = await newWriter()
    {
      await using _ = writer
      expect(await namesBeside(path)).toEqual([])
      await writer.putBlob(bytesBody(small.bytes), {})
      const [name = ''] = await namesBeside(path)
      const { pid, start, place } = thisProcess()
      expect(name).toMatch(new RegExp(`^new\\.${pid}-${start}-${place}\\.[0-9a-f]{12}$`))
      expect((await stat(join(dirname(path), name))).mode & (process.platform === 'win32' ? 0 : 0o077)).toBe(0)
    }
    expect(await namesBeside(path)).toEqual([])
    await expect(writer.putBlob(bytesBody(small.bytes), {})).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('can be committed once', async () => {
    const { writer } = await newWriter()
    await using _ = writer
    await writer.putBlob(bytesBody(small.bytes), {})
    await writer.commit([])
    await expect(writer.commit([])).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(writer.putBlob(bytesBody(large.bytes), {})).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('replaces a file and keeps its mode; a new one is everybody’s to read', async () => {
    const { writer, path } = await newWriter()
    await writeFile(path, 'old')
    await chmod(path, 0o640)
    await using _ = writer
    await writer.putBlob(bytesBody(small.bytes), {})
    expect(await readFile(path, 'utf8')).toBe('old')
    await writer.commit([])
    expect(await membersOf(path)).toEqual([[small.descriptor.digest.slice(7), small.descriptor.digest]])
    const { writer: fresh, path: other } = await newWriter(`${path}2`)
    await using __ = fresh
    await fresh.putBlob(bytesBody(small.bytes), {})
    await fresh.commit([])
    if (process.platform === 'win32') return
    expect((await stat(path)).mode & 0o777).toBe(0o640)
    expect((await stat(other)).mode & 0o777).toBe(0o644 & ~process.umask())
  })

  it('by two at once is that of the one that commits last, whole', async () => {
    const { writer: one, path } = await newWriter()
    const { writer: other } = await newWriter(path)
    await using _ = one
    await using __ = other
    await one.putBlob(bytesBody(large.bytes), {})
    await other.putBlob(bytesBody(small.bytes), {})
    await one.commit([])
    expect(await membersOf(path)).toEqual([[large.descriptor.digest.slice(7), large.descriptor.digest]])
    await other.commit([])
    expect(await membersOf(path)).toEqual([[small.descriptor.digest.slice(7), small.descriptor.digest]])
    expect(await namesBeside(path)).toEqual(['a.tar'])
  })

  it('that was aborted takes other blobs', async () => {
    const { writer, path } = await newWriter()
    await using _ = writer
    const controller = new AbortController()
    const reason = { why: 'test' }
    const body = hangingBody(bytesBody(large.bytes), {
      hangAfterBytes: 600_000,
      onHang: () => controller.abort(reason),
    })
    const put = writer.putBlob(body, large.descriptor, controller.signal)
    const waiting = writer.putBlob(bytesBody(small.bytes), {})
    await expect(put).rejects.toBe(reason)
    expect(body.closed()).toBe(1)
    await waiting
    await writer.commit([])
    expect(await membersOf(path)).toEqual([[small.descriptor.digest.slice(7), small.descriptor.digest]])
  })

  it('is touched now and then, so that other machines know that it is still written', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const { writer, path } = await newWriter()
    {
      await using _ = writer
      await writer.putBlob(bytesBody(small.bytes), {})
      const [name = ''] = await namesBeside(path)
      const temporary = join(dirname(path), name)
      await utimes(temporary, 1, 1)
      vi.advanceTimersByTime(30_000)
      await vi.waitFor(async () => expect((await stat(temporary)).mtimeMs).toBeGreaterThan(1000))
      expect(vi.getTimerCount()).toBe(1)
    }
    expect(vi.getTimerCount()).toBe(0)
  })

  it('removes what dead processes left beside it, and nothing else', async () => {
    const { writer, path } = await newWriter()
    const folder = dirname(path)
    const { place, pid, start } = thisProcess()
    const [dead, living] = [`new.999999999-1-${place}.abc123`, `new.${pid}-${start}-${place}.abc123`]
    for (const name of [dead, living, 'new.txt', 'other']) await writeFile(join(folder, name), 'x')
    await using _ = writer
    await writer.putBlob(bytesBody(small.bytes), {})
    await writer.commit([])
    expect((await namesBeside(path)).toSorted()).toEqual(['a.tar', living, 'new.txt', 'other'].toSorted())
  })
})

describe('a place for an archive', () => {
  it.runIf(process.platform !== 'win32')('is refused if it is a folder, a link, or in no folder', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'folder'))
    await symlink('nothing', join(folder, 'link'))
    for (const name of ['folder', 'link']) {
      await expect(checkTarget(join(folder, name))).rejects.toMatchObject({ code: 'CONFLICT' })
    }
    await expect(checkTarget('/dev/null')).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(checkTarget(join(folder, 'absent/a.tar'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('make the folder'),
    })
    await checkTarget(join(folder, 'new.tar'))
    expect(await readdir(folder)).toEqual(['folder', 'link'])
    expect((await lstat(join(folder, 'link'))).isSymbolicLink()).toBe(true)
  })

  it('names what the system refuses', async () => {
    const { writer } = await newWriter(join(await temporaryFolder(), 'absent', 'a.tar'))
    await using _ = writer
    const digest = parseDigest(`sha256:${'0'.repeat(64)}`)
    await expect(writer.putBlob(bytesBody(small.bytes), { digest })).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('absent'),
    })
  })
})
