import { digestOf } from '@crossdock/core'
import { expect, it } from 'vitest'
import { openStore } from '../../src/open-store.ts'
import { temporaryFolder } from '../temporary-folder.ts'

it('works', async () => {
  const folder = await temporaryFolder()
  await using store = await openStore({ folder })
  const { content } = store
  const bytes = Buffer.from('hello')
  await using ingest = await content.ingest({ ref: 'a' })
  await ingest.write(bytes)
  const r = await ingest.commit({ labels: { a: 'b' } })
  expect(r.info.digest).toBe(digestOf(bytes))
  expect(await content.info(r.info.digest)).toMatchObject({ size: 5, labels: { a: 'b' } })
  const i2 = await content.ingest({ ref: 'a' })
  await i2.write(bytes)
  expect((await i2.commit()).existed).toBe(true)
  await using ns = store.namespace('two')
  expect(await ns.content.has(r.info.digest)).toBe(false)
  const i3 = await ns.content.ingest({ ref: 'a', digest: r.info.digest })
  expect(i3.status().offset).toBe(5)
  await i3.write(bytes)
  const r3 = await i3.commit({ digest: digestOf(Buffer.from('hellohello')) })
  expect(r3.existed).toBe(false)
  expect(await Array.fromAsync(content.list())).toHaveLength(2)
})
