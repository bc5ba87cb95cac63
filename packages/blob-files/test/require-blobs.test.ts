import { rm, writeFile } from 'node:fs/promises'
import { digestOf, ImageError } from '@crossdock/core'
import { expect, it } from 'vitest'
import { requireBlobs } from '../src/require-blobs.ts'
import { blobsIn } from './blobs-in.ts'
import { temporaryFolder } from './temporary-folder.ts'

const DIGESTS = Array.from({ length: 40 }, (_, at) => digestOf(new TextEncoder().encode(`${at}`)))

it('names what is gone, and nothing else', async () => {
  const blobs = await blobsIn(await temporaryFolder())
  for (const digest of DIGESTS) await writeFile(blobs.pathOf(digest), '')
  await requireBlobs(blobs, DIGESTS, 'the shelf')
  const gone = [DIGESTS[3]!, DIGESTS[30]!]
  for (const digest of gone) await rm(blobs.pathOf(digest))
  const failure: unknown = await requireBlobs(blobs, DIGESTS, 'the shelf').catch((reason: unknown) => reason)
  expect(failure).toBeInstanceOf(ImageError)
  expect(failure).toMatchObject({ code: 'CONFLICT', retryable: true, missing: gone })
  expect((failure as ImageError).message).toMatch(/^the shelf lost sha256:/)
})
