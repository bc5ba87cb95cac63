import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { ImageError, quoteForeign } from '@crossdock/core'
import type { RandomAccess } from './random-access.ts'

// A pipe without a writer must not make opening wait. Windows has no such flag.
const READ_WITHOUT_WAITING: number = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/**
 * Opens a file that a person named, through links if it is one. Throws `NOT_FOUND`, `INVALID_DATA` for anything but a regular
 * file (a pipe is refused without waiting for it), `IO`.
 */
export async function openFile(path: string): Promise<RandomAccess> {
  const name = `"${quoteForeign(path, 300)}"`
  const handle = await naming(`open ${name}`, () => open(path, READ_WITHOUT_WAITING))
  try {
    const stat = await naming(`look at ${name}`, () => handle.stat())
    if (!stat.isFile()) throw notRegular(name, stat.isDirectory() ? 'a folder' : 'a pipe, a socket or a device')
    return accessOf(handle, { name, size: stat.size })
  } catch (reason) {
    await handle.close()
    throw reason
  }
}

function accessOf(handle: FileHandle, { name, size }: { readonly name: string; readonly size: number }): RandomAccess {
  return {
    name,
    size,
    read: (room, position) =>
      naming(`read ${name}`, async () => {
        let length = 0
        while (length < room.byteLength) {
          const { bytesRead } = await handle.read(room, length, room.byteLength - length, position + length)
          if (bytesRead === 0) break
          length += bytesRead
        }
        return length
      }),
    async [Symbol.asyncDispose]() {
      await handle.close()
    },
  }
}

async function naming<Value>(action: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (reason) {
    if (!(reason instanceof Error) || !('code' in reason) || reason instanceof ImageError) throw reason
    const options = { cause: reason }
    if (reason.code === 'ENOENT') throw new ImageError('NOT_FOUND', `cannot ${action}: there is no such file`, options)
    if (reason.code === 'ENXIO') throw new ImageError('INVALID_DATA', `cannot ${action}: it is a socket`, options)
    throw new ImageError('IO', `cannot ${action}: ${MEANINGS.get(String(reason.code)) ?? String(reason.code)}`, options)
  }
}

const MEANINGS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'permission denied (EACCES); check its permissions and those of the folders above'],
  ['EPERM', 'operation not permitted (EPERM); check its permissions'],
  ['ENOTDIR', 'a part of the path is not a folder (ENOTDIR); check the path'],
  ['ELOOP', 'its links lead in a circle (ELOOP)'],
  ['EMFILE', 'too many open files (EMFILE); raise the limit (ulimit -n)'],
])

function notRegular(name: string, found: string): ImageError {
  return new ImageError('INVALID_DATA', `${name} should be an archive, but it is ${found}; only regular files are read`)
}
