import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { InputRoot } from '../src/file-pool.ts'

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'crossdock-test-images-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Two hundred small files, one text and one binary file, each with content of its own. */
export async function inputTree(): Promise<readonly InputRoot[]> {
  const folder = await temporaryFolder()
  for (let number = 0; number < 200; number += 1) {
    const parent = join(folder, `package-${number % 7}`)
    await mkdir(parent, { recursive: true })
    await writeFile(join(parent, `file-${number}.txt`), `content of file ${number}\n`.repeat(1 + (number % 40)))
  }
  await writeFile(join(folder, 'empty'), '')
  await writeFile(join(folder, 'text.md'), 'a line of text\n'.repeat(8000))
  await writeFile(join(folder, 'program'), Buffer.alloc(2 * 1024 * 1024 + 17, 'binary'))
  return [{ path: folder, as: 'usr/share' }]
}
