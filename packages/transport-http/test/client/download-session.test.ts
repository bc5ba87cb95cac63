import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatOwner, thisProcess } from '@crossdock/blob-files'
import { digestOf } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { sweepParts } from '../../src/client/part.ts'
import { createDefaultSession, createResumableSession } from '../../src/index.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const HEAD = { strong: '"a"', etag: '"a"', total: 10 }
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

async function place(): Promise<{ readonly folder: string; readonly id: string }> {
  return { folder: join(await temporaryFolder(), 'parts'), id: 'app' }
}

describe('a resumable session', () => {
  it('goes on with what another one left, and hashes all of it', async () => {
    const where = await place()
    {
      await using first = await createResumableSession(where)
      await first.begin(HEAD)
      await first.write(text('hello '))
    }
    expect(await readdir(where.folder)).toEqual(['app.kept'])
    await using second = await createResumableSession(where)
    expect([second.position, second.head, second.isJoined]).toEqual([6, HEAD, true])
    await second.write(text('there'))
    const target = join(where.folder, '..', 'done')
    expect(await second.finish(() => target)).toBe(digestOf(text('hello there')))
    expect(await readFile(target, 'utf8')).toBe('hello there')
    expect(await readdir(where.folder)).toEqual([])
  })

  it('leaves nothing without a validator, of no bytes, or of what is spoilt', async () => {
    const where = await place()
    for (const head of [{}, { etag: 'W/"a"' }]) {
      await using session = await createResumableSession(where)
      await session.begin(head)
      await session.write(text('hello'))
    }
    for (const isSpoilt of [true, false]) {
      await using session = await createResumableSession(where)
      await session.begin(HEAD)
      if (isSpoilt) await session.write(text('hello'))
      if (isSpoilt) session.spoil()
    }
    expect(await readdir(where.folder)).toEqual([])
  })

  it.each<[string, (owner: ReturnType<typeof thisProcess>) => string, boolean]>([
    ['a dead process', (owner) => formatOwner({ ...owner, pid: 2 ** 31 - 7 }), true],
    ['a living process', (owner) => formatOwner(owner), false],
    ['another start of the machine', (owner) => formatOwner({ ...owner, place: '00000000' }), false],
  ])('takes over the part of %s: %#', async (_, owner, isTaken) => {
    const where = await place()
    const left = join(where.folder, `app.${owner(thisProcess())}.0a`)
    await mkdir(left, { recursive: true })
    await writeFile(join(left, 'data'), 'hello')
    await writeFile(join(left, 'head.json'), JSON.stringify(HEAD))
    await using session = await createResumableSession(where)
    expect(session.position).toBe(isTaken ? 5 : 0)
  })

  it.each(['', '{', 'null', '{}', '{"strong":"\\r\\n"}', '{"strong":7}'])(
    'begins anew where what says what it is of is damaged: %s',
    async (head) => {
      const where = await place()
      const left = join(where.folder, 'app.kept')
      await mkdir(left, { recursive: true })
      await writeFile(join(left, 'data'), 'hello')
      await writeFile(join(left, 'head.json'), head)
      await using session = await createResumableSession(where)
      expect(session.position).toBe(0)
    },
  )
})

it('a default session neither takes nor leaves anything', async () => {
  const where = await place()
  {
    await using first = await createResumableSession(where)
    await first.begin(HEAD)
    await first.write(text('hello'))
  }
  {
    await using session = await createDefaultSession(where)
    expect(session.position).toBe(0)
    await session.begin(HEAD)
    await session.write(text('hello'))
  }
  expect(await readdir(where.folder)).toEqual(['app.kept'])
})

it('parts that nobody came back for are removed', async () => {
  const where = await place()
  for (const name of ['old.kept', 'new.kept']) {
    await mkdir(join(where.folder, name), { recursive: true })
    await writeFile(join(where.folder, name, 'data'), 'hello')
  }
  await utimes(join(where.folder, 'old.kept', 'data'), new Date(0), new Date(0))
  await sweepParts(where.folder, 1000_000)
  expect(await readdir(where.folder)).toEqual(['new.kept'])
  await sweepParts(join(where.folder, 'none'), 1)
})
