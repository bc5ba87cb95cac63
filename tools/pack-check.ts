/**
 * Packs every public package as it would be published and checks the tarball: publint for the manifest against the
 * files, attw for what TypeScript sees in it. Needs `tsc -b` to have run.
 */
import { execFile } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')

async function check(folder: string, temporary: string): Promise<void> {
  const packed = await run('pnpm', ['pack', '--json', '--pack-destination', temporary], { cwd: folder })
  const { filename } = JSON.parse(packed.stdout) as { filename: string }
  await run('publint', ['run', '--strict', filename], { cwd: root })
  await run('attw', [filename, '--profile', 'esm-only', '--no-emoji', '--no-color'], { cwd: root })
}

function describe(error: unknown): string {
  const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
  return [String(error), stdout, stderr].filter(Boolean).join('\n')
}

const folders = globSync('packages/*/package.json', { cwd: root })
  .map((file) => join(root, dirname(file)))
  .filter(
    (folder) => !(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { private?: boolean }).private,
  )
  .toSorted()
const temporary = mkdtempSync(join(tmpdir(), 'crossdock-pack-'))
try {
  const queue = folders.values()
  const worker = async (): Promise<void> => {
    for (const folder of queue) {
      try {
        await check(folder, temporary)
        console.log(`ok ${folder}`)
      } catch (error) {
        console.error(`not ok ${folder}\n${describe(error)}`)
        process.exitCode = 1
      }
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
