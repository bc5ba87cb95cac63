import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { buildImages, verifyLayout } from '@crossdock/test-images'
import { expect, onTestFinished, test } from 'vitest'
import { callMain } from './call-main.ts'

test('a folder or registry that is source and destination at once stays as it is', async () => {
  const root = await mkdtemp(join(tmpdir(), 'crossdock-same-'))
  onTestFinished(() => rm(root, { recursive: true }))
  const server = await startRegistry()
  onTestFinished(() => server.close())
  const [image] = await buildImages({ folder: root, shapes: ['multiarch'], scale: 0.001 })
  const folder = image?.folder ?? ''
  const spellings = [`oci:${folder}:latest`, `oci:${relative(process.cwd(), folder)}:latest`, `oci:${folder}/.:latest`]
  const before = await readFile(join(folder, 'index.json'))

  for (const to of spellings) {
    for (const from of spellings) {
      expect((await callMain(['copy', '--all', from, to])).exitCode).toBe(0)
      const one = await callMain(['copy', '--platform', 'linux/arm64', from, to])
      expect(one.stderr).toMatch(/is source and destination.*\[CONFLICT\]\n$/)
      expect(one.exitCode).toBe(1)
    }
  }
  expect(await readFile(join(folder, 'index.json'))).toEqual(before)
  const beside = ['copy', '--platform', 'linux/arm64', `oci:${folder}:latest`, `oci:${folder}:arm`]
  expect((await callMain(beside)).exitCode).toBe(0)
  expect(await verifyLayout(folder)).toMatchObject({ problems: [] })

  const flat = join(root, 'flat')
  expect((await callMain(['copy', '--all', `oci:${folder}:latest`, `dir:${flat}`])).exitCode).toBe(0)
  const one = await callMain(['copy', '--platform', 'linux/arm64', `dir:${flat}`, `dir:${flat}/`])
  expect(one.stderr).toMatch(/is source and destination.*\[CONFLICT\]\n$/)

  const name = `docker://${server.host}/app:1`
  expect((await callMain(['copy', '--all', `oci:${folder}:latest`, name])).exitCode).toBe(0)
  const digest = await callMain(['digest', name])
  expect((await callMain(['copy', '--all', name, name])).exitCode).toBe(0)
  expect((await callMain(['copy', '--platform', 'linux/arm64', name, name])).exitCode).toBe(1)
  expect(await callMain(['digest', name])).toEqual(digest)
})
