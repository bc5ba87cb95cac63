import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { digestEncoded, digestOf } from '@crossdock/core'
import { errorNumber } from './file-errors.ts'

/**
 * Who holds a lock or writes a file, short enough for a file name: `PID-START-PLACE`. `START` is when the process began, if
 * the system says so cheaply, for a process number is used again; `PLACE` stands for the machine since its last start and the
 * process number space, for numbers of another container mean nothing here.
 */
export interface Owner {
  readonly pid: number
  readonly start: string
  readonly place: string
}

/** An owner whose life cannot be looked up is taken for dead when its heartbeat is this old. */
export const STALE_MS = 120_000
const UNKNOWN_START = 'x'

let self: Owner | undefined

/** This process. */
export function thisProcess(): Owner {
  self ??= Object.freeze({ pid: process.pid, start: statOf(process.pid)?.start ?? UNKNOWN_START, place: placeOf() })
  return self
}

export function formatOwner(owner: Owner): string {
  return `${owner.pid}-${owner.start}-${owner.place}`
}

export function parseOwner(text: string): Owner | undefined {
  const [, pid, start, place] = /^([1-9][0-9]{0,9})-([0-9]+|x)-([0-9a-f]{8})$/.exec(text) ?? []
  return pid === undefined || start === undefined || place === undefined
    ? undefined
    : { pid: Number(pid), start, place }
}

/** `unknown`: it may live; only a heartbeat that stops tells. */
export function lifeOf(owner: Owner): 'alive' | 'dead' | 'unknown' {
  if (owner.place !== thisProcess().place) return 'unknown'
  if (!isRunning(owner.pid)) return 'dead'
  const now = statOf(owner.pid)
  if (now === undefined || owner.start === UNKNOWN_START) return owner.pid === process.pid ? 'alive' : 'unknown'
  return now.start === owner.start && now.state !== ZOMBIE ? 'alive' : 'dead'
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (reason) {
    return errorNumber(reason) !== 'ESRCH' // EPERM: it runs and belongs to somebody else
  }
}

/** Ended, but its parent has not asked how: it still has its number, and does nothing any more. */
const ZOMBIE = 'Z'

/** State, and clock ticks from the machine's start to the process's (proc(5), /proc/pid/stat, fields 3 and 22). Linux only. */
function statOf(pid: number): { state: string; start: string } | undefined {
  const stat = readSmall(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  // The second field is the command in parentheses and may hold anything: count from its end.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, start] = [fields?.[0], fields?.[19]]
  return state === undefined || start === undefined ? undefined : { state, start }
}

function placeOf(): string {
  const boot = readSmall(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'))?.trim()
  const numbers = readSmall(() => readlinkSync('/proc/self/ns/pid'))
  const text = [hostname(), boot ?? '', numbers ?? ''].join('\n')
  return digestEncoded(digestOf(new TextEncoder().encode(text))).slice(0, 8)
}

function readSmall(read: () => string): string | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    return read()
  } catch {
    return undefined
  }
}
