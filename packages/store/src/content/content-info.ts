import type { Digest } from '@crossdock/core'
import type { ContentInfo } from '../contents.ts'
import type { ContentFile } from './content-files.ts'
import type { ContentKnowledge } from './content-rows.ts'

/** What the record says, and the file where there is none. */
export function infoOf(digest: Digest, { size, modifiedAt }: ContentFile, known: ContentKnowledge): ContentInfo {
  if (known.kind === 'recorded') return { ...known.record, size }
  return { digest, size, createdAt: modifiedAt, updatedAt: modifiedAt, labels: {} }
}
