import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { type CommandLines, CROSSDOCK, floorCommandLines, PEERS } from './command-lines.ts'
import { findInPath } from './find-in-path.ts'
import { writeFloor } from './write-floor.ts'
import type { Operation } from './operation.ts'

/** Something that is measured. */
export interface Tool {
  readonly name: string
  readonly version: string
  /** Undefined if the tool has no such operation. */
  command(operation: Operation): readonly string[] | undefined
}

export const OURS = 'crossdock'
export const FLOOR = 'floor'

/** How this project's command is run. */
export const CROSSDOCK_ARGV: readonly string[] = [
  process.execPath,
  resolve(import.meta.dirname, '../../packages/cli/bin/crossdock.js'),
]

export interface FindToolsOptions {
  /** Names of those that are wanted. Default: all. */
  readonly only?: readonly string[] | undefined
  /** Where the floor's program is written to; exists. */
  readonly folder: string
}

/** The peers that are in PATH, then this project's command, then the floor. Throws if one that is wanted is not there. */
export function findTools({ only, folder }: FindToolsOptions): readonly Tool[] {
  const peers = Object.entries(PEERS).flatMap(([name, lines]) => {
    const path = findInPath(name)
    return path === undefined ? [] : [createTool(name, [path], lines)]
  })
  const script = writeFloor(join(folder, 'floor'))
  const all = [
    ...peers,
    createTool(OURS, CROSSDOCK_ARGV, CROSSDOCK),
    createTool(FLOOR, [process.execPath], floorCommandLines(script)),
  ]
  const missing = only?.find((name) => !all.some((tool) => tool.name === name))
  if (missing !== undefined) throw new Error(`"${missing}" is none of ${all.map(({ name }) => name).join(', ')}`)
  return all.filter(({ name }) => only === undefined || only.includes(name))
}

function createTool(name: string, executable: readonly string[], lines: CommandLines): Tool {
  const command = (operation: Operation): readonly string[] | undefined => {
    // Each entry takes the operation of its own kind.
    const line = lines[operation.kind] as ((operation: Operation) => readonly string[]) | undefined
    const rest = line?.(operation)
    return rest === undefined ? undefined : [...executable, ...rest]
  }
  return { name, version: readVersion(command({ kind: 'version' }) ?? executable), command }
}

const UNKNOWN = '(version unknown)'

function readVersion([command = '', ...rest]: readonly string[]): string {
  try {
    const text = execFileSync(command, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return /\d+\.\d+\.\d+[\w.+-]*/.exec(text)?.[0] ?? UNKNOWN
  } catch {
    return UNKNOWN
  }
}
