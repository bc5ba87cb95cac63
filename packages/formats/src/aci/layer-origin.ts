import type { Digest } from '@crossdock/core'
import { formatAciImageId } from './image-id.ts'

/** The image that the files of a layer are of. */
export interface AciLayerOrigin {
  readonly name: string
  /** `sha512-…` */
  readonly imageId: string
}

/** What the history of an OCI image says of such a layer (`created_by`). */
export function formatLayerOrigin({ name, id }: { readonly name: string; readonly id: Digest }): string {
  return `aci ${name} ${formatAciImageId(id)}`
}

/** Undefined for a layer that was made in another way. */
export function parseLayerOrigin(createdBy: string): AciLayerOrigin | undefined {
  const [, name, imageId] = /^aci (\S+) (sha512-[0-9a-f]{128})$/.exec(createdBy) ?? []
  return name === undefined || imageId === undefined ? undefined : { name, imageId }
}
