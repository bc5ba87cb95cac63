import { execFileSync } from 'node:child_process'
import { appendFile, mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'

/** Something that happens to a file. */
export interface Damage {
  readonly what: string
  readonly damage: (path: string) => Promise<void>
}

/** Regular files that are not what they were. */
export const CHANGED: readonly Damage[] = [
  { what: 'has one bit flipped', damage: flipBit },
  { what: 'is cut in half', damage: async (path) => truncate(path, (await readFile(path)).byteLength >> 1) },
  { what: 'is empty', damage: (path) => truncate(path, 0) },
  { what: 'has something appended', damage: (path) => appendFile(path, 'xxx') },
  { what: 'has white space appended', damage: (path) => appendFile(path, ' \n') },
]

/** What may lie in the place of a file without being one, `outside` being somebody else's file. */
export function planted(outside: string): readonly Damage[] {
  return [
    { what: 'is a pipe', damage: replacedBy((path) => Promise.resolve(execFileSync('mkfifo', [path]))) },
    { what: 'is a folder', damage: replacedBy((path) => mkdir(path)) },
    { what: 'is a link to an endless device', damage: replacedBy((path) => symlink('/dev/zero', path)) },
    { what: 'is a link to an empty device', damage: replacedBy((path) => symlink('/dev/null', path)) },
    { what: 'is a link to itself', damage: replacedBy((path) => symlink(path, path)) },
    { what: 'is a link to a file outside', damage: replacedBy((path) => symlink(outside, path)) },
    { what: 'is a link to nothing', damage: replacedBy((path) => symlink(`${outside}.absent`, path)) },
  ]
}

function replacedBy(plant: (path: string) => Promise<unknown>): (path: string) => Promise<void> {
  return async (path) => {
    await rm(path)
    await plant(path)
  }
}

async function flipBit(path: string): Promise<void> {
  const bytes = await readFile(path)
  const middle = bytes.byteLength >> 1
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle)
  await writeFile(path, bytes)
}
