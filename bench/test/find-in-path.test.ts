import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findInPath } from '../src/find-in-path.ts'

test.skipIf(process.platform === 'win32')('finds what a shell would run: the first that is executable', async () => {
  const folders = await Promise.all(['a', 'b', 'c'].map((name) => mkdtemp(join(tmpdir(), `crossdock-bench-${name}-`))))
  onTestFinished(async () => {
    for (const folder of folders) await rm(folder, { recursive: true })
  })
  for (const [at, folder] of folders.entries()) {
    await writeFile(join(folder, 'tool'), '')
    await chmod(join(folder, 'tool'), at === 0 ? 0o644 : 0o755)
  }
  expect(findInPath('tool', folders.join(delimiter))).toBe(join(folders[1] ?? '', 'tool'))
  expect(findInPath('other', folders.join(delimiter))).toBeUndefined()
  expect(findInPath('tool', '')).toBeUndefined()
})
