import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { attachedNames } from '@crossdock/formats'
import { openStore, storeTransport } from '@crossdock/store'
import { rootDescriptor, testImage, writeImage } from '@crossdock/transport-testkit'
import { expect, onTestFinished, test } from 'vitest'
import { callMain } from '../../call-main.ts'

/** A store with an image, and another one that its name attaches to it. */
async function storeWithAttached(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'crossdock-gc-command-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await using store = await openStore({ folder, durability: 'fast' })
  const transport = storeTransport({ store })
  const [image, signature] = [testImage({ seed: 'image' }), testImage({ seed: 'signature' })]
  await writeImage(transport.parseReference('app'), image)
  await writeImage(transport.parseReference('signature'), signature)
  const [name = ''] = attachedNames(image.root.digest)
  await store.images.put({ name, target: rootDescriptor(signature) })
  await store.images.delete('docker.io/library/signature:latest')
  return folder
}

test('what is attached to an image stays with it, and goes with it', async () => {
  const folder = await storeWithAttached()
  const noted = async (...argv: readonly string[]): Promise<string> => {
    const { exitCode, stderr } = await callMain(['store', ...argv, '--store', folder])
    expect(exitCode).toBe(0)
    return stderr
  }
  expect(await noted('prune', '--unused-for', '0', '--filter', 'name~=^sha256-', '--min-age', '0')).toBe(
    'removed 0 blobs, 0 B\n',
  )
  expect(await noted('gc', '--min-age', '0')).toBe('removed 0 blobs, 0 B\n')
  expect(await noted('rm', '--gc', 'app')).toContain('removed 0 blobs, 0 B\n') // they are young
  expect(await noted('gc', '--min-age', '0', '--dry-run')).toMatch(/^would remove 1 name, 8 blobs, /)
  expect(await noted('gc', '--min-age', '0')).toMatch(/^removed 1 name, 8 blobs, /)
  expect(await noted('gc', '--min-age', '0')).toBe('removed 0 blobs, 0 B\n')
  expect(await noted('verify')).toBe('everything is as it should be\n')
})
