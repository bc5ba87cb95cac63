import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestEncoded, digestOf } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { failure, testFinder } from './test-finder.ts'

const A = 'appc:example.com/a'
const B = 'appc:example.com/b'

/** Changes a byte of a blob, which keeps its size; blobs are files that may only be read. */
async function damage(folder: string, blob: Uint8Array, position = 0): Promise<void> {
  const path = join(folder, 'blobs', 'sha256', digestEncoded(digestOf(blob)))
  await chmod(path, 0o600)
  const changed = Uint8Array.from(blob, (byte, index) => (index === position ? byte ^ 1 : byte))
  await writeFile(path, changed)
}

describe('an archive that was changed in the store', () => {
  it.each(['never', 'new'] as const)('is not used: %s', async (pullPolicy) => {
    const finder = await testFinder()
    await finder.put({ name: 'example.com/a', dependencies: ['example.com/b'] })
    const archive = await finder.put({ name: 'example.com/b' })
    await finder.find(B)
    finder.shelf.images.set('aci:/a.aci', finder.shelf.images.get(A) ?? 'NOT_FOUND')
    await damage(finder.store.folder, archive)
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
    await damage(finder.store.folder, archive, Buffer.from(archive).lastIndexOf('right'))
    await expect(finder.find(A)).rejects.toThrow(failure('DIGEST_MISMATCH', 'fetch the image again'))
    expect(Object.keys(await finder.names())).toEqual([B])
  })
})
