import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { digestEncoded, digestOf } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { failure, testFinder } from './test-finder.ts'

const A = 'appc:example.com/a'
const B = 'appc:example.com/b'

/** Changes the first byte of a blob, which keeps its size. */
async function damage(folder: string, digest: ReturnType<typeof digestOf>): Promise<void> {
  const path = join(folder, 'blobs', 'sha256', digestEncoded(digest))
  const file = await open(path, 'r+')
  try {
    const byte = new Uint8Array(1)
    await file.read(byte, 0, 1, 0)
    await file.write(
      byte.map((value) => value ^ 1),
      0,
      1,
      0,
    )
  } finally {
    await file.close()
  }
}

describe('an archive that was changed in the store', () => {
  it.each(['never', 'new'] as const)('is not used: %s', async (pullPolicy) => {
    const finder = await testFinder()
    await finder.put({ name: 'example.com/a', dependencies: ['example.com/b'] })
    const archive = await finder.put({ name: 'example.com/b' })
    await finder.find(B)
    finder.shelf.images.set('aci:/a.aci', finder.shelf.images.get(A) ?? 'NOT_FOUND')
    await damage(finder.store.folder, digestOf(archive))
    const before = await finder.names()
    await expect(finder.find('aci:/a.aci', { pullPolicy })).rejects.toThrow(
      expect.objectContaining({
        code: expect.stringMatching(/^(?:DIGEST_MISMATCH|INVALID_DATA)$/),
      }),
    )
    expect(await finder.names()).toEqual(before)

    await finder.find(B, { pullPolicy: 'update' })
    await expect(finder.find('aci:/a.aci', { pullPolicy })).resolves.toMatchObject({ dependencies: [] })
  })

  it('is not used, if it is an archive still', async () => {
    const finder = await testFinder()
    await finder.put({ name: 'example.com/a', dependencies: ['example.com/b'] })
    const archive = await finder.put({ name: 'example.com/b', content: 'right' })
    await finder.find(B)
    const path = join(finder.store.folder, 'blobs', 'sha256', digestEncoded(digestOf(archive)))
    const file = await open(path, 'r+')
    await file.write('w', Buffer.from(archive).lastIndexOf('right'))
    await file.close()
    await expect(finder.find(A)).rejects.toThrow(failure('DIGEST_MISMATCH', 'fetch the image again'))
    expect(Object.keys(await finder.names())).toEqual([B])
  })
})
