import { aciPlatformOf, hostPlatform } from '@crossdock/formats'
import { describe, expect, it } from 'vitest'
import { aciOf } from './archives.ts'
import { failure, type TestFinder, testFinder } from './test-finder.ts'

const host = aciPlatformOf(hostPlatform()) ?? expect.fail('appc has no name for this machine')
const OTHER_ARCH = host.arch === 'aarch64' ? 'amd64' : 'aarch64'

/** Images of one name with these labels, each under a URL, in the store. */
async function stored(all: Readonly<Record<string, Readonly<Record<string, string>>>>): Promise<TestFinder> {
  const finder = await testFinder()
  for (const [key, labels] of Object.entries(all)) {
    const name = `https://example.com/${key}.aci`
    finder.shelf.images.set(name, { archive: await aciOf({ name: 'example.com/app', labels }) })
    await finder.find(name)
  }
  finder.opened()
  return finder
}

const PLATFORMS = {
  other: { os: host.os, arch: OTHER_ARCH },
  ours: { os: host.os, arch: host.arch },
  os: { os: host.os },
  any: {},
}

describe('an App Container Image of the store', () => {
  it.each([
    [['other', 'any', 'os', 'ours'], '', 'ours'],
    [['ours', 'other', 'os', 'any'], '', 'ours'],
    [['os', 'other', 'any'], '', 'os'],
    [['any', 'other'], '', 'any'],
    [['other', 'ours'], `,arch=${OTHER_ARCH}`, 'other'],
    [['other', 'ours'], `,os=${host.os}`, 'ours'],
  ] as const)('of %j for "%s" is %s', async (keys, labels, found) => {
    const finder = await stored(Object.fromEntries(keys.map((key) => [key, PLATFORMS[key]])))
    const image = await finder.find(`appc:example.com/app${labels}`, { pullPolicy: 'never' })
    expect(image.name).toBe(`https://example.com/${found}.aci`)
  })

  it.each(['', `,os=${host.os}`])('for another machine is none for "%s"', async (labels) => {
    const finder = await stored({ other: PLATFORMS.other })
    const finding = finder.find(`appc:example.com/app${labels}`, { pullPolicy: 'never' })
    await expect(finding).rejects.toThrow(failure('NOT_FOUND'))
  })

  it('has all the labels that are asked for', async () => {
    const finder = await stored({ one: { version: '1', channel: 'beta' }, two: { version: '2' } })
    const find = async (labels: string): Promise<string> =>
      (await finder.find(`appc:example.com/app${labels}`, { pullPolicy: 'never' })).name
    await expect(find(':1')).resolves.toBe('https://example.com/one.aci')
    await expect(find(':1,channel=beta')).resolves.toBe('https://example.com/one.aci')
    await expect(find(':2')).resolves.toBe('https://example.com/two.aci')
    await expect(find(':2,channel=beta')).rejects.toThrow(failure('NOT_FOUND'))
    await expect(find(':3')).rejects.toThrow(failure('NOT_FOUND'))
  })

  it('is the one that is called so, else the one that came last', async () => {
    const finder = await stored({ one: { version: '1' }, two: { version: '2' } })
    const find = async (): Promise<string> => (await finder.find('appc:example.com/app')).name
    await expect(find()).resolves.toBe('https://example.com/two.aci')
    await finder.put({ name: 'example.com/app', labels: { version: '0' } }, 'appc:example.com/app')
    await finder.find('appc:example.com/app', { pullPolicy: 'update' })
    const { name: last } = await finder.find('https://example.com/one.aci', { pullPolicy: 'update' })
    expect(last).toBe('https://example.com/one.aci')
    await expect(find()).resolves.toBe('appc:example.com/app')
  })

  it('may have labels that no store takes', async () => {
    const name = 'https://example.com/long.aci'
    const labels = { version: '1', long: 'x'.repeat(5000), broken: '\u{d800}' }
    const archive = await aciOf({ name: 'example.com/app', labels })
    const finder = await testFinder({ [name]: { archive } })
    await finder.find(name)
    await expect(finder.find('appc:example.com/app:1', { pullPolicy: 'never' })).resolves.toMatchObject({ name })
  })
})

it('the labels of others stay at a name', async () => {
  const finder = await testFinder()
  await finder.put({ name: 'example.com/app' })
  const { name, target } = await finder.find('appc:example.com/app')
  await finder.store.images.update({ name, target, labels: { mine: 'yes' } }, ['labels.mine'])
  await finder.put({ name: 'example.com/app', labels: { channel: 'beta' } }, 'appc:example.com/app')
  await finder.find('appc:example.com/app', { pullPolicy: 'update' })
  const { labels } = await finder.store.images.get(name)
  expect(labels).toMatchObject({ mine: 'yes', 'io.appc.image.label.channel': 'beta' })
})
