import { join } from 'node:path'
import { stat } from 'node:fs/promises'
import { createHasher, type Digest } from '@crossdock/core'
import { testBlob, testManifest } from '@crossdock/transport-testkit'
import { expect, it } from 'vitest'
import { dockerArchiveTransport, ociArchiveTransport } from '../src/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

const CHUNKS = 400
const CHUNK = new Uint8Array(512 * 1024).fill(7)
const SIZE = CHUNKS * CHUNK.byteLength
const TAR = 'application/vnd.docker.image.rootfs.diff.tar'
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'

/** 200 MiB that are nowhere. */
async function* large(): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < CHUNKS; count += 1) yield CHUNK
}

function digestOfLarge(): Digest {
  const hasher = createHasher('sha256')
  for (let count = 0; count < CHUNKS; count += 1) hasher.update(CHUNK)
  return hasher.digest()
}

it.each([dockerArchiveTransport({ durability: 'fast' }), ociArchiveTransport({ durability: 'fast' })])(
  '$name: a layer of 200 MiB is written and read with a few of them in memory',
  async (transport) => {
    const file = join(await temporaryFolder(), 'a.tar')
    const reference = transport.parseReference(file)
    const digest = digestOfLarge()
    const config = testBlob(Buffer.from(JSON.stringify({ rootfs: { type: 'layers', diff_ids: [digest] } })), {
      mediaType: 'application/vnd.docker.container.image.v1+json',
    })
    const layer = { mediaType: TAR, digest, size: SIZE }
    const manifest = { schemaVersion: 2, mediaType: MANIFEST, config: config.descriptor, layers: [layer] }
    const before = process.memoryUsage().rss
    let most = before
    const look = (): void => {
      most = Math.max(most, process.memoryUsage().rss)
    }
    {
      await using destination = await reference.openDestination!()
      await destination.putBlob({ open: large }, {})
      look()
      await destination.putBlob(
        {
          open: async function* () {
            yield config.bytes
          },
        },
        config.descriptor,
      )
      await destination.putManifest(testManifest(manifest, { mediaType: MANIFEST }))
      await destination.commit()
    }
    expect((await stat(file)).size).toBeGreaterThan(SIZE)
    await using source = await reference.openSource()
    let read = 0
    for await (const chunk of await source.getBlob(layer)) {
      read += chunk.byteLength
      if (read % (50 * CHUNK.byteLength) === 0) look()
    }
    expect(read).toBe(SIZE)
    expect(most - before).toBeLessThan(120 * 1024 * 1024)
  },
)
