import type { ImageDestination } from './destination.ts'
import type { DockerReference } from './docker-reference.ts'
import type { OperationOptions } from './operation.ts'
import type { ImageSource } from './source.ts'
import type { ImageTransport } from './transport.ts'

/** What a policy looks a reference up by: `identity` first, then `namespaces` from the most to the least specific. */
export interface PolicyIdentity {
  readonly identity: string
  readonly namespaces: readonly string[]
}

/**
 * One location in a transport. Immutable; it carries its transport, so that whoever holds a reference needs no registry.
 * A capability is a method that exists: a location that can only be read has no `openDestination`.
 */
export interface ImageReference {
  readonly transport: ImageTransport
  /** The text after `TRANSPORT:`; the transport's `parseReference` accepts it and yields an equal reference. */
  toString(): string
  /** What the user meant as a Docker reference, fully explicit; never what a redirect or a mirror made of it. */
  readonly dockerReference?: DockerReference | undefined
  readonly policy?: PolicyIdentity | undefined
  /**
   * The service that has what the text names, where the text does not say it: the address of an engine. Equal texts with other services
   * are other locations.
   */
  readonly service?: string | undefined
  openSource?(options?: OperationOptions): Promise<ImageSource>
  openDestination?(options?: OperationOptions): Promise<ImageDestination>
  delete?(options?: OperationOptions): Promise<void>
  /** The names beside this one: tags of its repository, images of its folder. */
  tags?(options?: OperationOptions): AsyncIterable<string>
  /** For indirect names: the reference that this one stands for now. */
  resolve?(options?: OperationOptions): Promise<ImageReference>
}

/**
 * The name that a user would type, for messages and listings: `docker://alpine:3.20`. It parses back to an equal reference, but for that of a URL with a
 * query: signed URLs keep their secret there, so that it is left out.
 */
export function imageName(reference: ImageReference): string {
  return `${reference.transport.name}:${reference.toString().replace(URL_QUERY, '$1?…')}`
}

const URL_QUERY = /^(\/\/[^?#]*)\?[^#]*/
