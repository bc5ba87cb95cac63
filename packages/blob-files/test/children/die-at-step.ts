import { promises } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Calls of these change something that a process which comes later can see. */
const HANDLE_METHODS = ['write', 'writeFile', 'chmod', 'truncate', 'utimes'] as const
const FUNCTIONS = ['open', 'rename', 'link', 'unlink', 'mkdir', 'appendFile', 'copyFile'] as const

type Methods = Record<string, (...args: unknown[]) => unknown>

/**
 * From now on the process counts its calls that change files, and kills itself before the one with this number; with 0 it lives. To be called
 * before what is tested is imported. The result says how many there were.
 */
export async function dieAtStep(step: number): Promise<() => number> {
  let steps = 0
  const count = (): void => {
    steps += 1
    if (steps === step) process.kill(process.pid, 'SIGKILL')
  }
  const handles = await handlePrototype()
  for (const name of HANDLE_METHODS) wrap(handles, name, count)
  for (const name of FUNCTIONS) wrap(promises as unknown as Methods, name, count)
  syncBuiltinESMExports()
  return () => steps
}

async function handlePrototype(): Promise<Methods> {
  const path = join(tmpdir(), `crossdock-probe-${process.pid}`)
  const probe = await promises.open(path, 'w')
  await probe.close()
  await promises.unlink(path)
  return Object.getPrototypeOf(probe) as Methods
}

function wrap(owner: Methods, name: string, count: () => void): void {
  const original = owner[name]
  if (original === undefined) throw new Error(`there is no ${name}`)
  owner[name] = function counted(this: unknown, ...args) {
    if (name !== 'open' || typeof args[1] === 'string') count() // files that are there are opened with numbers
    return original.apply(this, args)
  }
}
