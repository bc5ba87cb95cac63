import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startDelayHost } from '../src/link/delay-host.ts'
import { createLink } from '../src/links.ts'
import { startRegistry } from '../src/registry.ts'
import { askRegistry } from '../src/registry-client.ts'
import { openSite } from '../src/site.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('tools see a registry through the link, and what they ask is counted', async () => {
  const folder = await temporaryFolder()
  const source = await startRegistry({ folder: join(folder, 'source') })
  onTestFinished(() => source.close())
  const delays = await startDelayHost()
  onTestFinished(() => delays[Symbol.asyncDispose]())
  const link = createLink({ rttMs: 2 })
  const common = { link, source, binary: undefined, folder, certificate: undefined, delays: async () => delays }
  await using counted = await openSite({ ...common, counting: true })
  await using plain = await openSite({ ...common, link: createLink(), counting: false })
  expect(plain.source.name).toBe(`127.0.0.1:${source.address.port}`)
  expect(counted.source.name).not.toBe(plain.source.name)
  {
    await using fresh = await counted.freshRegistry()
    for (const host of [counted.source, fresh]) {
      const port = Number(host.name.split(':')[1])
      expect(port).not.toBe(host.address.port)
      expect((await askRegistry({ port, tls: false }, { method: 'GET', path: '/v2/' })).status).toBe(200)
    }
    expect(fresh.address.port).not.toBe(source.address.port)
  }
  expect(counted.traffic().requests).toBe(2)
  expect(plain.traffic().requests).toBe(0)
})

test('what was prepared is prepared once', async () => {
  const source = { address: { port: 1, tls: false }, close: async () => {} }
  const folder = await temporaryFolder()
  const site = await openSite({
    link: createLink(),
    source,
    binary: undefined,
    folder,
    counting: false,
    certificate: undefined,
    delays: () => Promise.reject(new Error('there is no distance')),
  })
  let made = 0
  const prepare = async (): Promise<number> => (made += 1)
  expect([
    await site.prepared('a', prepare),
    await site.prepared('a', prepare),
    await site.prepared('b', prepare),
  ]).toEqual([1, 1, 2])
  expect(site.freshFolder()).not.toBe(site.freshFolder())
})
