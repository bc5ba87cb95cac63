import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { ImageReference } from '@crossdock/core'
import { testImage, writeImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { aciTransport, dockerArchiveTransport, ociArchiveTransport } from '../src/index.ts'
import { aciBytes, APP } from './aci/archives.ts'
import { temporaryFolder } from './temporary-folder.ts'

const durability = 'fast'
const docker = dockerArchiveTransport({ durability })
const oci = ociArchiveTransport({ durability })
const aci = aciTransport({ durability })
const image = testImage({ format: 'docker' })
const next = testImage({ format: 'docker', seed: 'next' })

async function newFile(): Promise<string> {
  return join(await temporaryFolder(), 'a.tar')
}

/** Opening it for writing fails, and what is there stays. */
async function expectRefused(reference: ImageReference, file: string, message: RegExp): Promise<void> {
  const before = await readFile(file)
  await expect(reference.openDestination!()).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(message),
  })
  expect((await readFile(file)).equals(before)).toBe(true)
}

describe.each([
  { name: 'docker-archive', transport: docker, other: oci },
  { name: 'oci-archive', transport: oci, other: docker },
  { name: 'aci', transport: aci, other: oci },
])('what $name: writes over', ({ transport, other }) => {
  it.each([
    ['text', Buffer.from('my notes\n'.repeat(200))],
    ['something packed', gzipSync('my notes')],
    ['zeros', Buffer.alloc(2048)],
    ['half a tar', Buffer.from('a/b\0'.padEnd(512, '0'))],
  ])('is no other file of the user: %s', async (_, bytes) => {
    const file = await newFile()
    await writeFile(file, bytes)
    await expectRefused(transport.parseReference(file), file, /is there already and is not an? .* archive; remove it/)
  })

  it('is no archive of another kind', async () => {
    const file = await newFile()
    await writeImage(other.parseReference(`${file}:app:1`), image)
    await expectRefused(transport.parseReference(file), file, /is not an? .* archive/)
  })

  it('is an empty file', async () => {
    const file = await newFile()
    await writeFile(file, '')
    await using destination = await transport.parseReference(file).openDestination!()
    expect(destination.reference.toString()).toContain(file)
  })
})

describe.each([
  { name: 'docker-archive', transport: docker, lost: /holds "docker.io\/library\/app:1", which would be lost/ },
  { name: 'oci-archive', transport: oci, lost: /holds "app:1", which would be lost/ },
])('what $name: writes over', ({ transport, lost }) => {
  it('is the image of the same name', async () => {
    const file = await newFile()
    for (const written of [image, next]) await writeImage(transport.parseReference(`${file}:app:1`), written)
    const tags: string[] = []
    for await (const tag of transport.parseReference(file).tags()) tags.push(tag)
    expect(tags).toHaveLength(1)
  })

  it.each(['', ':app:2'])('is no image of another name: %s', async (name) => {
    const file = await newFile()
    await writeImage(transport.parseReference(`${file}:app:1`), image)
    await expectRefused(transport.parseReference(`${file}${name}`), file, lost)
  })

  it('is an image without a name', async () => {
    const file = await newFile()
    for (const name of ['', '', ':app:1']) await writeImage(transport.parseReference(`${file}${name}`), image)
    expect((await readFile(file)).byteLength).toBeGreaterThan(1024)
  })
})

it('an App Container archive is written over, packed or not', async () => {
  const plain = await aciBytes({ app: APP }, [])
  for (const bytes of [plain, gzipSync(plain)]) {
    const file = await newFile()
    await writeFile(file, bytes)
    await using destination = await aci.parseReference(file).openDestination()
    expect(destination.reference.toString()).toContain(file)
  }
})
