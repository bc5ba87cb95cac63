import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createPartJournal, readParts } from '../src/part-journal.ts'
import { temporaryFolder } from './temporary-folder.ts'

const BLOB_SIZE = 1000

async function file(): Promise<FileHandle> {
  const handle = await open(join(await temporaryFolder(), 'f'), 'w+')
  onTestFinished(() => handle.close())
  return handle
}

async function partsIn(handle: FileHandle): Promise<unknown> {
  return await readParts({ handle, blobSize: BLOB_SIZE }, (await handle.stat()).size)
}

describe('the notes behind a blob', () => {
  it('say what is there, and are read back', async () => {
    const handle = await file()
    const journal = await createPartJournal({ handle, blobSize: BLOB_SIZE }, [{ from: 0, to: 10 }])
    const [one, other] = [journal.begin(20), journal.begin(500)]
    one.grew(25)
    one.grew(30)
    other.grew(1000)
    await journal.settle()
    expect(await partsIn(handle)).toEqual([
      { from: 0, to: 10 },
      { from: 20, to: 30 },
      { from: 500, to: 1000 },
    ])
  })

  it('are there at once, as a kill would find them', async () => {
    const handle = await file()
    const journal = await createPartJournal({ handle, blobSize: BLOB_SIZE }, [])
    journal.begin(20).grew(25)
    expect(await partsIn(handle)).toEqual([{ from: 20, to: 25 }])
  })

  it('come by themselves within a moment where writing is slow', async () => {
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 1000))
    onTestFinished(() => void vi.restoreAllMocks())
    const handle = await file()
    const journal = await createPartJournal({ handle, blobSize: BLOB_SIZE }, [])
    const [one, other] = [journal.begin(20), journal.begin(500)]
    one.grew(25)
    one.grew(30)
    other.grew(510)
    expect(await partsIn(handle)).toEqual([{ from: 20, to: 25 }])
    vi.restoreAllMocks()
    await expect
      .poll(() => partsIn(handle))
      .toEqual([
        { from: 20, to: 30 },
        { from: 500, to: 510 },
      ])
  })

  it('that cannot be written fail nothing', async () => {
    const path = join(await temporaryFolder(), 'f')
    const handle = await open(path, 'w+')
    const journal = await createPartJournal({ handle, blobSize: BLOB_SIZE }, [])
    const note = journal.begin(20)
    await handle.close()
    expect(() => [note.grew(25), note.grew(30)]).not.toThrow()
    await expect(journal.settle()).resolves.toBeUndefined()
  })

  it('do not depend on those of parts that have none yet', async () => {
    const handle = await file()
    const journal = await createPartJournal({ handle, blobSize: BLOB_SIZE }, [])
    journal.begin(0)
    journal.begin(100)
    journal.begin(200).grew(250)
    await journal.settle()
    expect(await partsIn(handle)).toEqual([{ from: 200, to: 250 }])
  })

  it('are replaced by those of the next run', async () => {
    const handle = await file()
    const first = await createPartJournal({ handle, blobSize: BLOB_SIZE }, [])
    for (const from of [1, 2, 3, 4]) first.begin(from * 100).grew(from * 100 + 1)
    await first.settle()
    await createPartJournal({ handle, blobSize: BLOB_SIZE }, [{ from: 0, to: 50 }])
    expect(await partsIn(handle)).toEqual([{ from: 0, to: 50 }])
    await createPartJournal({ handle, blobSize: BLOB_SIZE }, [])
    expect(await partsIn(handle)).toEqual([])
  })

  it('are not needed by a file that has no gaps', async () => {
    const handle = await file()
    expect(await partsIn(handle)).toEqual([])
    await handle.truncate(400)
    expect(await partsIn(handle)).toEqual([{ from: 0, to: 400 }])
    await handle.truncate(BLOB_SIZE)
    expect(await partsIn(handle)).toEqual([{ from: 0, to: BLOB_SIZE }])
  })

  it.each([
    ['nothing', '\0'],
    ['other text', 'something else\n'],
    ['a part that ends before it begins', '20 10\n'],
    ['a part behind the end', '0 1001\n'],
    ['numbers that are none', '0x1 5\n1e2 200\n-1 5\n'],
    ['half a note', '123'],
  ])('are not believed if they are %s', async (_what, text) => {
    const handle = await file()
    await handle.write(Buffer.from(text), 0, undefined, BLOB_SIZE)
    expect(await partsIn(handle)).toEqual([])
  })
})
