import { appendFile, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { folderLocations } from '../../../src/index.ts'
import { temporaryFolder } from '../../peers.ts'

const host = 'registry.example.com:5000'
const digest = digestOf(new TextEncoder().encode('a'))
const other = digestOf(new TextEncoder().encode('b'))

/** As one process leaves it. */
async function noted(path: string, ...repositories: readonly string[]): Promise<void> {
  const locations = folderLocations(path)
  for (const repository of repositories) locations.add({ host, repository, digest })
  await locations.flush()
}

async function onlyFile(path: string): Promise<string> {
  const names = await readdir(path)
  expect(names).toHaveLength(1)
  return join(path, names[0]!)
}

describe('folderLocations', () => {
  it('tell a later process the latest repository of a blob', async () => {
    const path = join(await temporaryFolder(), 'below')
    await noted(path, 'team/one')
    await noted(path, 'team/two')
    const later = folderLocations(path)
    expect(await later.neighbour({ host, repository: 'team/three', digest })).toBe('team/two')
    expect(await later.neighbour({ host, repository: 'team/two', digest })).toBeUndefined()
    expect(await later.neighbour({ host, repository: 'team/three', digest: other })).toBeUndefined()
    expect(await later.neighbour({ host: 'example.com', repository: 'team/three', digest })).toBeUndefined()
  })

  it('tell what was added in the process before that is kept', async () => {
    const path = await temporaryFolder()
    await noted(path, 'old')
    const locations = folderLocations(path)
    locations.add({ host, repository: 'new', digest })
    expect(await locations.neighbour({ host, repository: 'c', digest })).toBe('new')
    expect(await locations.neighbour({ host, repository: 'new', digest })).toBe('old')
  })

  it('write what is new alone', async () => {
    const path = await temporaryFolder()
    await noted(path, 'a', 'b')
    const file = await onlyFile(path)
    expect(await readFile(file, 'utf8')).toBe(`${digest} b\n`)
    await noted(path, 'b')
    expect(await readFile(file, 'utf8')).toBe(`${digest} b\n`)
    await noted(path, 'c')
    expect(await readFile(file, 'utf8')).toBe(`${digest} b\n${digest} c\n`)
  })

  it('keep what several flushes of one value say', async () => {
    const path = await temporaryFolder()
    const locations = folderLocations(path)
    for (const [repository, blob] of [
      ['a', digest],
      ['b', other],
      ['c', digest],
    ] as const) {
      locations.add({ host, repository, digest: blob })
      await locations.flush()
    }
    const later = folderLocations(path)
    expect(await later.neighbour({ host, repository: 'x', digest })).toBe('c')
    expect(await later.neighbour({ host, repository: 'x', digest: other })).toBe('b')
  })

  it.skipIf(process.platform === 'win32')('are readable to their owner alone', async () => {
    const path = join(await temporaryFolder(), 'below')
    await noted(path, 'a')
    expect((await stat(path)).mode & 0o777).toBe(0o700)
    expect((await stat(await onlyFile(path))).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['a torn line', digest],
    ['two words too many', `${digest} a b`],
    ['no repository', `${digest} ../../x?from=y`],
    ['bytes that are no text', `${digest} \u00ff`],
    ['nothing', ''],
  ])('know nothing of %s', async (_, line) => {
    const path = await temporaryFolder()
    await noted(path, 'a')
    await writeFile(await onlyFile(path), `${line}\n`)
    expect(await folderLocations(path).neighbour({ host, repository: 'x', digest })).toBeUndefined()
  })

  it('go on behind a line that was torn', async () => {
    const path = await temporaryFolder()
    await noted(path, 'a')
    await appendFile(await onlyFile(path), digest.slice(0, 20))
    await noted(path, 'b')
    await noted(path, 'c')
    expect(await folderLocations(path).neighbour({ host, repository: 'x', digest })).toBe('c')
  })

  it('forget the oldest half when there is too much', async () => {
    const path = await temporaryFolder()
    await noted(path, 'first')
    const file = await onlyFile(path)
    const lines = Array.from({ length: 7000 }, (_, at) => `${digestOf(Buffer.from(`${at}`))} ${'r'.repeat(100)}\n`)
    await appendFile(file, lines.join(''))
    const locations = folderLocations(path)
    locations.add({ host, repository: 'last', digest: other })
    await locations.flush()
    expect((await stat(file)).size).toBeLessThan(700_000)
    expect(await readdir(path)).toHaveLength(1)
    const later = folderLocations(path)
    const ask = async (text: string): Promise<string | undefined> =>
      await later.neighbour({ host, repository: 'x', digest: digestOf(Buffer.from(text)) })
    expect(await later.neighbour({ host, repository: 'x', digest })).toBeUndefined()
    expect(await later.neighbour({ host, repository: 'x', digest: other })).toBe('last')
    expect(await ask('1')).toBeUndefined()
    expect(await ask('6999')).toBe('r'.repeat(100))
  })

  it('forget hosts that nobody used for long', async () => {
    const path = await temporaryFolder()
    await noted(path, 'a')
    await utimes(await onlyFile(path), 1, 1)
    const locations = folderLocations(path)
    locations.add({ host: 'example.com', repository: 'b', digest })
    await locations.flush()
    await onlyFile(path)
    expect(await folderLocations(path).neighbour({ host: 'example.com', repository: 'x', digest })).toBe('b')
  })

  it('are no trouble where nothing can be read or written', async () => {
    const path = await temporaryFolder()
    await writeFile(join(path, 'file'), '')
    const locations = folderLocations(join(path, 'file', 'below'))
    locations.add({ host, repository: 'a', digest })
    await locations.flush()
    expect(
      await folderLocations(join(path, 'file', 'below')).neighbour({ host, repository: 'x', digest }),
    ).toBeUndefined()
  })
})
