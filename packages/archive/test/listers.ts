import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeText } from '../src/tar/text.ts'

/** A member as another program sees it. */
export interface Listed {
  readonly name: string
  readonly type: string
  readonly size: number
  /** Where its content begins; undefined if the program does not say. */
  readonly offset?: number
}

const PYTHON = `
import json, sys, tarfile
kinds = {b'0': 'file', b'\\0': 'file', b'7': 'file', b'S': 'file', b'1': 'hardlink', b'2': 'symlink', b'3': 'character-device', b'4': 'block-device', b'5': 'directory', b'6': 'fifo'}
for path in sys.stdin.read().split('\\n'):
    try:
        with tarfile.open(path, 'r:') as tar:
            found = [{'name': m.name, 'type': kinds.get(m.type, 'unknown'), 'size': m.size, 'offset': m.offset_data, 'link': m.linkname} for m in tar]
    except Exception as problem:
        found = None
    print(json.dumps(found))
`

export const hasPython: boolean = spawnSync('python3', ['-c', 'import tarfile']).status === 0
export const hasGnuTar: boolean = spawnSync('tar', ['--version']).stdout?.toString().includes('GNU tar') ?? false

/** What Python sees in archives; undefined for one that it refuses as a whole. It ends silently at a header that it does not like. */
export function listWithPython(paths: readonly string[]): readonly (readonly Listed[] | undefined)[] {
  const output = execFileSync('python3', ['-c', PYTHON], { input: paths.join('\n'), maxBuffer: 1e9 }).toString()
  return output
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as readonly Listed[] | null) ?? undefined)
}

const LETTERS: ReadonlyMap<string, string> = new Map([
  ['-', 'file'],
  ['C', 'file'],
  ['h', 'hardlink'],
  ['l', 'symlink'],
  ['c', 'character-device'],
  ['b', 'block-device'],
  ['d', 'directory'],
  ['p', 'fifo'],
])

/** What GNU tar sees in an archive; undefined if it complains. */
export function listWithGnuTar(path: string): readonly Listed[] | undefined {
  const options = ['--numeric-owner', '--utc', '--full-time', '--quoting-style=escape', '--absolute-names']
  const { status, stdout } = spawnSync('tar', ['-tv', ...options, '-f', path], {
    env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' },
  })
  if (status !== 0) return undefined
  return stdout
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, letter = '', size = '', name = ''] = /^(.)\S+ +\S+ +(\d+|\d+,\d+) \S+ \S+ (.*)$/.exec(line) ?? []
      const type = LETTERS.get(letter) ?? 'unknown'
      const shown = type === 'symlink' ? name.split(' -> ')[0] : name.split(' link to ')[0]
      return { name: unescaped(shown ?? ''), type, size: size.includes(',') ? 0 : Number(size) }
    })
}

/** Undoes `--quoting-style=escape`. */
function unescaped(name: string): string {
  const bytes = name.replaceAll(/\\(?:(\d{3})|(.))/g, (_, octal: string | undefined, letter: string) =>
    octal === undefined ? (CONTROLS.get(letter) ?? letter) : String.fromCharCode(Number.parseInt(octal, 8)),
  )
  return decodeText(Buffer.from(bytes, 'latin1'))
}

const CONTROLS: ReadonlyMap<string, string> = new Map([
  ['a', '\u0007'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
])

const PYTHON_CONTENTS = `
import hashlib, json, sys, tarfile
for path in sys.stdin.read().split('\\n'):
    with tarfile.open(path, 'r:') as tar:
        print(json.dumps([hashlib.sha256(tar.extractfile(m).read()).hexdigest() for m in tar]))
`

/** The sha256 of each member of archives that hold files alone, as Python reads them. */
export function hashWithPython(paths: readonly string[]): readonly (readonly string[])[] {
  const output = execFileSync('python3', ['-c', PYTHON_CONTENTS], { input: paths.join('\n') }).toString()
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as readonly string[])
}

/** The sha256 of members of an archive, as GNU tar unpacks them into a folder. */
export function hashWithGnuTar(path: string, names: readonly string[], folder: string): readonly string[] {
  execFileSync('tar', ['-x', '-f', path, '-C', folder])
  return names.map((name) =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex'),
  )
}
