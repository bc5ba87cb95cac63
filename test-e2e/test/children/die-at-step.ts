// Preloaded into the command: ends it with SIGKILL before or after one of its calls that change a file system, as DIE_AT
// (`before:12`) says.
import { constants, promises } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { devNull } from 'node:os'

type Call = (this: unknown, ...args: unknown[]) => unknown

const [when, at] = (process.env['DIE_AT'] ?? '').split(':')
const HANDLE_METHODS = ['write', 'writev', 'writeFile', 'appendFile', 'sync', 'datasync', 'chmod', 'truncate', 'utimes']
const FUNCTIONS = [
  'writeFile',
  'appendFile',
  'copyFile',
  'rename',
  'link',
  'symlink',
  'unlink',
  'rm',
  'mkdir',
  'chmod',
  'utimes',
]
let steps = 0

function counted(original: Call): Call {
  return function step(...args) {
    steps += 1
    const isChosen = steps === Number(at)
    if (isChosen && when === 'before') process.kill(process.pid, 'SIGKILL')
    const result = original.apply(this, args)
    return isChosen && result instanceof Promise ? result.finally(() => process.kill(process.pid, 'SIGKILL')) : result
  }
}

function wrap(owner: Record<string, Call>, names: readonly string[]): void {
  for (const name of names) {
    const original = owner[name]
    if (original !== undefined) owner[name] = counted(original)
  }
}

function mayWrite(flags: unknown): boolean {
  if (typeof flags === 'number') return (flags & (constants.O_WRONLY | constants.O_RDWR | constants.O_CREAT)) !== 0
  return typeof flags === 'string' && /[wa+]/.test(flags)
}

const probe = await promises.open(devNull)
const handles = Object.getPrototypeOf(probe) as Record<string, Call> // its methods are looked up by name above
await probe.close()
const functions = promises as unknown as Record<string, Call> // likewise
wrap(handles, HANDLE_METHODS)
wrap(functions, FUNCTIONS)
const open = functions['open']
if (open === undefined) throw new Error('there is no open')
const countedOpen = counted(open)
functions['open'] = function openCounted(...args) {
  return (mayWrite(args[1]) ? countedOpen : open).apply(this, args)
}
syncBuiltinESMExports()
