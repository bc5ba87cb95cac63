import { appendFile, rm, writeFile } from 'node:fs/promises'
import { digestOf } from '@crossdock/core'
import { expect, it } from 'vitest'
import { createTrust } from '../src/trust.ts'
import { blobsIn } from './blobs-in.ts'
import { temporaryFolder } from './temporary-folder.ts'

const BYTES = new TextEncoder().encode('a blob')
const BLOB = { mediaType: 'application/octet-stream', digest: digestOf(BYTES), size: BYTES.byteLength }

it('holds what was recorded until its file changes', async () => {
  const blobs = await blobsIn(await temporaryFolder())
  await writeFile(blobs.pathOf(BLOB.digest), BYTES)
  await createTrust(blobs).record(BLOB.digest)
  expect(await createTrust(blobs).holds(BLOB)).toBe(true)
  await appendFile(blobs.pathOf(BLOB.digest), '!')
  expect(await createTrust(blobs).holds({ ...BLOB, size: BLOB.size + 1 })).toBe(false)
})

it('records nothing of a blob that another process has removed', async () => {
  const blobs = await blobsIn(await temporaryFolder())
  const trust = createTrust(blobs)
  await writeFile(blobs.pathOf(BLOB.digest), BYTES)
  await rm(blobs.pathOf(BLOB.digest))
  await trust.record(BLOB.digest)
  expect(await trust.holds(BLOB)).toBe(false)
})
