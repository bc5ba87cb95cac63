import { type Cipher, createCipheriv } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { pack, type Pack } from 'tar-stream'
import type { PooledFile } from './file-pool.ts'

/** The time of everything in an image, so that a second build gives the same bytes: 2026-01-01. */
export const IMAGE_TIME: Date = new Date('2026-01-01T00:00:00Z')

const WHOLE_FILE_BYTES = 1024 * 1024

export interface TarContent {
  readonly files: readonly PooledFile[]
  /** Whether the content of the files is encrypted with a fixed key. */
  readonly encrypted: boolean
}

/** A tar of the files in the order given, owned by root, with one fixed time. */
export async function* tarFiles(content: TarContent): AsyncGenerator<Uint8Array> {
  const tar = pack()
  const written = writeAll(tar, content)
  // The reader below ends with the same error.
  written.catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))))
  try {
    for await (const chunk of tar) if (chunk instanceof Uint8Array) yield chunk
    await written
  } finally {
    tar.destroy()
  }
}

async function writeAll(tar: Pack, { files, encrypted }: TarContent): Promise<void> {
  for (const [at, file] of files.entries()) await writeEntry(tar, file, encrypted ? cipherOf(at) : undefined)
  tar.finalize()
}

/** The same bytes on every machine, and others for each file of a layer. */
function cipherOf(at: number): Cipher {
  const counter = Buffer.alloc(16)
  counter.writeUInt32BE(at)
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, 'test-images'), counter)
}

async function writeEntry(tar: Pack, { source, name, size }: PooledFile, cipher?: Cipher): Promise<void> {
  const header = { name, size, mode: 0o644, uid: 0, gid: 0, mtime: IMAGE_TIME }
  // Thousands of small files: reading them in turn costs a third of what asking for them does.
  const content = size <= WHOLE_FILE_BYTES ? readFileSync(source).subarray(0, size) : undefined
  if (content !== undefined && content.byteLength !== size) throw new Error(`${source} changed while it was read`)
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: Error | null): void => {
      if (error instanceof Error) reject(error)
      else resolve()
    }
    if (content !== undefined) {
      tar.entry(header, cipher?.update(content) ?? content, settle)
      return
    }
    const body = createReadStream(source, { end: size - 1, highWaterMark: WHOLE_FILE_BYTES })
    body.on('error', reject)
    const packed = cipher === undefined ? body : body.pipe(cipher)
    packed.pipe(tar.entry(header, settle))
  })
}
