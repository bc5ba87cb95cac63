// Brings one blob in under one ref, waiting for others that do the same, and says how it went: FOLDER REF BYTES
import { digestOf, ImageError } from '@crossdock/core'
import { openStore } from '../../src/open-store.ts'

const [folder = '', ref = '', bytes = '0'] = process.argv.slice(2)
const content = new Uint8Array(Number(bytes)).fill(1)
const digest = digestOf(content)
await using store = await openStore({ folder })
try {
  await using ingest = await store.content.ingest({ ref, digest, wait: true })
  for (let at = ingest.status().offset; at < content.byteLength; at += 1000)
    await ingest.write(content.subarray(at, at + 1000))
  const { existed } = await ingest.commit()
  process.stdout.write(existed ? 'existed\n' : 'wrote\n')
} catch (reason) {
  if (!(reason instanceof ImageError) || reason.code !== 'CONFLICT') throw reason
  process.stdout.write('there\n')
}
