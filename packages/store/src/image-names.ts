import type { Descriptor, Digest, OperationOptions } from '@crossdock/core'
import type { Labels } from './labels.ts'

/** A name and what it stands for. */
export interface ImageRecord {
  readonly name: string
  readonly target: Descriptor
  readonly labels: Labels
  readonly createdAt: Date
  readonly updatedAt: Date
}

export type NewImageRecord = Pick<ImageRecord, 'name' | 'target'> & Partial<Pick<ImageRecord, 'labels'>>

/** What `update` changes. */
export type ImageFieldPath = 'labels' | `labels.${string}` | 'target' | 'annotations' | `annotations.${string}`

export interface DeleteImageOptions extends OperationOptions {
  /** Deletes only if the name stands for this; else throws `NOT_FOUND`. */
  readonly target?: Digest | undefined
  /** Whether to collect garbage right after. Default: false. */
  readonly collect?: boolean | undefined
}

/**
 * Image names (containerd's image store). Errors: `NOT_FOUND`, `CONFLICT` for a name that exists, `INVALID_DATA` for a record or a filter that
 * is none. Changes are transactions: another process sees all of one or nothing.
 */
export interface ImageNames {
  get(name: string, options?: OperationOptions): Promise<ImageRecord>
  /** Ordered by name; those that match one of the filters, or all. */
  list(filters?: readonly string[], options?: OperationOptions): Promise<readonly ImageRecord[]>
  create(image: NewImageRecord, options?: OperationOptions): Promise<ImageRecord>
  /** Without paths target and labels are replaced. */
  update(image: NewImageRecord, paths?: readonly ImageFieldPath[], options?: OperationOptions): Promise<ImageRecord>
  /** Creates the name, or makes it stand for something else, in one step. Labels that are there stay unless others are given. */
  put(image: NewImageRecord, options?: OperationOptions): Promise<ImageRecord>
  /** Several at once: all of them or none. */
  putAll(images: readonly NewImageRecord[], options?: OperationOptions): Promise<readonly ImageRecord[]>
  delete(name: string, options?: DeleteImageOptions): Promise<void>
  /** Notes that the image is used now, to the accuracy of ten minutes: `prune` takes the least recently used ones first. Creating is a use. */
  markUsed(name: string, options?: OperationOptions): Promise<void>
}
