import { appendFile, mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { runProcess } from './start-process.ts'

/** Something that happens to a file. */
export interface Damage {
  readonly what: string
  /** `outside` is somebody else's file. */
  readonly damage: (path: string, outside: string) => Promise<void>
}

/** Regular files that are not what they were. */
export const CHANGED: readonly Damage[] = [
  { what: 'has one bit flipped', damage: flipBit },
  { what: 'is cut in half', damage: async (path) => truncate(path, (await readFile(path)).byteLength >> 1) },
  { what: 'is empty', damage: (path) => truncate(path, 0) },
  { what: 'has something appended', damage: (path) => appendFile(path, 'xxx') },
  { what: 'has white space appended', damage: (path) => appendFile(path, ' \n') },
]

/** What may lie in the place of a file without being one. */
export const PLANTED: readonly Damage[] = [
  { what: 'is a pipe', damage: replacedBy(makePipe) },
  { what: 'is a folder', damage: replacedBy(async (path) => mkdir(path)) },
  { what: 'is a link to an endless device', damage: replacedBy((path) => symlink('/dev/zero', path)) },
  { what: 'is a link to an empty device', damage: replacedBy((path) => symlink('/dev/null', path)) },
  { what: 'is a link to itself', damage: replacedBy((path) => symlink(path, path)) },
  { what: 'is a link to a file outside', damage: replacedBy((path, outside) => symlink(outside, path)) },
  { what: 'is a link to nothing', damage: replacedBy((path, outside) => symlink(`${outside}.absent`, path)) },
]

export async function makePipe(path: string): Promise<void> {
  await runProcess(['mkfifo', path])
}

function replacedBy(plant: Damage['damage']): Damage['damage'] {
  return async (path, outside) => {
    await rm(path)
    await plant(path, outside)
  }
}

async function flipBit(path: string): Promise<void> {
  const bytes = await readFile(path)
  const middle = bytes.byteLength >> 1
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle)
  await writeFile(path, bytes)
}
