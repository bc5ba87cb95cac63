import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { bytesAccess, indexTar } from '@crossdock/archive'
import { startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { main } from '../../src/main.ts'
import { callMain } from '../call-main.ts'
import { sampleImage } from '../root-filesystem/write-image.ts'

let root: string
let image: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'crossdock-export-'))
  image = await sampleImage(root)
})
afterAll(() => rm(root, { recursive: true }))

const done = { exitCode: 0, stderr: '' }

test('writes one tar, the same each time, to stdout or a file', async () => {
  const path = join(root, 'out.tar')
  expect(await callMain(['export', image, '-o', path])).toEqual({ ...done, stdout: '' })
  const bytes = await readFile(path)
  expect((await callMain(['export', image])).stdout).toBe(bytes.toString())
  expect((await callMain(['export', image, '-o', '-'])).stdout).toBe(bytes.toString())
  const { byPath } = await indexTar(bytesAccess(bytes))
  expect([...byPath.keys()].toSorted()).toEqual(['dev', 'dev/null', 'etc', 'etc/old', 'etc/one', 'hard', 'link', 'out'])
  expect(byPath.get('etc/one')?.size).toBe(6)
})

test('is refused on a terminal', async () => {
  const stdout = Object.assign(new PassThrough(), { isTTY: true }) as unknown as NodeJS.WriteStream
  const stderr = new PassThrough() as unknown as NodeJS.WriteStream
  expect(await main(['export', image], { stdout, stderr, env: {} })).toBe(64)
  expect(String(stderr.read())).toContain('is nothing for a terminal')
  expect(stdout.read()).toBe(null)
  expect(await main(['export', image, '-o', join(root, 'terminal.tar')], { stdout, stderr, env: {} })).toBe(0)
})

test('leaves nothing when it fails or its time is over, and what was there', async () => {
  await using server = await startRegistry()
  const name = `docker://${server.host}/app:1`
  await callMain(['copy', '-q', image, name])
  const place = await mkdtemp(join(root, 'place-'))
  const path = join(place, 'out.tar')
  await writeFile(path, 'old')
  const remove = server.faults.add({ match: { route: 'blob', method: 'GET', nth: 4 }, action: { kind: 'hang' } })
  expect((await callMain(['export', '--command-timeout=300ms', name, '-o', path])).exitCode).toBe(6)
  remove()
  server.faults.add({ match: { route: 'blob', method: 'GET', nth: 3 }, action: { kind: 'corrupt', atByte: 60 } })
  expect((await callMain(['export', '--retry-times=0', name, '-o', path])).exitCode).toBe(5)
  expect(await readdir(place)).toEqual(['out.tar'])
  expect(await readFile(path, 'utf8')).toBe('old')
})

test('needs the name of a file', async () => {
  expect((await callMain(['export', image, '-o', ''])).exitCode).toBe(64)
})
