import { join } from 'node:path'
import { readBounded, replaceFile } from '@crossdock/blob-files'
import { isObject, member, parseJsonDocument } from '@crossdock/formats'
import type { Validators } from './validators.ts'

/** What the bytes of an unfinished download are of. */
export interface PartHead extends Validators {
  /** All bytes of the content, if the server said how many there are. */
  readonly total?: number | undefined
}

const NAME = 'head.json'
const MAX_BYTES = 16 * 1024

export async function writePartHead(folder: string, { etag, lastModified, strong, total }: PartHead): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify({ etag, lastModified, strong, total }))
  await replaceFile(join(folder, NAME), { bytes, work: folder, durable: false, mode: 0o600 })
}

/** Undefined if it cannot be read, or proves nothing: the download then begins anew. */
export async function readPartHead(folder: string): Promise<PartHead | undefined> {
  const what = 'the head of a download'
  try {
    const bytes = await readBounded(join(folder, NAME), { limitBytes: MAX_BYTES, what })
    return headOf(parseJsonDocument(bytes, { what, maxBytes: MAX_BYTES }))
  } catch {
    return undefined
  }
}

function headOf(document: unknown): PartHead | undefined {
  if (!isObject(document)) return undefined
  const [etag, lastModified] = [member(document, 'etag'), member(document, 'lastModified')]
  const [strong, total] = [member(document, 'strong'), member(document, 'total')]
  // It goes into a header.
  if (typeof strong !== 'string' || !/^[\x20-\x7e]{1,1024}$/.test(strong)) return undefined
  return {
    strong,
    ...(typeof etag === 'string' && { etag }),
    ...(typeof lastModified === 'string' && { lastModified }),
    ...(Number.isSafeInteger(total) && { total: Number(total) }),
  }
}
