import { readdir, readlink } from 'node:fs/promises'

/** Files and sockets that this process has open: their kinds, sorted. Elsewhere than on Linux without the files. */
export async function openFiles(): Promise<readonly string[]> {
  const names = await readdir('/proc/self/fd').catch(() => [])
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')))
  const files = targets.filter((target) => target.startsWith('/') && !target.startsWith('/proc/'))
  const sockets = process
    .getActiveResourcesInfo()
    .filter((kind) => /^(?:TCP|TLS|Pipe)(?:Socket|Server)?Wrap$/.test(kind))
  return [...files, ...sockets].toSorted()
}
