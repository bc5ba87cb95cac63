import { ImageError } from '@crossdock/core'
import type { RandomAccess } from './access/random-access.ts'
import { readAccess } from './access/read-access.ts'
import { type OpenArchiveOptions, unpacking } from './image-archive/open-archive.ts'
import { readTar } from './tar/read-tar.ts'

/**
 * Whether a file begins as App Container Images do, which have `manifest` and `rootfs` and nothing else: it need not be unpacked only to see that. What is
 * damaged does not; whoever reads on says why.
 */
export async function beginsAsAci(
  file: RandomAccess,
  options: Pick<OpenArchiveOptions, 'maxUnpackedBytes' | 'signal'>,
): Promise<boolean> {
  const { maxUnpackedBytes: limitBytes, signal } = options
  const plain = unpacking(readAccess(file, { signal }), { what: file.name, limitBytes })
  try {
    for await (const { entry } of readTar(plain, { what: file.name, signal })) {
      const path = entry.path.replace(/^(?:\.\/+)+|^\.$/, '')
      if (path !== '') return /^(?:manifest|rootfs)(?:\/|$)/.test(path)
    }
    return false
  } catch (reason) {
    signal?.throwIfAborted()
    if (reason instanceof ImageError) return false
    throw reason
  }
}
