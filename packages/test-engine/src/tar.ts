import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { Readable } from 'node:stream'
import * as tar from 'tar-stream'

/** A member that is a file, or with `link` a symbolic link. */
export interface Member {
  readonly path: string
  readonly content?: Uint8Array | string
  readonly link?: string
}

/** All files of an archive, links followed. Rejects if it is damaged or cut off. */
export async function readTar(body: Readable): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>()
  const links = new Map<string, string>()
  const extract = tar.extract()
  const reading = async (): Promise<void> => {
    for await (const entry of extract) {
      const { name, type, linkname } = entry.header
      if (type === 'symlink') links.set(name, new URL(linkname ?? '', `file:///${name}`).pathname.slice(1))
      const content = await buffer(entry)
      if (type === 'file') files.set(name, content)
    }
  }
  await Promise.all([pipeline(body, extract), reading()])
  for (const [name, target] of links) {
    const found = files.get(target)
    if (found !== undefined) files.set(name, found)
  }
  return files
}

export async function packTar(members: readonly Member[]): Promise<Buffer> {
  const pack = tar.pack()
  for (const { path, content = '', link } of members) {
    if (link === undefined) pack.entry({ name: path }, Buffer.from(content))
    else pack.entry({ name: path, type: 'symlink', linkname: link })
  }
  pack.finalize()
  return await buffer(pack)
}
