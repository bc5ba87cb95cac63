// Replaces the image of a name and is killed by itself before its Nth file operation: FOLDER:NAME SEED N
import { promises } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [reference = '', seed = '', step = '0'] = process.argv.slice(2)
let steps = 0

/** Calls of these change something on the disk, or hand over what does. */
const HANDLE_METHODS = ['write', 'writeFile', 'sync', 'datasync', 'chmod', 'truncate', 'utimes'] as const
const FUNCTIONS = ['open', 'rename', 'link', 'unlink', 'mkdir', 'appendFile', 'copyFile'] as const

function count(): void {
  steps++
  if (steps === Number(step)) process.kill(process.pid, 'SIGKILL')
}

const probe = await promises.open(join(tmpdir(), `crossdock-probe-${process.pid}`), 'w')
const prototype = Object.getPrototypeOf(probe) as Record<string, (...args: unknown[]) => unknown>
await probe.close()
await promises.unlink(join(tmpdir(), `crossdock-probe-${process.pid}`))
for (const [owner, names] of [
  [prototype, HANDLE_METHODS],
  [promises as unknown as typeof prototype, FUNCTIONS],
] as const) {
  for (const name of names) {
    const original = owner[name]
    if (original === undefined) throw new Error(`there is no ${name}`)
    owner[name] = function counted(this: unknown, ...args: unknown[]): unknown {
      count()
      return original.apply(this, args)
    }
  }
}
syncBuiltinESMExports()

const { writeImage } = await import('@crossdock/transport-testkit')
const { imageWithReferrer } = await import('./image-with-referrer.ts')
const { ociDirTransport } = await import('../../src/index.ts')
await writeImage(ociDirTransport().parseReference(reference), imageWithReferrer(seed))
process.stdout.write(String(steps))
