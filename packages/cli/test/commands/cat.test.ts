import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callMain } from '../call-main.ts'
import { file, sampleImage, writeImage } from '../root-filesystem/write-image.ts'

let root: string
let image: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'crossdock-cat-'))
  image = await sampleImage(root)
})
afterAll(() => rm(root, { recursive: true }))

const done = { exitCode: 0, stderr: '' }

test.each([
  ['/etc/one', 'second'],
  ['link', 'second'],
  ['/hard', 'old'],
  ['etc/../hard', 'old'],
])('%s', async (path, stdout) => {
  expect(await callMain(['cat', image, path])).toEqual({ ...done, stdout })
})

test('an empty file', async () => {
  const from = await writeImage(root, [[file('empty')]])
  expect(await callMain(['cat', from, 'empty'])).toEqual({ ...done, stdout: '' })
})

test.each([
  ['/etc/gone', 2, 'has no "gone"'],
  ['/out', 2, '"/etc" has no "hostname"'],
  ['/etc', 1, 'is a directory and has no content'],
  ['/dev/null', 1, 'is a character-device and has no content'],
])('%s fails with %d', async (path, exitCode, says) => {
  const called = await callMain(['cat', image, path])
  expect(called).toMatchObject({ exitCode, stdout: '' })
  expect(called.stderr).toContain(says)
})

test('compares a file with what it was when the layers were merged, and reads no farther', async () => {
  await using server = await startRegistry()
  const layer = [file('a', 'content'), file('b', 'x'.repeat(3_000_000))]
  const from = await writeImage(root, [layer], { isPacked: false, layerType: 'application/vnd.oci.image.layer.v1.tar' })
  const name = `docker://${server.host}/app:1`
  await callMain(['copy', '-q', from, name])
  expect((await callMain(['cat', name, 'b'])).stdout).toHaveLength(3_000_000)
  const match = { route: 'blob', method: 'GET', nth: 2 } as const
  const remove = server.faults.add({ match, action: { kind: 'hang', afterBytes: 1_500_000 } })
  expect(await callMain(['cat', name, 'a'])).toEqual({ ...done, stdout: 'content' })
  remove()
  server.faults.add({ match, action: { kind: 'corrupt', atByte: 515 } })
  const { exitCode, stdout } = await callMain(['cat', '--retry-times=0', name, 'a'])
  expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' })
})
