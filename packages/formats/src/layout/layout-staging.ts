import type { BlobContent } from '../signatures/attachments.ts'
import type { SignatureBlobReader } from '../signatures/read-layers.ts'
import type { ManifestReader } from '../walk/documents.ts'

/** Small documents that are made for a layout, and are not written before it is known which are needed. */
export interface LayoutStaging {
  /** Reads what is staged, and what the layout has. */
  readonly read: ManifestReader
  /** Reads a blob of the layout whole and verifies it. */
  readonly readBlob: SignatureBlobReader
  add(content: BlobContent): void
  /** A document that an entry of `index.json` will name, unless another one takes its place. */
  addListed(content: BlobContent): void
}
