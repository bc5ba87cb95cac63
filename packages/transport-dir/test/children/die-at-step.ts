// Replaces the image of a folder and is killed by itself before its Nth file operation: FOLDER SEED N
import { promises } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [folder = '', seed = '', step = '0'] = process.argv.slice(2)
let steps = 0

/** Calls of these change something that a process which comes later can see. */
const HANDLE_METHODS = ['write', 'writeFile', 'chmod', 'truncate', 'utimes'] as const
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
      if (name !== 'open' || typeof args[1] === 'string') count() // files that are there are opened with numbers
      return original.apply(this, args)
    }
  }
}
syncBuiltinESMExports()

const { writeSigned } = await import('./signed-images.ts')
const { dirTransport } = await import('../../src/index.ts')
await writeSigned(dirTransport().parseReference(folder), seed)
process.stdout.write(String(steps))
