import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { digestOf, type Digest } from '@crossdock/core'
import {
  folderStorage,
  startRegistry,
  type Durability,
  type RegistryServer,
  type RepositoryChange,
} from '../src/index.ts'
import { ask, pushBlob, sha, withQuery } from './client.ts'
import { OCI_INDEX } from './data-sets.ts'
import { temporaryFolder } from './storages.ts'

const bytes = randomBytes(3_000_000)
const digest = sha(bytes)
const index = '{"schemaVersion":2,"manifests":[]}'

async function start(folder: string, durability: Durability = 'fast'): Promise<RegistryServer> {
  return await startRegistry({ storage: folderStorage(folder, { durability }) })
}

test.each(['full', 'fast'] as const)('content, tags and names survive a restart (%s)', async (durability) => {
  const folder = join(await temporaryFolder(), 'new', 'folder')
  const first = await start(folder, durability)
  await pushBlob(first.url, 'team/app', bytes)
  for (const tag of ['v1', 'V1', 'con', 'gone']) {
    const asking = { method: 'PUT', body: index, headers: { 'content-type': OCI_INDEX } }
    expect(await ask(first.url, `/v2/team/app/manifests/${tag}`, asking)).toMatchObject({ status: 201 })
  }
  await ask(first.url, '/v2/team/app/manifests/gone', { method: 'DELETE' })
  await first.close()

  await using second = await start(folder, durability)
  expect((await ask(second.url, `/v2/team/app/blobs/${digest}`)).body.equals(bytes)).toBe(true)
  expect((await ask(second.url, '/v2/team/app/tags/list')).json.tags).toEqual(['V1', 'con', 'v1'])
  const got = await ask(second.url, '/v2/team/app/manifests/v1')
  expect([got.body.toString(), got.headers['content-type']]).toEqual([index, OCI_INDEX])
})

test('an open upload goes on after a restart, in another generation of the server', async () => {
  const folder = await temporaryFolder()
  const first = await start(folder)
  const opened = await ask(first.url, '/v2/r/blobs/uploads/', { method: 'POST' })
  const patched = await ask(first.url, String(opened.headers.location), {
    method: 'PATCH',
    body: bytes.subarray(0, 1_500_000),
  })
  // The server goes away in the middle of the next chunk.
  first.faults.add({ match: { method: 'PATCH' }, action: { kind: 'hang', afterBytes: 700_000, of: 'request' } })
  const location = String(patched.headers.location)
  const hanging = ask(first.url, location, { method: 'PATCH', body: bytes.subarray(1_500_000) })
  hanging.catch(() => {})
  const stuck = () => first.requests.find(({ faults }) => faults.includes('hang'))
  await expect.poll(() => stuck()?.bytesReceived).toBeGreaterThan(700_000)
  await first.close()
  await expect(hanging).rejects.toThrow(/hang up|ECONNRESET|EPIPE/)

  await using second = await start(folder)
  const status = await ask(second.url, location)
  expect([status.status, status.headers.range]).toEqual([204, '0-2199999'])
  const rest = { method: 'PATCH', body: bytes.subarray(2_200_000), headers: { 'content-range': '2200000-2999999' } }
  const last = await ask(second.url, String(status.headers.location), rest)
  const end = await ask(second.url, withQuery(last.headers.location, `digest=${digest}`), { method: 'PUT' })
  expect(end.status).toBe(201)
  expect((await ask(second.url, `/v2/r/blobs/${digest}`)).body.equals(bytes)).toBe(true)
  expect(await readdir(join(folder, 'uploads'))).toEqual([])
})

test('what no repository names is removed when the folder is opened next', async () => {
  const folder = await temporaryFolder()
  const first = await start(folder)
  await pushBlob(first.url, 'a', bytes)
  await pushBlob(first.url, 'a', 'kept')
  await ask(first.url, `/v2/a/blobs/${digest}`, { method: 'DELETE' })
  await first.close()
  await using second = await start(folder)
  expect(await contentOf(folder)).toEqual([sha('kept').slice(7)])
  expect(await ask(second.url, `/v2/a/blobs/${sha('kept')}`)).toMatchObject({ status: 200 })
})

test('a week-old upload and its note are removed', async () => {
  const folder = await temporaryFolder()
  const first = await start(folder)
  await ask(first.url, '/v2/a/blobs/uploads/', { method: 'POST' })
  await first.close()
  const old = new Date(Date.now() - 8 * 24 * 3600 * 1000)
  for (const name of await readdir(join(folder, 'uploads'))) await utimes(join(folder, 'uploads', name), old, old)
  await (await start(folder)).close()
  expect(await readdir(join(folder, 'uploads'))).toEqual([])
})

test('a folder that is in use is refused, one whose owner died is taken', async () => {
  const folder = await temporaryFolder()
  const first = await start(folder)
  await expect(start(folder)).rejects.toMatchObject({ code: 'CONFLICT' })
  await first.close()
  await writeFile(join(folder, 'lock'), `${process.ppid}\n`)
  await expect(start(folder)).rejects.toMatchObject({ code: 'CONFLICT' })
  await writeFile(join(folder, 'lock'), '999999999\n')
  await (await start(folder)).close()
  expect(await readdir(folder)).not.toContain('lock')
})

const tag = (name: string): RepositoryChange => ({ do: 'put-tag', tag: name, digest: digest as Digest })

test('half a line at the end of a journal is dropped, damage in it is refused', async () => {
  const folder = await temporaryFolder()
  const storage = folderStorage(folder)
  await storage.open()
  await storage.change('a/b', [tag('one')])
  await storage.close()
  const [file = ''] = await readdir(join(folder, 'repositories'))
  const path = join(folder, 'repositories', file)
  await appendFile(path, '[{"do":"put-tag","ta')
  await storage.open()
  expect([...(storage.repository('a/b')?.tags.keys() ?? [])]).toEqual(['one'])
  await storage.change('a/b', [tag('two')])
  await storage.close()
  await storage.open()
  expect([...(storage.repository('a/b')?.tags.keys() ?? [])]).toEqual(['one', 'two'])
  await storage.close()
  for (const line of ['{}', '[{"do":"put-tag","tag":"x","digest":"sha256:x"}]', '[{"do":"__proto__"}]', 'x']) {
    const whole = await readFile(path)
    await appendFile(path, `${line}\n`)
    await expect(storage.open()).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await writeFile(path, whole)
  }
})

test('a journal that has grown far beyond what it says is written anew', async () => {
  const folder = await temporaryFolder()
  const storage = folderStorage(folder, { durability: 'fast' })
  await storage.open()
  for (let count = 0; count < 200; count += 1) {
    await storage.change('a', [{ do: 'put-tag', tag: 'latest', digest: digestOf(Buffer.from(String(count))) }])
  }
  await storage.close()
  const path = join(folder, 'repositories', '=a.jsonl')
  await storage.open()
  expect((await readFile(path, 'utf8')).trim().split('\n')).toHaveLength(1)
  expect(storage.repository('a')?.tags.get('latest')).toBe(sha('199'))
  await storage.close()
})

test('a file that a crash left among the journals is not a repository', async () => {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'repositories'), { recursive: true })
  await writeFile(join(folder, 'repositories', '=a.jsonl.123.tmp'), 'x')
  await using server = await start(folder)
  expect((await ask(server.url, '/v2/_catalog')).json).toEqual({ repositories: [] })
})

test('the same blob pushed at once by many is there once', async () => {
  const folder = await temporaryFolder()
  await using server = await start(folder)
  await Promise.all(Array.from({ length: 8 }, async () => await pushBlob(server.url, 'a', bytes)))
  expect(await contentOf(folder)).toEqual([digest.slice(7)])
  expect(await readdir(join(folder, 'uploads'))).toEqual([])
})

async function contentOf(folder: string): Promise<readonly string[]> {
  const names = await readdir(join(folder, 'content'), { recursive: true })
  return names.map((name) => name.split(/[/\\]/).at(-1) ?? '').filter((name) => name.length >= 64)
}
